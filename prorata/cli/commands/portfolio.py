# SPDX-License-Identifier: MIT
"""Value several assets together in one currency, from files of positions and marks."""

from __future__ import annotations

from pathlib import Path

import click

from prorata.analysis.portfolio import Position, Report
from prorata.analysis.portfolio_files import PortfolioFile, read_portfolio
from prorata.analysis.precision import exact
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.files.writer import json_object
from prorata.reports.analysis_documents import portfolio_document
from prorata.values.times import moment

PORTFOLIO = "examples/analytics/portfolio.yaml"


@click.command(
    cls=Command,
    examples=(f"prorata portfolio {PORTFOLIO}", f"prorata portfolio {PORTFOLIO} --json"),
)
@click.argument("portfolio", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def cli(portfolio: Path, as_json: bool) -> None:
    """Value several assets together in one currency, from files of positions and marks.

    FILE is a YAML file: the date, the currency, how old marks and exchange rates may be, and
    tables of positions, marks, rates, income and flows beside it. No feed of prices is asked. What
    cannot be known is blank, and says why; a portfolio with a blank position has no value. A
    correlation needs 36 common intervals.
    """
    output = Output(as_json)
    found = read_portfolio(portfolio)
    report = found.portfolio.report()
    _show(output, found, report)
    output.result(json_object(portfolio_document(found, report)))


def _show(output: Output, found: PortfolioFile, report: Report) -> None:
    settings = found.settings
    title = f"{settings.name}, at {moment(report.as_of)}, in {report.currency}"
    columns = ("asset", "quantity>", "value>", "weight>", "return>", "volatility>", "drawdown>")
    output.table(title, columns, [_row(one) for one in report.positions])
    since = [one.total_return.inputs["from"][:10] for one in report.positions if _known(one)]
    if since:
        output.say(f"Returns with income reinvested, from {min(since)} on at the earliest.")
    for figure in report.figures:
        output.say(f"{figure.name[0].upper()}{figure.name[1:]}: {figure.text}")
    rows = [
        (f"{a}, {b}", pair.pearson.text, pair.spearman.text, str(pair.pearson.n))
        for (a, b), pair in report.correlations.items()
    ]
    if rows:
        title = f"Correlations, by the {settings.interval.value}"
        output.table(title, ("assets", "Pearson>", "Spearman>", "n>"), rows)
    for asset, name, reason in report.blanks():
        output.say(f"Blank: {asset}, {name}: {reason}.")


def _known(one: Position) -> bool:
    return one.total_return.value is not None


def _row(one: Position) -> tuple[str, ...]:
    figures = (one.value, one.weight, one.total_return, one.volatility, one.drawdown)
    shown = ("blank" if figure.value is None else figure.text for figure in figures)
    return (one.holding.asset, exact(one.holding.quantity), *shown)
