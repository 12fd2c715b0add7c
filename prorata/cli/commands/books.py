# SPDX-License-Identifier: MIT
"""Rebuild the books from events, and compare them with the contracts to the last unit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Group
from rich.padding import Padding
from rich.table import Table

from prorata.cli.command import Command, reading_options
from prorata.cli.output import Output
from prorata.cli.session import Session
from prorata.cli.year_rules import year_options, year_rules_of
from prorata.errors import BooksError
from prorata.ledger.audits import Audit, audit_deployment, range_contracts
from prorata.ledger.trading import held_words
from prorata.reports.export import Portrait, as_json, write_files
from prorata.reports.statements import cap_table
from prorata.reports.tables import (
    corrections_table,
    distributions_table,
    escrow_table,
    held_table,
    positions_table,
    verdict,
    years_table,
)
from prorata.reports.trades import held_rows, movement_words
from prorata.values.times import iso


@click.command(
    cls=Command,
    examples=(
        "prorata books",
        "prorata books --out out/books --names examples/building/holders.csv",
    ),
)
@year_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write cap tables, a statement for every holder, the register of distributions, the "
    "books as JSON and a picture to this folder.",
)
@reading_options
def cli(out: Path | None, **options: Any) -> None:
    """Prove where every unit of income is.

    Share register and distributions are rebuilt from events alone, every holder's income is
    worked out by the law, and both are compared with what the contracts answer and with the money
    that the vault really holds. The first difference is named, and the exit code is then 1.

    How shares moved is told too: trades, deliveries from holds, what calls allotted and what
    exchanges took apart from other transfers. What the token holds of anybody is what open holds
    and keepers say, and the money in calls and exchanges is what their orders gave and got.

    Income is shown by years, too, by the rule of each holder's country, and so is tax that was
    repaid: it counts in the year in which it was booked.
    """
    session = Session.of(options)
    with session.reading() as found:
        token, decimals, known = found.token().address, found.settings.decimals, session.known
        proven = audit_deployment(found)
        record_ranges = range_contracts(found)
        rules = year_rules_of(options, found, proven.books.ledgers[token], session.output)
    books, block = proven.books, proven.answers.block
    spoken = session.output
    spoken.say(f"The books of {found.settings.symbol} at block {block.number}, {iso(books.until)}")
    paying = [token, *record_ranges]
    tables: list[Group | Table] = [
        distributions_table(books, paying),
        positions_table(books, paying),
    ]
    market = (held_table(proven, token), escrow_table(proven, token))
    tables += [table for table in market if table is not None]
    if books.distributions:
        tables.append(years_table(books, token, rules))
    if books.corrections:
        tables.append(corrections_table(books))
    for table in tables:
        spoken.console.print(Padding(table, (1, 0, 0, 2), expand=False))
    _show_moved(spoken, proven, token)
    for open_question in _open_questions(proven, token):
        spoken.notice(open_question)
    if out is not None:
        ledger, portrait = books.ledgers[token], None
        if ledger.record_count and ledger.is_closed(1) and ledger.total_supply:
            portrait = Portrait(
                name="ownership",
                title=found.settings.name,
                subtitle=f"{found.settings.symbol} on chain {found.chain.chain_id}, to "
                f"{iso(books.until)}",
                before=cap_table(ledger.balances_at(1), known, decimals),
                labels=("at record 1", "now"),
            )
        write_files(proven, token, out, known, portrait, rules=rules)
        spoken.say(f"\nStatements and tables are in {out}/")
    if spoken.as_json:
        spoken.result(as_json(proven, known, token=token, rules=rules))
    if not proven.balanced:
        raise BooksError(verdict(proven), "see --json for every difference")
    spoken.say(f"\n[bold green]{verdict(proven)}[/]")


def _show_moved(output: Output, proven: Audit, token: str) -> None:
    """How shares moved, and whose are held for somebody else."""
    books, movements = proven.books, proven.books.movements[token]
    if movements.listed:
        output.say(f"\n  {movement_words(books, token)}")
    if rows := list(held_rows(books, token)):
        columns = ("holder", "held>", "in open holds>", "kept>", "taken by order>")
        output.table("Held shares", columns, rows)


def _open_questions(proven: Audit, token: str) -> Iterator[str]:
    """What a reader should know beside the figures."""
    figures = proven.books.movements[token].holds.figures()
    if words := held_words(figures, proven.books.unit(token)):
        yield words
    yield from proven.answers.unanswered
    yield from proven.books.unproven
