# SPDX-License-Identifier: MIT
"""Who holds what: now, at a record date, or at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.padding import Padding

from prorata.cli.command import Command, reading_options
from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.errors import BooksError, InputError
from prorata.files.writer import json_object
from prorata.ledger.audits import audit_register
from prorata.reports.statements import cap_table, cap_table_rows, write_cap_table
from prorata.reports.tables import cap_table_table
from prorata.values.amounts import format_units
from prorata.values.times import iso
from prorata.values.words import counted

SHOWN = 20


@click.command(
    cls=Command,
    examples=(
        "prorata captable",
        "prorata captable --record 1 --csv record-1.csv",
        "prorata captable --at 2027-01-31T12:00:00Z --json",
    ),
)
@click.option("--record", "record_id", type=int, help="At this record date, which has closed.")
@click.option("--at", help="At the end of this second, such as 2027-03-31T23:59:59Z.")
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole table to this file.",
)
@reading_options
def cli(record_id: int | None, at: str | None, csv_path: Path | None, **options: Any) -> None:
    """Show who holds the shares: now, at a record date, or at any time.

    The table is rebuilt from the token's events alone, from its first block, and then compared
    with what the token itself answers: exit code 1 if one account differs.
    """
    if record_id is not None and at is not None:
        raise InputError.of("at", at, "is given besides a record", "choose one of them")
    session = Session.of(options)
    with session.reading() as found:
        token, decimals, known = found.token().address, found.settings.decimals, session.known
        ledger, differences = audit_register(found.chain, token, found.manifest.first_block)
        if differences:
            raise BooksError(str(differences[0]), "check that the node is in step with the chain")
        moment = None if at is None else parse_moment(at, found.chain)
    if record_id is not None:
        balances, time = ledger.balances_at(record_id), ledger.record_time(record_id)
        when = f"at record {record_id}, closed {iso(time)}"
    else:
        time = ledger.until if moment is None else moment
        balances, when = ledger.balances_at_time(time), f"at {iso(time)}"
    table = cap_table(balances, known, decimals)
    unit = found.settings.unit
    rows = cap_table_rows(table, unit.symbol)
    if csv_path is not None:
        write_cap_table(table, csv_path)
    shares = format_units(table.total, decimals, trim=True)
    session.output.say(f"{shares} shares of {unit.symbol}, {counted(len(table), 'holder')}, {when}")
    session.output.console.print(Padding(cap_table_table(table, SHOWN), (1, 0, 1, 2), expand=False))
    if len(rows) > SHOWN:
        rest = sum(holding.shares for holding in list(table)[SHOWN:])
        more = format_units(rest, decimals, trim=True)
        where = "`--csv FILE` writes them all" if csv_path is None else f"in {csv_path}"
        session.output.say(f"and {len(rows) - SHOWN:,} more with {more} shares: {where}")
    session.output.result(
        json_object(
            {
                "token": token,
                "symbol": unit.symbol,
                "record": record_id,
                "at": iso(time),
                "total": unit.amount(table.total),
                "holders": rows,
            }
        )
    )
