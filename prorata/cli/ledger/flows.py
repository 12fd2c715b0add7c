# SPDX-License-Identifier: MIT
"""How shares moved, as the ledger has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.asking import asked, at_option, csv_option
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.files.writer import Row, json_object, write_csv_rows
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import Amount, Unit
from prorata.values.times import iso
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.flows import Movement

__all__ = ["FlowRow", "flows_command"]


class FlowRow(Row):
    """Shares that went from one holder to another, or were issued or burnt."""

    time: str
    block: int
    log: int
    kind: str
    sender: str
    receiver: str
    shares: Amount
    transaction: str


@click.command(
    "flows",
    cls=Command,
    examples=(
        "prorata ledger flows 0x…",
        "prorata ledger flows --all --at record:1 --csv transfers.csv",
    ),
)
@click.argument("address", required=False)
@click.option("--all", "whole", is_flag=True, help="Of all holders.")
@at_option
@csv_option
@reading_options
def flows_command(
    address: str | None, whole: bool, at: str | None, csv_path: Path | None, **options: Any
) -> None:
    """Show how shares of ADDRESS, or of all holders, moved up to any moment that is read.

    A transfer of no shares, or to oneself, moves nothing and is not shown.
    """
    who = of_whom(address, whole)
    session = Session.of(options)
    with asked(session, at) as ledger:
        from prorata.store.flows import transfers

        moved = transfers(ledger.connection, ledger.asset.id, ledger.moment.block, of=who)
        rows = [_row(one, ledger.unit) for one in moved]
    say = session.output.say
    whose = "all holders" if who is None else who
    say(escape(f"{counted(len(rows), 'transfer')} of {whose}, {ledger.when}"))
    cells = [
        (row.time, row.kind, row.shares.figure, row.sender, row.receiver) for row in reversed(rows)
    ]
    more = "`--csv FILE` writes them all" if csv_path is None else f"in {csv_path}"
    if cells:
        columns = ("time", "kind", "shares>", "sender", "receiver")
        session.output.table("The newest first", columns, cells, more=more)
    if csv_path is not None:
        write_csv_rows(csv_path, FlowRow, rows, make_folder=False)
        say(escape(f"Every transfer is in {csv_path}"))
    session.output.result(json_object({**ledger.facts, "holder": who, "transfers": rows}))


def of_whom(address: str | None, whole: bool) -> str | None:
    """The holder that is asked about; None for all.

    Raises: InputError when neither or both are given, or that is no address.
    """
    if (address is None) != whole:
        rule = "is given with --all" if whole else "is missing"
        remedy = "keep one of them" if whole else "name a holder, or give --all"
        raise InputError.of("address", address or "", rule, remedy)
    return None if address is None else check_address("address", address)


def _row(one: Movement, unit: Unit) -> FlowRow:
    kind = "transfer"
    if ZERO_ADDRESS in (one.giver, one.receiver):
        kind = "issue" if one.giver == ZERO_ADDRESS else "burn"
    return FlowRow(
        time=iso(one.time),
        block=one.block,
        log=one.log_index,
        kind=kind,
        sender=one.giver,
        receiver=one.receiver,
        shares=unit.amount(one.amount),
        transaction=one.transaction,
    )
