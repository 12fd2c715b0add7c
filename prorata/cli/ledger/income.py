# SPDX-License-Identifier: MIT
"""What income was paid, as the ledger has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.asking import asked, at_option, csv_option
from prorata.cli.ledger.flows import of_whom
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.files.writer import Row, json_object, write_csv_rows
from prorata.values.amounts import Amount, Unit
from prorata.values.times import UTC, parse_zone
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.flows import Income

__all__ = ["IncomeOfYearRow", "income_command"]


class IncomeOfYearRow(Row):
    """What a holder was paid in one currency in one year."""

    holder: str
    year: int
    currency: str
    gross: Amount
    tax: Amount
    net: Amount
    payments: int


@click.command(
    "income",
    cls=Command,
    examples=(
        "prorata ledger income 0x…",
        "prorata ledger income --all --at 2027-12-31 --csv income-2027.csv",
    ),
)
@click.argument("address", required=False)
@click.option("--all", "whole", is_flag=True, help="Of all holders.")
@click.option(
    "--zone",
    default="UTC",
    show_default=True,
    help="Whose calendar the years are of, such as America/New_York.",
)
@at_option
@csv_option
@reading_options
def income_command(
    address: str | None,
    whole: bool,
    zone: str,
    at: str | None,
    csv_path: Path | None,
    **options: Any,
) -> None:
    """Show what ADDRESS, or every holder, was paid by years, up to any moment that is read.

    It counts for the holder whose shares have earned it, whoever received it, in the year of its
    payment. What is owed and not claimed yet is not in it: `prorata books` shows that.
    """
    who, calendar = of_whom(address, whole), UTC if zone == "UTC" else parse_zone(zone)
    session = Session.of(options)
    with asked(session, at) as ledger:
        from prorata.store.flows import income

        asset, block = ledger.asset.id, ledger.moment.block
        paid = income(ledger.connection, asset, block, of=who, by_year=True, zone=calendar)
        units = _units(ledger.found, paid)
    rows = [_row(one, units[one.currency]) for one in paid]
    say = session.output.say
    whose = "all holders" if who is None else who
    payments = counted(sum(row.payments for row in rows), "payment")
    say(escape(f"{payments} to {whose}, {ledger.when}"))
    more = "`--csv FILE` writes them all" if csv_path is None else f"in {csv_path}"
    if rows:
        columns = ("holder", "year>", "currency", "gross>", "tax>", "net>")
        session.output.table("", columns, [_cells(row) for row in rows], more=more)
    if csv_path is not None:
        write_csv_rows(csv_path, IncomeOfYearRow, rows, make_folder=False)
        say(escape(f"Every line is in {csv_path}"))
    session.output.result(json_object({**ledger.facts, "holder": who, "income": rows}))


def _units(found: Deployment, paid: list[Income]) -> dict[str, Unit]:
    """How the amounts of each currency are written; one that does not say, in smallest units."""
    return {
        currency: Currency(found.chain, currency).stated_unit() or Unit(currency, 0)
        for currency in {one.currency for one in paid}
    }


def _row(one: Income, unit: Unit) -> IncomeOfYearRow:
    address = None if one.currency == NATIVE else one.currency
    gross, tax, net = (unit.amount(units, address) for units in (one.gross, one.tax, one.net))
    return IncomeOfYearRow(
        holder=one.holder,
        year=one.year or 0,
        currency=unit.symbol,
        gross=gross,
        tax=tax,
        net=net,
        payments=one.payments,
    )


def _cells(row: IncomeOfYearRow) -> tuple[str, ...]:
    amounts = (row.gross.figure, row.tax.figure, row.net.figure)
    return row.holder, str(row.year), row.currency, *amounts
