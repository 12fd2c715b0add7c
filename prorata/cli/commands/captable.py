# SPDX-License-Identifier: MIT
"""Who holds what: now, at a record date, or at any time; for people, files, and against a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.padding import Padding

from prorata.chain.readings import read_steadily
from prorata.cli.command import Command, reading_options
from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.cli.table_options import table_options, table_reading
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, IncompleteError, InputError
from prorata.files.writer import json_object, write_csv_rows
from prorata.ledger.audits import audit_register
from prorata.register.captable import CapTable
from prorata.register.differences import Difference, DifferenceRow, compare_tables, write_plan
from prorata.register.shares import Ledger
from prorata.register.tables import read_table
from prorata.reports.statements import cap_table, cap_table_rows, write_cap_table
from prorata.reports.tables import cap_table_table
from prorata.values.amounts import Amount, Unit, format_units
from prorata.values.as_of import AS_OF, Occasion, parse_numbered
from prorata.values.times import iso
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.database import Database

F = TypeVar("F", bound=Callable[..., Any])

SHOWN = 20
DIFFERS = 3
"""The exit code when the chain and the file differ."""


def _file(option: str, name: str, help_text: str) -> Callable[[F], F]:
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(option, name, type=kind, metavar="FILE", help=help_text)


@click.command(
    cls=Command,
    examples=(
        "prorata captable",
        "prorata captable --record 1 --csv record-1.csv",
        "prorata captable --at 2027-01-31T12:00:00Z --json",
        "prorata captable --at block:120",
        "prorata captable --xlsx today.xlsx",
        "prorata captable --ocf today.zip --issuer examples/building/issuer.yaml",
        "prorata captable --against holders.xlsx --plan plan",
    ),
)
@click.option("--record", "record_id", type=int, help="At this record date, which has closed.")
@click.option("--at", metavar="WHEN", help=f"As of {AS_OF}, at the end of that second.")
@_file("--csv", "csv_path", "Write the whole table, or with --against the difference, as CSV.")
@_file("--xlsx", "xlsx_path", "Write the whole table as an Excel workbook, with live totals.")
@click.option(
    "--ocf",
    "ocf_path",
    type=click.Path(path_type=Path),
    metavar="FOLDER|ZIP",
    help="Write the whole table as a package of the Open Cap Format 1.2.0.",
)
@_file("--issuer", "issuer_path", "Who the issuer is, for --ocf.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with a cap table: CSV, an Excel workbook, or a package of the Open Cap Format.",
)
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write what would make the chain say what the file of --against says.",
)
@table_options
@reading_options
def cli(record_id: int | None, at: str | None, **options: Any) -> None:
    """Show who holds the shares: now, at a record date, or at any time.

    The table is rebuilt from the token's events alone, from its first block, and then compared
    with what the token itself answers: exit code 1 if one account differs. Of the past a ledger
    beside the deployment, or in --database, is asked first, and it is said which has answered.

    With --against, it is compared with a file, and exit code 3 says that they differ. The options
    from --as to --class say how to read that file. The plan has what is to be issued as a file that
    `prorata issue` takes; shares that must move are for their holders, or for an order.
    """
    _check_options(record_id, at, options)
    session, against = Session.of(options), options["against"]
    with session.reading() as found:
        view = _view(session, found, _occasion(found, record_id, at))
        written = _write_files(view, options)
        file = None if against is None else _read(session, found, against, options)
    if file is None:
        _show(session, view, written)
        return
    comparison = _Comparison(view, against, compare_tables(view.table, file))
    _show_difference(session, comparison, options["csv_path"], options["plan_path"])
    if comparison.difference:
        click.get_current_context().exit(DIFFERS)


def _check_options(record_id: int | None, at: str | None, options: Mapping[str, Any]) -> None:
    if record_id is not None and at is not None:
        raise InputError.of("at", at, "is given besides a record", "choose one of them")
    plan, ocf, issuer = options["plan_path"], options["ocf_path"], options["issuer_path"]
    if plan is not None and options["against"] is None:
        raise InputError.of("plan", plan, "is of a difference", "give --against FILE, too")
    if plan is not None and (record_id is not None or at is not None):
        rule = "would start from shares of another day"
        raise InputError.of("plan", plan, rule, "leave out --record and --at")
    if (ocf is None) != (issuer is None):
        given, other = ("ocf", "issuer") if issuer is None else ("issuer", "ocf")
        rule = f"is given without --{other}"
        raise InputError.of(given, ocf or issuer, rule, f"give --{other}, too")


def _occasion(found: Deployment, record_id: int | None, at: str | None) -> Occasion | None:
    """As of when; None for the present."""
    if record_id is not None:
        return Occasion("record", record_id)
    if at is None:
        return None
    return parse_numbered(at) or Occasion("time", parse_moment(at, found.chain))


@dataclass(frozen=True)
class _View:
    """The cap table of an asset at one moment, and what is known of the asset.

    `source` is the ledger's name, or nothing where it was made of the chain's events.
    """

    table: CapTable
    found: Deployment
    occasion: Occasion | None
    time: int
    source: str = ""

    @property
    def unit(self) -> Unit:
        return self.found.settings.unit

    @property
    def when(self) -> str:
        if self.occasion is None:
            return f"at {iso(self.time)}"
        where = f"the ledger {self.source}" if self.source else "the chain's events"
        told = {
            "record": f"at {self.occasion}, closed {iso(self.time)}",
            "block": f"after {self.occasion}, of {iso(self.time)}",
            "time": f"at {iso(self.time)}",
        }
        return f"{told[self.occasion.kind]}, from {where}"

    def numbered(self, kind: str) -> int | None:
        """The number of the record, or block, as of which it is."""
        if self.occasion is None or self.occasion.kind != kind:
            return None
        return self.occasion.number

    @property
    def facts(self) -> dict[str, Any]:
        """What every document of it begins with."""
        return {
            "token": self.found.token().address,
            "symbol": self.unit.symbol,
            "record": self.numbered("record"),
            "block": self.numbered("block"),
            "at": iso(self.time),
            "source": self.source or "chain",
        }


def _view(session: Session, found: Deployment, occasion: Occasion | None) -> _View:
    view = None
    if occasion is not None and session.ledger is not None:
        view = _from_ledger(session, session.ledger, found, occasion)
    return view or _from_chain(session, found, occasion)


def _from_ledger(
    session: Session, database: Database, found: Deployment, occasion: Occasion
) -> _View | None:
    """What the ledger has; None where it has not got that far, or refuses what the chain may not.

    Raises: StoreError when the database fails.
    """
    from prorata.store.register import register_at  # noqa: PLC0415

    try:
        balances, time = register_at(database, found, occasion)
    except IncompleteError as error:
        session.output.notice(f"the chain is asked, for {error}")
        return None
    except InputError:
        # Of what is no moment to the ledger the chain may know more.
        return None
    table = cap_table(balances, session.known, found.settings.decimals)
    return _View(table, found, occasion, time, database.name)


def _from_chain(session: Session, found: Deployment, occasion: Occasion | None) -> _View:
    token, decimals = found.token().address, found.settings.decimals
    first = found.manifest.first_block
    ledger, differences = audit_register(found.chain, token, first)
    if differences:
        raise BooksError(str(differences[0]), "check that the node is in step with the chain")
    if occasion is None:
        balances, time = ledger.balances, ledger.until
    elif occasion.kind == "record":
        balances, time = ledger.balances_at(occasion.number), ledger.record_time(occasion.number)
    elif occasion.kind == "time":
        balances, time = ledger.balances_at_time(occasion.number), occasion.number
    else:
        # Blocks of one second are told apart by reading no further.
        ledger = read_steadily(
            found.chain,
            lambda block: Ledger.read(found.chain, token, first, block.number),
            occasion.number,
        )
        balances, time = ledger.balances, ledger.until
    return _View(cap_table(balances, session.known, decimals), found, occasion, time)


def _read(session: Session, found: Deployment, path: Path, options: dict[str, Any]) -> CapTable:
    table = read_table(path, decimals=found.settings.decimals, **table_reading(options))
    for notice in table.notices:
        session.output.notice(notice)
    return table


# ------------------------------------------------------------------------------------------- files


def _write_files(view: _View, options: Mapping[str, Any]) -> list[Path]:
    """Write the table into every file that is asked for, and say which."""
    settings, csv_path = view.found.settings, options["csv_path"]
    written = []
    if csv_path is not None and options["against"] is None:
        write_cap_table(view.table, csv_path)
        written.append(csv_path)
    if options["xlsx_path"] is not None:
        # Loaded here only: it takes a fifth of a second.
        from prorata.register.workbooks import write_table  # noqa: PLC0415

        facts = {"asset": settings.name, "symbol": settings.symbol}
        facts |= {"token": view.found.token().address, "shares held": view.when}
        write_table(view.table, options["xlsx_path"], facts)
        written.append(options["xlsx_path"])
    if options["ocf_path"] is not None:
        _write_package(view, options["ocf_path"], options["issuer_path"])
        written.append(options["ocf_path"])
    return written


def _write_package(view: _View, path: Path, issuer_path: Path) -> None:
    from prorata.register.ocf.writer import Facts, write_package  # noqa: PLC0415
    from prorata.reports.recipients import Issuer  # noqa: PLC0415

    issuer, settings = Issuer.load(issuer_path), view.found.settings
    for field, example in (("country", "NL"), ("formed", "2019-05-01")):
        if not getattr(issuer, field):
            rule = f"does not say {field}, which the Open Cap Format wants"
            raise InputError.of("issuer", issuer_path, rule, f"add {field}: {example}")
    facts = Facts(
        issuer=issuer.name,
        country=issuer.country,
        formed=issuer.formed,
        name=settings.name,
        symbol=settings.symbol,
        authorised=settings.authorised // 10**settings.decimals,
        chain_id=view.found.chain.chain_id,
        token=view.found.token().address,
        time=view.time,
    )
    write_package(path, view.table, facts)


# ------------------------------------------------------------------------------------------ screens


def _show(session: Session, view: _View, written: Sequence[Path]) -> None:
    table, unit = view.table, view.unit
    rows = cap_table_rows(table, unit.symbol)
    shares = format_units(table.total, table.decimals, trim=True)
    holders = counted(len(table), "holder")
    session.output.say(f"{shares} shares of {unit.symbol}, {holders}, {view.when}")
    session.output.console.print(Padding(cap_table_table(table, SHOWN), (1, 0, 1, 2), expand=False))
    if len(rows) > SHOWN:
        rest = sum(holding.shares for holding in list(table)[SHOWN:])
        more = format_units(rest, table.decimals, trim=True)
        where = "" if written else ": `--csv FILE` writes them all"
        session.output.say(f"and {len(rows) - SHOWN:,} more with {more} shares{where}")
    for path in written:
        session.output.say(f"The whole table is in {path}")
    facts = {**view.facts, "total": unit.amount(table.total), "holders": rows}
    session.output.result(json_object(facts))


@dataclass(frozen=True)
class _Comparison:
    """A view, and how the file differs from it."""

    view: _View
    file: Path
    difference: Difference

    @property
    def rows(self) -> list[DifferenceRow]:
        return self.difference.rows(self.view.unit.symbol)

    @property
    def facts(self) -> dict[str, Any]:
        unit, difference = self.view.unit, self.difference
        return {
            **self.view.facts,
            "file": str(self.file),
            "on_chain": unit.amount(difference.on_chain),
            "in_file": unit.amount(difference.in_file),
            "unchanged": difference.unchanged,
            "differences": self.rows,
            "moves": [
                {"sender": m.sender, "receiver": m.receiver, "shares": unit.amount(m.shares)}
                for m in difference.moves
            ],
        }

    def shares(self, units: int) -> str:
        """For people."""
        return format_units(units, self.view.unit.decimals, trim=True)


def _show_difference(
    session: Session, comparison: _Comparison, csv_path: Path | None, plan_path: Path | None
) -> None:
    if csv_path is not None:
        write_csv_rows(csv_path, DifferenceRow, comparison.rows, make_folder=False)
    facts, written = comparison.facts, []
    if plan_path is not None:
        written = write_plan(plan_path, comparison.difference, facts)
    _tell(session, comparison, csv_path)
    if written:
        session.output.say(f"The plan is in {plan_path}: {', '.join(written)}")
    session.output.result(json_object({**facts, "plan": written}))


def _tell(session: Session, comparison: _Comparison, csv_path: Path | None) -> None:
    view, difference, shares = comparison.view, comparison.difference, comparison.shares
    session.output.say(
        f"{shares(difference.on_chain)} shares of {view.unit.symbol} on the chain {view.when}, "
        f"{shares(difference.in_file)} in {comparison.file}"
    )
    if not difference:
        session.output.say(f"They agree: {counted(difference.unchanged, 'holder')}")
        return
    session.output.table(
        "Difference",
        ("holder", "on chain>", "in file>", "would"),
        [(r.address, r.on_chain.figure, r.in_file.figure, _would(r)) for r in comparison.rows],
        more="`--csv FILE` writes them all" if csv_path is None else f"in {csv_path}",
    )
    moved = sum(move.shares for move in difference.moves)
    issued, burned = sum(difference.issued.values()), sum(difference.burned.values())
    session.output.say(
        f"{counted(len(difference.changes), 'holder')} to change, {difference.unchanged:,} not: "
        f"{shares(issued)} shares to issue, {shares(moved)} to transfer, {shares(burned)} to burn"
    )


def _would(row: DifferenceRow) -> str:
    """What would be done for a holder."""
    parts: dict[str, Amount] = {
        "be issued": row.issue,
        "receive": row.receive,
        "give": row.give,
        "lose": row.burn,
    }
    return ", ".join(
        f"{verb} {format_units(a.units, a.decimals, trim=True)}"
        for verb, a in parts.items()
        if a.units
    )
