# SPDX-License-Identifier: MIT
"""Keep what a share was worth: NAV, prices and appraisals, with source and document."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.analysis.fields import parse_line
from prorata.analysis.sheets import read_marks_of
from prorata.cli.command import Command, reading_options
from prorata.cli.office import chain_of, office_place_of, open_office_of
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.deployments.manifest import Manifest
from prorata.files.csv_reader import Sheet
from prorata.files.writer import json_object
from prorata.values.amounts import Unit, parse_units
from prorata.values.times import moment, parse_time
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.marks import Mark

KINDS = {"nav": "NAV", "price": "price", "appraisal": "appraisal"}
MOST_DECIMALS = 36


@click.group()
def cli() -> None:
    """Keep what a share was worth, with its source: NAV, prices, appraisals.

    Marks stand in office.db beside the ledger, or in the schema `office` of PostgreSQL. None is
    ever edited: one that was wrong is superseded by another one, and what was known at a time can
    be read later. Yields, returns and premiums rest on them: `prorata analyse`.
    """


@cli.command(
    "add",
    cls=Command,
    examples=(
        "prorata marks add --kind nav --amount 102.50 --currency USD --at 2027-03-31 --basis ex "  # noqa: ISC004
        '--source "Fund administrator"',
    ),
)
@click.option("--kind", type=click.Choice(tuple(KINDS)), required=True, help="What it is.")
@click.option("--amount", required=True, help="What one whole share was worth, such as 12.34.")
@click.option("--currency", required=True, help="In what, such as USD, or a token's address.")
@click.option(
    "--decimals",
    type=click.IntRange(0, MOST_DECIMALS),
    default=2,
    show_default=True,
    help="Decimals of the currency.",
)
@click.option("--at", required=True, metavar="TIME", help="When; a day alone is its last second.")
@click.option(
    "--basis",
    type=click.Choice(("cum", "ex")),
    required=True,
    help="With the income of the last record date (cum), or without it (ex).",
)
@click.option("--source", required=True, help="Who says so.")
@click.option(
    "--document",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The paper that shows it; its SHA-256 is kept.",
)
@click.option("--supersedes", metavar="ID", help="The mark that was wrong, whose place it takes.")
@reading_options
def add_command(**options: Any) -> None:
    """Write down what a share was worth at a time.

    A second mark of the same kind, basis and time is refused, unless it supersedes the first one.
    """
    from prorata.store.marks import Mark, add_mark

    session = Session.of(options)
    folder = session.folder_there()
    document = options["document"]
    mark = Mark(
        chain_id=chain_of(folder),
        token=_token(folder),
        time=parse_time("at", options["at"]),
        kind=KINDS[options["kind"]],
        amount=parse_units(options["amount"], options["decimals"]),
        currency=parse_line(options["currency"], "currency"),
        decimals=options["decimals"],
        basis=options["basis"],
        source=parse_line(options["source"], "source"),
        document=None if document is None else _digest(document, "PDF or other"),
        supersedes=options["supersedes"],
    )
    with open_office_of(folder, session.database, create=True) as office:
        written, name = add_mark(office, mark), office.name
    took = "" if written.supersedes is None else f", in the place of {written.supersedes}"
    value = f"{_unit(written).text(written.amount)}"
    session.output.say(
        escape(f"{written.kind} of {value}, {written.basis}, at {moment(written.time)}{took}")
    )
    session.output.say(escape(f"It is mark {written.id} in {name}"))
    session.output.result(json_object({"office": name, "mark": _facts(written)}))


@cli.command(
    "import",
    cls=Command,
    examples=("prorata marks import marks.csv --dry-run", "prorata marks import marks.csv"),
)
@click.argument("table", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@reading_options
def import_command(table: Path, dry_run: bool, **options: Any) -> None:
    """Write down the marks of a file, all or none.

    Its columns are time, kind (NAV, price, appraisal), value, currency, basis (cum, ex) and source;
    it may have document, a SHA-256, and supersedes, the mark whose place a line takes. The value's
    decimals are as many as are written. Every fault is named with its line, and then nothing is
    written.
    """
    from prorata.store.marks import add_marks

    session = Session.of(options)
    folder = session.folder_there()
    lines, given = _read(folder, table)
    if dry_run:
        _check(folder, session.database, given, lines, str(table))
        _show(session, f"{counted(len(given), 'mark')} in {table}", given)
        session.output.say("  nothing was written")
        session.output.result(
            json_object({"dry_run": True, "marks": [_facts(one) for one in given]})
        )
        return
    digest = _digest(table, "CSV")
    with open_office_of(folder, session.database, create=True) as office:
        written = add_marks(office, given, lines=lines, subject=str(table), document=digest)
        name = office.name
    _show(session, f"{counted(len(written), 'mark')} of {table}, now in {name}", written)
    session.output.result(json_object({"office": name, "marks": [_facts(one) for one in written]}))


@cli.command(
    "list",
    cls=Command,
    examples=("prorata marks list", "prorata marks list --at 2027-03-31 --superseded"),
)
@click.option("--at", metavar="TIME", help="As they were known then.  [default: as of now]")
@click.option("--kind", type=click.Choice(tuple(KINDS)), help="Of this kind only.")
@click.option("--superseded", is_flag=True, help="Those too whose place another one has taken.")
@reading_options
def list_command(at: str | None, kind: str | None, superseded: bool, **options: Any) -> None:
    """Show the marks by time, with source and document."""
    from prorata.store.marks import marks

    session = Session.of(options)
    known_at = None if at is None else parse_time("at", at)
    folder = session.folder_there()
    with open_office_of(folder, session.database) as office:
        found = marks(
            office,
            chain_of(folder),
            _token(folder),
            kind=None if kind is None else KINDS[kind],
            superseded=superseded,
            known_at=known_at,
        )
        name = office.name
    then = "" if known_at is None else f", as they were known at {moment(known_at)}"
    _show(session, f"{counted(len(found), 'mark')} in {name}{then}", found)
    facts = {"office": name, "known_at": None if known_at is None else moment(known_at)}
    session.output.result(json_object({**facts, "marks": [_facts(one) for one in found]}))


def _read(folder: Path, table: Path) -> tuple[list[int], list[Mark]]:
    """The marks of a file, and their lines.

    Raises: InputError with every fault in the file.
    """
    from prorata.store.marks import Mark

    chain_id, token = chain_of(folder), _token(folder)
    lines, given = [], []
    for line, one in read_marks_of(table, token):
        lines.append(line)
        given.append(
            Mark(
                chain_id,
                token,
                one.time,
                one.kind.value,
                one.amount,
                one.currency,
                one.decimals,
                one.basis.value,
                one.source,
                None if one.document is None else f"0x{one.document}",
                one.supersedes,
            )
        )
    return lines, given


def _check(
    folder: Path, named: str | None, given: Sequence[Mark], lines: Sequence[int], subject: str
) -> None:
    """Whether they could be written, in an office that need not be there yet."""
    from prorata.store.marks import check_marks, marks
    from prorata.store.office import has_office

    before: list[Mark] = []
    if has_office(office_place_of(folder, named)):
        with open_office_of(folder, named) as office:
            before = marks(office, chain_of(folder), _token(folder), superseded=True)
    check_marks(given, before, lines=lines, subject=subject)


def _token(folder: Path) -> str:
    """The share token of a deployment."""
    return Manifest.read(folder / "manifest.json").contracts["ShareToken"].address


def _digest(path: Path, kind: str) -> str:
    return f"0x{hashlib.sha256(Sheet.read(path, kind)).hexdigest()}"


def _unit(mark: Mark) -> Unit:
    return Unit(mark.currency, mark.decimals)


def _show(session: Session, title: str, found: Sequence[Mark]) -> None:
    columns = ("time", "kind", "amount>", "currency", "basis", "source", "document", "id")
    session.output.table(title, columns, [_cells(one) for one in found], most=None)


def _cells(one: Mark) -> tuple[str, ...]:
    document = "" if one.document is None else one.document[2:18]
    amount = _unit(one).amount(one.amount).figure
    return (
        moment(one.time),
        one.kind,
        amount,
        one.currency,
        one.basis,
        one.source,
        document,
        one.id,
    )


def _facts(one: Mark) -> dict[str, Any]:
    return {
        "id": one.id or None,
        "time": moment(one.time),
        "kind": one.kind,
        "amount": _unit(one).amount(one.amount),
        "basis": one.basis,
        "source": one.source,
        "document": one.document,
        "supersedes": one.supersedes,
        "written": moment(one.created_at) if one.created_at else None,
    }
