# SPDX-License-Identifier: MIT
"""Who held what, as the ledger has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.asking import asked, at_option, csv_option
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.files.writer import json_object
from prorata.reports.statements import cap_table, cap_table_rows, write_cap_table
from prorata.values.addresses import check_address, checksummed
from prorata.values.words import counted

__all__ = ["holders_command"]


@click.command(
    "holders",
    cls=Command,
    examples=(
        "prorata ledger holders --at record:1 --csv record-1.csv",
        "prorata ledger holders 0x… --at block:120",
    ),
)
@click.argument("address", required=False)
@at_option
@csv_option
@reading_options
def holders_command(
    address: str | None, at: str | None, csv_path: Path | None, **options: Any
) -> None:
    """Show who held how many shares, or how many ADDRESS had, at any moment that is read.

    Nothing is read from the node but that it still has the block. `prorata captable` shows the
    same, and for the present compares it with the token.
    """
    session, who = Session.of(options), None
    if address is not None:
        who = check_address("address", address)
    with asked(session, at) as ledger:
        from prorata.store.asof import balances, holder

        asset, block = ledger.asset.id, ledger.moment.block
        if who is None:
            held = balances(ledger.connection, asset, block)
        else:
            held = {bytes.fromhex(who[2:]): holder(ledger.connection, asset, block, who)}
    shares = {str(checksummed(owner)): amount for owner, amount in held.items()}
    table = cap_table(shares, session.known, ledger.unit.decimals)
    rows, total = cap_table_rows(table, ledger.unit.symbol), ledger.unit.amount(table.total)
    say = session.output.say
    say(escape(f"{total.text} shares of {total.currency}, {counted(len(table), 'holder')}, "
               f"{ledger.when}"))  # fmt: skip
    cells = [(row.address, row.name, row.shares.figure, row.percent) for row in rows]
    more = "`--csv FILE` writes them all" if csv_path is None else f"in {csv_path}"
    if cells:
        session.output.table("", ("holder", "name", "shares>", "of all>"), cells, more=more)
    if csv_path is not None:
        write_cap_table(table, csv_path)
        say(escape(f"The whole table is in {csv_path}"))
    session.output.result(json_object({**ledger.facts, "total": total, "holders": rows}))
