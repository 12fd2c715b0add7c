# SPDX-License-Identifier: MIT
"""A waterfall's sheet on the screen, and the files of it: sheet, lines, distributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.assets.term_fields import format_fraction
from prorata.assets.waterfalls.distributions import distribution_file, distributions
from prorata.assets.waterfalls.sheets import FACTOR_PLACES, LineRow, Sheet
from prorata.cli.output import Output
from prorata.errors import InputError
from prorata.files.writer import write_csv_rows, write_whole
from prorata.values.words import counted, listed

__all__ = [
    "chosen",
    "out_option",
    "record_option",
    "require_paid",
    "sheet_facts",
    "show_sheet",
    "write_sheet",
]

RATIO_PLACES = 4

F = TypeVar("F", bound=Callable[..., Any])

record_option = click.option(
    "--record",
    "records",
    multiple=True,
    metavar="TRANCHE=NUMBER",
    help="The record date of a tranche's token, to whose holders it is paid, such as senior=3.",
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files to this folder.  [default: write nothing]",
)


def chosen(sheets: list[Sheet], number: int | None) -> Sheet:
    """The sheet of a period, or of the last one.

    Raises: InputError for a period that there is not.
    """
    if number is None:
        return sheets[-1]
    if not 1 <= number <= len(sheets):
        rule = f"is no period: there are {len(sheets):,}"
        raise InputError.of("period", number, rule, f"give 1 to {len(sheets):,}")
    return sheets[number - 1]


def require_paid(sheet: Sheet, records: Mapping[str, int]) -> None:
    """Refuse a record of a tranche that is paid nothing, before anything is shown or written.

    Raises: InputError.
    """
    payments = distributions(sheet)
    for tranche, record in records.items():
        if tranche not in payments:
            rule = f"names {tranche}, which is paid nothing in period {sheet.number}"
            raise InputError.of("record", f"{tranche}={record}", rule, "leave it out")


def show_sheet(output: Output, sheet: Sheet) -> None:
    """Who was due what, who is paid, and what is left of each tranche."""
    unit, period = sheet.terms.unit, sheet.period
    title = f"{sheet.terms.name}, period {sheet.number}, paid on {period.date}, in {unit.symbol}"
    rows = [
        (row.bucket, row.claim, row.to, row.due.figure, row.paid.figure, row.short.figure)
        for row in sheet.rows()
    ]
    columns = ("bucket", "what is due", "to", "due>", "paid>", "short>")
    output.table(title, columns, rows, most=None)
    output.say(f"  {'came in':<14}{unit.text(period.collections)}")
    if sheet.reserve_opening or sheet.filled:
        said = (
            f"{unit.text(sheet.reserve_opening)} before, {unit.text(sheet.released)} released, "
            f"{unit.text(sheet.drawn)} drawn, {unit.text(sheet.filled)} filled, "
            f"{unit.text(sheet.reserve_closing)} now"
        )
        output.say(f"  {'reserve':<14}{said}")
    for reading in sheet.readings:
        ratio = "nothing to test"
        if reading.ratio is not None:
            ratio = f"{format_fraction(reading.ratio * 100, RATIO_PLACES)}%"
        verdict = "passes" if reading.passes else "fails"
        output.say(f"  {reading.trigger:<14}{verdict} at {reading.bucket}: {ratio}")
    if sheet.tranches:
        _show_tranches(output, sheet)
    output.say(f"  {'sheet':<14}{sheet.hash}")


def _show_tranches(output: Output, sheet: Sheet) -> None:
    figure = sheet.terms.unit.text
    rows = [
        (
            one.name,
            figure(one.interest),
            figure(one.principal),
            figure(one.written_down),
            figure(one.closing),
            format_fraction(one.factor, FACTOR_PLACES),
        )
        for one in sheet.tranches
    ]
    columns = (
        "tranche",
        "interest>",
        "principal>",
        "written down>",
        "outstanding>",
        "factor>",
    )
    output.table("Tranches", columns, rows, most=None)
    for one in sheet.tranches:
        if one.unpaid:
            output.say(f"  {one.name:<14}{figure(one.unpaid)} of interest is unpaid, and stays due")


def write_sheet(
    output: Output, sheet: Sheet, folder: Path, records: Mapping[str, int]
) -> list[Path]:
    """Write the sheet, its lines, and the distributions of the tranches that have a record.

    Raises: InputError when a file cannot be written.
    """
    payments = distributions(sheet)
    name = f"{sheet.number:03d}"
    paper, lines = folder / f"sheet-{name}.json", folder / f"sheet-{name}.csv"
    write_whole(paper, sheet.text, column="out")
    write_csv_rows(lines, LineRow, sheet.rows(), column="out")
    written = [paper, lines]
    for tranche, record in records.items():
        path = folder / f"distributions-{tranche.replace(' ', '-')}-{name}.yaml"
        write_whole(path, distribution_file(sheet, tranche, record), column="out")
        written.append(path)
    output.say(f"Wrote {listed([str(path) for path in written])}")
    if left := [tranche for tranche in payments if tranche not in records]:
        output.notice(
            f"{counted(len(left), 'tranche')} without a record, and so without a file for "
            f"`prorata distribute --from`: {listed(left)}; give --record {left[0]}=1"
        )
    return written


def sheet_facts(sheet: Sheet, written: list[Path] | None) -> dict[str, Any]:
    """The sheet, for a program, with its hash and the files that were written."""
    files = [str(path) for path in written or ()]
    return {**sheet.as_json(), "sheet": sheet.hash, "files": files}
