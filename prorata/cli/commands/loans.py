# SPDX-License-Identifier: MIT
"""Service a pool of loans: the monthly report, and what the tranches are paid next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.assets.loans.months import CLASSES, PoolMonth
from prorata.assets.loans.payments import read_payments
from prorata.assets.loans.reports import LoanRow, MonthRow, loan_rows, month_rows, pool_facts
from prorata.assets.loans.servicing import Pool, service
from prorata.assets.loans.tapes import read_tape
from prorata.assets.loans.terms import LoanTerms
from prorata.assets.term_fields import parse_date
from prorata.assets.waterfalls.distributions import parse_records
from prorata.assets.waterfalls.periods import period_of_month
from prorata.assets.waterfalls.terms import WaterfallTerms
from prorata.assets.waterfalls.waterfall import run
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.cli.sheet_screens import (
    chosen,
    out_option,
    record_option,
    require_paid,
    sheet_facts,
    show_sheet,
    write_sheet,
)
from prorata.cli.tables import sheet_option
from prorata.errors import InputError
from prorata.files.writer import write_csv_rows
from prorata.register.documents import hash_of
from prorata.values.words import counted

F = TypeVar("F", bound=Callable[..., Any])

FILES = "loans.yaml --tape tape.csv --payments payments.csv"
REPORT_EXAMPLES = (
    "prorata loans report examples/loans/loans.yaml --tape examples/loans/tape.csv",
    f"prorata loans report {FILES} --through 2027-12-31 --out out",
)
NEXT_EXAMPLES = (
    f"prorata loans next {FILES} --waterfall waterfall.yaml",
    f"prorata loans next {FILES} --waterfall waterfall.yaml --out out --record senior=1",
)


@click.group()
def cli() -> None:
    """Service a pool of loans: the monthly report, and what the tranches are paid next."""


def _pool_options(function: F) -> F:
    options = (
        click.argument("terms", type=click.Path(dir_okay=False, path_type=Path)),
        click.option(
            "--tape",
            required=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="The loans when the pool opens: a CSV file or an Excel workbook.",
        ),
        click.option(
            "--payments",
            type=click.Path(dir_okay=False, path_type=Path),
            help="What befell them: a CSV file or an Excel workbook.  [default: nothing]",
        ),
        click.option(
            "--through",
            metavar="DATE",
            help="Service the loans through the period of this day.  [default: the last payment's; "
            "of exceptions, the last instalment's]",
        ),
        sheet_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")


def _serviced(
    terms: LoanTerms, tape: Path, payments: Path | None, through: str | None, sheet: str | None
) -> Pool:
    until = None if through is None else _day(through, terms)
    loans = read_tape(tape, terms, sheet=sheet)
    events = []
    if payments is not None:
        names = {loan.name for loan in loans}
        events = read_payments(payments, terms, names, sheet=sheet)
    return service(terms, loans, events, through=until, subject=str(payments))


def _day(text: str, terms: LoanTerms) -> date:
    day = parse_date(text, "through")
    if day < terms.opens:
        rule = f"is before the pool opens, {terms.opens}"
        raise InputError.of("through", text, rule, "give that day or a later one")
    return day


# ------------------------------------------------------------------------------------------ report


@cli.command(cls=Command, name="report", examples=REPORT_EXAMPLES)
@_pool_options
@out_option
@_JSON
def report_command(
    terms: Path,
    *,
    tape: Path,
    payments: Path | None,
    through: str | None,
    sheet: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Report on a pool month by month: what came in, what is owed, what is late.

    TERMS is a YAML file; what it can say stands at the head of `prorata/assets/loans/terms.py`,
    what tape and payments have in those of `tapes.py` and `payments.py` beside it. All is worked
    out from the pool's opening on. With --out, pool-report.csv has a line for each period, and
    loans.csv one for each loan as it stands at the end.
    """
    output, read = Output(as_json), LoanTerms.load(terms)
    pool = _serviced(read, tape, payments, through, sheet)
    _show_pool(output, pool)
    files = []
    if out is not None:
        report, loans = out / "pool-report.csv", out / "loans.csv"
        write_csv_rows(report, MonthRow, month_rows(pool), column="out")
        write_csv_rows(loans, LoanRow, loan_rows(pool), column="out")
        files = [str(report), str(loans)]
        output.say(f"Every period is in {report}, every loan in {loans}")
    output.result({**pool_facts(pool), "files": files})


def _show_pool(output: Output, pool: Pool) -> None:
    figure = pool.terms.unit.text
    rows = [
        (
            month.cut_off.isoformat(),
            figure(month.opening),
            figure(month.interest),
            figure(month.collected_principal),
            figure(month.recoveries),
            figure(month.fees),
            figure(month.losses),
            figure(month.closing),
        )
        for month in reversed(pool.months)
    ]
    columns = (
        "cut-off",
        "opening>",
        "interest>",
        "principal>",
        "recoveries>",
        "fees>",
        "losses>",
        "closing>",
    )
    title = f"{pool.terms.name}, in {pool.terms.currency}, the newest first"
    output.table(title, columns, rows, more="`--out FOLDER` writes them all")
    _show_lateness(output, pool.terms, pool.months[-1])


def _show_lateness(output: Output, terms: LoanTerms, month: PoolMonth) -> None:
    figure = terms.unit.text
    rows = [
        (name if name == "current" else f"{name} days", f"{loans:,}", figure(balance))
        for name, loans, balance in zip(CLASSES, month.loans, month.balances, strict=True)
    ]
    title = f"Late on {month.cut_off} by the {terms.delinquency} method"
    output.table(title, ("late", "loans>", "balance>"), rows, most=None)
    if month.defaulted:
        said = f"{counted(month.defaulted, 'loan')} with {figure(month.defaulted_balance)}"
        output.say(f"  {'in default':<14}{said}, {terms.default_after} days late or more")
    if month.modified:
        output.say(f"  {'modified':<14}{counted(month.modified, 'loan')}")
    if month.suspense:
        output.say(f"  {'in suspense':<14}{figure(month.suspense)}")
    for how, loans in month.ended.items():
        output.say(f"  {how:<14}{counted(loans, 'loan')}")
    provisional = ", provisional: a holiday may yet move it" if month.provisional else ""
    output.say(f"  {'pays on':<14}{month.pays_on}{provisional}")


# -------------------------------------------------------------------------------------------- next


@cli.command(cls=Command, name="next", examples=NEXT_EXAMPLES)
@_pool_options
@click.option(
    "--waterfall",
    "waterfall_path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The terms by which the tranches are paid: a YAML file.",
)
@record_option
@out_option
@_JSON
def next_command(
    terms: Path,
    *,
    tape: Path,
    payments: Path | None,
    through: str | None,
    sheet: str | None,
    waterfall_path: Path,
    records: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Show what the tranches are paid for the last period: the pool's report, then the waterfall.

    The waterfall is run over all periods, out of what the loans brought in. With --out, the sheet
    is written, and for each tranche with a --record a file that `prorata distribute --from`
    declares, which carries the sheet's hash. Nothing is sent.
    """
    output, read = Output(as_json), LoanTerms.load(terms)
    waterfall = WaterfallTerms.load(waterfall_path)
    _check_together(read, waterfall)
    named = parse_records(records, waterfall.by_name)
    pool = _serviced(read, tape, payments, through, sheet)
    _check_pool(pool, waterfall)
    periods = [period_of_month(month) for month in pool.months]
    found = chosen(run(waterfall, periods, f"0x{hash_of(waterfall_path).hex()}"), None)
    require_paid(found, named)
    _show_lateness(output, read, pool.months[-1])
    show_sheet(output, found)
    written = None if out is None else write_sheet(output, found, out, named)
    month = month_rows(pool)[-1]
    output.result({**sheet_facts(found, written), "report": month.model_dump(mode="json")})


def _check_together(loans: LoanTerms, waterfall: WaterfallTerms) -> None:
    """Both count in the same money, and the waterfall needs nothing that loans do not say.

    Raises: InputError.
    """
    for name in ("currency", "decimals"):
        ours, theirs = getattr(loans, name), getattr(waterfall, name)
        if ours != theirs:
            rule = f"is the waterfall's, and the loans have {ours}"
            raise InputError.of(name, theirs, rule, "write the same in both files")
    if waterfall.columns:
        rule = "is a column that a bucket is due, and loans have none"
        remedy = "give the bucket an amount or a rate, or use `prorata waterfall run`"
        raise InputError.of("column", waterfall.columns[0], rule, remedy)
    first = loans.pays_on(loans.cut_off_of(0))
    if waterfall.starts >= first:
        rule = f"is not before the first pay date of the loans, {first}"
        raise InputError.of("starts", waterfall.starts, rule, "write an earlier day")


def _check_pool(pool: Pool, waterfall: WaterfallTerms) -> None:
    """The waterfall starts from the tape.

    Raises: InputError.
    """
    unit = waterfall.unit
    if waterfall.pool is not None and waterfall.units(waterfall.pool) != pool.original:
        rule = f"is not what the loans of the tape owe together, {unit.text(pool.original)}"
        raise InputError.of("pool", waterfall.pool, rule, "write that in the waterfall's terms")
