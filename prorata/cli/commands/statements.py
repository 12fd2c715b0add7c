# SPDX-License-Identifier: MIT
"""Write what every holder was paid in a year, in the words of tax forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.errors import BooksError
from prorata.ledger.audits import audit_deployment
from prorata.reports.annual import write_yearly, year_totals
from prorata.reports.tables import verdict
from prorata.values.words import counted

DEFAULT_OUT = "out/statements"


@click.command(
    cls=Command,
    examples=(
        "prorata statements --year 2027",
        "prorata statements --year 2027 --names examples/building/holders.csv --out out/2027",
    ),
)
@click.option("--year", type=int, required=True, help="A year, in UTC, by the date of payment.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"The folder to write to.  [default: {DEFAULT_OUT}/<symbol>-<year>]",
)
@reading_options
def cli(year: int, out: Path | None, **options: Any) -> None:
    """Write a statement of the year for every holder, and a summary of all.

    Each is a CSV file, a JSON file and a page to be printed, with the boxes of US forms 1099 and
    1042-S and the words of ISO 20022: a help for whoever prepares the forms, not tax advice. The
    books are rebuilt and compared with the chain first; of books that do not balance nothing is
    written, and the exit code is 1.
    """
    session = Session.of(options)
    with session.reading() as found:
        token, symbol, known = found.token().address, found.settings.symbol, session.known
        proven = audit_deployment(found)
    books, spoken = proven.books, session.output
    if not proven.balanced:
        raise BooksError(verdict(proven), "find out why with `prorata books`")
    for unproven in books.unproven:
        spoken.notice(unproven)
    folder = out or Path(DEFAULT_OUT) / f"{symbol}-{year}"
    statements = write_yearly(books, token, year, folder, known)
    facts = year_totals(books, token, year, statements)
    if not facts.year_has_ended:
        spoken.notice(f"the year {year} has not ended; the chain is at {facts.as_of}")
    rows = [
        [text for column, text in total.cells.items() if column != "currency_address"]
        for total in facts.totals
    ]
    if rows:
        title = f"{symbol} in {year}: {counted(len(statements), 'statement')}"
        spoken.table(title, ("currency", "payments>", "gross>", "tax withheld>", "net>"), rows)
        spoken.say(f"They are in {folder}/, and add up to what the books say was paid")
    else:
        spoken.say(f"Nobody was paid in {year}")
    spoken.result({"folder": str(folder), **facts.model_dump(mode="json")})
