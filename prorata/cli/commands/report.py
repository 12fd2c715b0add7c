# SPDX-License-Identifier: MIT
"""Write reports of an asset: its overview, its distributions, its register, what is unclaimed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.analysis.portfolio_files import EXAMPLE as PORTFOLIO
from prorata.analysis.portfolio_files import read_portfolio
from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.analytics import own_contracts
from prorata.cli.output import Output
from prorata.cli.session import Session
from prorata.cli.tables import sheet_option
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.files.workbook_writer import write_workbook
from prorata.files.writer import prepare_folder
from prorata.ledger.audits import Audit, audit_deployment, audit_register
from prorata.ledger.unclaimed import read_unclaimed
from prorata.register.documents import read_documents
from prorata.register.investors import countries_of
from prorata.reports.overview import overview_of, write_overview
from prorata.reports.payments_file import read_payments, unmatched
from prorata.reports.portfolios import write_portfolio
from prorata.reports.reconciliation import reconciliation_pages
from prorata.reports.registers import register_rows, write_ageing, write_register
from prorata.reports.tables import verdict
from prorata.reports.workbooks import distribution_pages
from prorata.values.amounts import Unit
from prorata.values.times import iso, moment
from prorata.values.words import counted

__all__ = ["cli"]

F = TypeVar("F", bound=Callable[..., Any])


def _out(kinds: str, usual: str) -> Callable[[F], F]:
    kind = click.Path(dir_okay=False, path_type=Path)
    told = f"The file to write, {kinds}.  [default: out/reports/{usual}]"
    return click.option("--out", type=kind, help=told)


@click.group()
def cli() -> None:
    """Write reports: overview, distribution, reconciliation, register, ageing, portfolio.

    Each is one file, and the same chain or the same files give the same bytes. Nothing is sent.
    """


# ---------------------------------------------------------------------------------------- overview


@cli.command(
    "overview",
    cls=Command,
    examples=("prorata report overview", "prorata report overview --out harbor.html"),
)
@_out("a page", "<symbol>-overview.html")
@reading_options
def overview_command(out: Path | None, **options: Any) -> None:
    """Write the overview of an asset: one page, to be read, printed and published.

    Shares and holders, income by distribution, what is unclaimed by age, record dates, documents,
    and the block that all of it is of. It loads nothing, runs no script and names nobody. Of books
    that do not balance nothing is written, and the exit code is 1.
    """
    _check_name(out, (".html",))
    session = Session.of(options)
    with session.reading() as found:
        proven = _proven(found)
        documents = read_documents(found.token(proven.answers.block.number))
        settings = found.settings
        overview = overview_of(
            proven,
            found.token().address,
            name=settings.name,
            authorised=settings.authorised,
            documents=documents,
            pools=own_contracts(found),
        )
    path = _place(out, f"{settings.symbol}-overview.html")
    write_overview(overview, path)
    _told(session, path, proven, kilobytes=path.stat().st_size / 1024)


# ----------------------------------------------------------------------------------- distributions


@cli.command(
    "distribution",
    cls=Command,
    examples=("prorata report distribution --id 1", "prorata report distribution --id 1 --json"),
)
@click.option("--id", "number", type=int, required=True, help="The distribution.")
@_out("a workbook", "<symbol>-distribution-<id>.xlsx")
@reading_options
def distribution_command(number: int, out: Path | None, **options: Any) -> None:
    """Write a distribution as an Excel workbook: summary, holders, exceptions.

    Sums are live formulas with their values beside them, and differences are formulas that come to
    0. Amounts are numbers as long as a spreadsheet keeps all their digits, else text.
    """
    _check_name(out, (".xlsx",))
    session = Session.of(options)
    with session.reading() as found:
        proven, symbol, known = _proven(found), found.settings.symbol, session.known
        pages = distribution_pages(proven, found.token().address, number, known)
    path = _place(out, f"{symbol}-distribution-{number}.xlsx")
    write_workbook(path, pages)
    _told(session, path, proven, distribution=number)


@cli.command(
    "reconciliation",
    cls=Command,
    examples=(
        "prorata report reconciliation",
        "prorata report reconciliation --payments payments.csv",
    ),
)
@click.option(
    "--payments",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with payments: CSV or a workbook with date, currency, amount, distribution and, "
    "if you like, reference and owner.",
)
@sheet_option
@_out("a workbook", "<symbol>-reconciliation.xlsx")
@reading_options
def reconciliation_command(
    payments: Path | None, sheet: str | None, out: Path | None, **options: Any
) -> None:
    """Write where all income is as an Excel workbook: control book, vault, differences.

    With --payments, what a manager or a bank paid is held against what was declared. Each
    difference has its age in days and whoever has to explain it. It is written even where the books
    do not balance: then it says where, and the exit code is 1.
    """
    if sheet is not None and payments is None:
        raise InputError.of("sheet", sheet, "is of a file of payments", "give --payments, too")
    _check_name(out, (".xlsx",))
    session = Session.of(options)
    with session.reading() as found:
        proven, symbol, token = (
            audit_deployment(found),
            found.settings.symbol,
            found.token().address,
        )
    compared = None
    if payments is not None:
        compared = unmatched(
            proven.books, token, read_payments(payments, proven.books, sheet=sheet)
        )
    path = _place(out, f"{symbol}-reconciliation.xlsx")
    write_workbook(path, reconciliation_pages(proven, token, compared))
    if compared is not None:
        session.output.say(f"{counted(len(compared), 'difference')} between payments and chain")
    differences = None if compared is None else len(compared)
    _told(session, path, proven, payment_differences=differences)
    if not proven.balanced:
        raise BooksError(verdict(proven), "see the sheet `differences`")


# --------------------------------------------------------------------------------------- registers


@cli.command(
    "register",
    cls=Command,
    examples=(
        "prorata report register --record 1",
        "prorata report register --record 1 --out register-1.xlsx",
        "prorata report register --record 1 --out register-1.html",
    ),
)
@click.option("--record", type=int, required=True, help="The record date, which has closed.")
@_out("CSV, a workbook or a page by its name", "<symbol>-register-<record>.xlsx")
@reading_options
def register_command(record: int, out: Path | None, **options: Any) -> None:
    """Write the register of holders at a record date.

    Names are those of --names or of the deployment's folder, countries those of the investor
    registry now. What has become of a wallet since stands beside it.
    """
    _check_name(out, (".csv", ".html", ".xlsx"))
    session = Session.of(options)
    with session.reading() as found:
        token, settings = found.token(), found.settings
        ledger, differences = audit_register(found.chain, token.address, found.manifest.first_block)
        if differences:
            raise BooksError(str(differences[0]), "find out why with `prorata captable`")
        unit = Unit(settings.symbol, settings.decimals)
        rows = register_rows(
            ledger, record, unit, known=session.known, countries=countries_of(found)
        )
        facts = {
            "asset": f"{settings.name} ({settings.symbol})",
            "record": f"Record {record}, {iso(ledger.record_time(record))}",
            "holders": f"{len(rows):,}",
            "share token": token.address,
            "chain": str(found.chain.chain_id),
        }
    path = _place(out, f"{settings.symbol}-register-{record}.xlsx")
    write_register(rows, path, facts)
    session.output.say(f"{counted(len(rows), 'holder')} of {facts['record'].lower()}, in {path}")
    session.output.result({"file": str(path), "record": record, "holders": len(rows)})


@cli.command(
    "ageing",
    cls=Command,
    examples=("prorata report ageing", "prorata report ageing --out unclaimed.html"),
)
@_out("CSV, JSON, a workbook or a page by its name", "<symbol>-unclaimed.xlsx")
@reading_options
def ageing_command(out: Path | None, **options: Any) -> None:
    """Write what holders are owed that nobody has claimed, by age.

    The lines are those of `prorata unclaimed`, held against what the vault says, to the unit.
    """
    _check_name(out, (".csv", ".html", ".json", ".xlsx"))
    session = Session.of(options)
    with session.reading() as found:
        aged, settings = read_unclaimed(found), found.settings
    path = _place(out, f"{settings.symbol}-unclaimed.xlsx")
    write_ageing(aged, path, f"{settings.name} ({settings.symbol})")
    lines = sum(len(overdue.lines) for overdue in aged.distributions)
    session.output.say(f"{counted(lines, 'unpaid line')}, in {path}")
    session.output.result({"file": str(path), **aged.as_json()})


# --------------------------------------------------------------------------------------- portfolios


@cli.command(
    "portfolio",
    cls=Command,
    examples=(
        f"prorata report portfolio {PORTFOLIO}",
        f"prorata report portfolio {PORTFOLIO} --out family.html",
    ),
)
@click.argument("portfolio", metavar="FILE", type=click.Path(path_type=Path))
@_out("a page", "<FILE>.html")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def portfolio_command(portfolio: Path, out: Path | None, as_json: bool) -> None:
    """Write what several assets are worth together as one page, to be read, printed and sent.

    FILE is that of `prorata portfolio`, and so are the figures: values and weights, returns with
    income reinvested, risk, correlations, and why a figure is blank. No chain is asked. The page
    loads nothing and runs no script.
    """
    _check_name(out, (".html",))
    output = Output(as_json)
    found = read_portfolio(portfolio)
    report = found.portfolio.report()
    path = _place(out, f"{portfolio.stem}.html")
    write_portfolio(found, report, path)
    blank = sum(one.reason is not None for one in report.figures) + len(list(report.blanks()))
    size = path.stat().st_size / 1024
    told = f", {counted(blank, 'blank figure')}" if blank else ""
    at, number = moment(report.as_of), len(report.positions)
    output.say(f"{counted(number, 'position')} at {at}: {path}, {size:.0f} KiB{told}")
    output.result({"file": str(path), "as_of": at, "positions": number, "blank": blank})


# ------------------------------------------------------------------------------------------ common


def _proven(found: Deployment) -> Audit:
    """The books of an asset, which balance.

    Raises: BooksError when they do not.
    """
    proven = audit_deployment(found)
    if not proven.balanced:
        raise BooksError(verdict(proven), "find out why with `prorata books`")
    return proven


def _check_name(out: Path | None, kinds: tuple[str, ...]) -> None:
    """Refuse a name that says another kind of file, before anything is read.

    Raises: InputError.
    """
    if out is not None and out.suffix.lower() not in kinds:
        rule = "is no file that this report can be"
        raise InputError.of("out", out, rule, f"end its name in {' or '.join(kinds)}")


def _place(out: Path | None, usual: str) -> Path:
    """Where to write, in a folder that there is then."""
    path = out or Path("out") / "reports" / usual
    prepare_folder(path.parent)
    return path


def _told(session: Session, path: Path, proven: Audit, **more: Any) -> None:
    """Say what was written."""
    block = proven.answers.block
    size = more.pop("kilobytes", None)
    told = "" if size is None else f", {size:.0f} KiB"
    session.output.say(f"Written as of block {block.number}: {path}{told}")
    session.output.result({"file": str(path), "block": block.number, **more})
