# SPDX-License-Identifier: MIT
"""Compute an index from its method and prices, with the log of its changes."""

from __future__ import annotations

from pathlib import Path

import click

from prorata.analysis.index_files import IndexFile, read_index
from prorata.analysis.indices import Change, Point
from prorata.analysis.precision import rounded
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.files.writer import json_object
from prorata.reports.analysis_documents import index_document
from prorata.values.times import moment
from prorata.values.words import counted

INDEX = "examples/analytics/index.yaml"


@click.command(cls=Command, examples=(f"prorata index {INDEX}", f"prorata index {INDEX} --json"))
@click.argument("index", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def cli(index: Path, as_json: bool) -> None:
    """Compute an index from its method and prices, with the log of its changes.

    FILE is a YAML method: the weighting, the base, when the members were known, what is done with
    a missing price and a delisting, the members, and tables of prices and income beside it.
    Quantities stay as they are between rebalances, and a rebalance never moves a level. The same
    files give the same levels to everybody; the digests name them.
    """
    output = Output(as_json)
    found = read_index(index)
    points = found.index.levels()
    _show(output, found, points)
    output.result(json_object(index_document(found, points)))


def _show(output: Output, found: IndexFile, points: list[Point]) -> None:
    settings = found.settings
    title = (
        f"{settings.name}, version {settings.version}, in {settings.currency}: "
        f"{counted(len(points), 'level')}"
    )
    rows = [(moment(one.time), one.price.text, one.total.text) for one in points]
    output.table(title, ("time", "level>", "with income>"), rows)
    changes = [
        (moment(one.time), one.what, rounded(one.level, 2, grouping=True), _divisor(one))
        for one in found.index.log
    ]
    if changes:
        output.table("Changes", ("time", "what", "level>", "divisor>"), changes)
    output.say(f"Method {found.digests['method']}.")


def _divisor(change: Change) -> str:
    before, after = (rounded(one.divisor, 4) for one in (change.before, change.after))
    return f"{before} to {after}"
