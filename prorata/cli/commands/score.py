# SPDX-License-Identifier: MIT
"""Score an asset by a published method, from a card of inputs."""

from __future__ import annotations

from pathlib import Path

import click

from prorata.analysis.scorecards import read_card
from prorata.analysis.scores import Score, Scored, score
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.files.writer import json_object
from prorata.reports.analysis_documents import SCORE, score_document
from prorata.values.times import moment

CARD = "examples/analytics/score.yaml"


@click.command(cls=Command, examples=(f"prorata score {CARD}", f"prorata score {CARD} --json"))
@click.argument("card", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def cli(card: Path, as_json: bool) -> None:
    """Score an asset by a published method, from a card of inputs.

    FILE is a YAML card: the asset, the date, the method's file beside it, and for each criterion
    the value, the evidence, its date and who supplied it. The answer leads with a span: every
    missing input at 0, and every one at 100. One score there is only where none is missing. The
    digest names the method that was used, to the word.
    """
    output = Output(as_json)
    found = score(*read_card(card))
    _show(output, found)
    output.result(json_object(score_document(found)))


def _show(output: Output, found: Score) -> None:
    at = moment(found.low.as_of)
    single = f": {found.value.text}" if found.value.value is not None else ""
    span = f"{found.low.text} to {found.high.text}"
    output.say(f"{found.asset} by {found.method}, at {at}{single or f': {span}'}")
    if not single:
        output.say(f"No single score: {found.value.text}.")
    columns = ("criterion", "weight>", "value>", "points>", "of", "supplied by", "missing")
    output.table("", columns, [_row(one) for one in found.criteria])
    output.say(f"Weight that is known: {found.known.text}; by the issuer: {found.of_issuer.text}.")
    output.say(
        f"With one weight changed by 10%: {found.least.text} to {found.most.text}; "
        f"{found.moved_by} moves it the most."
    )
    output.say(f"Method {found.digest}; {SCORE}.")


def _row(one: Scored) -> tuple[str, ...]:
    return (
        one.name,
        str(one.weight),
        one.value or "",
        "" if one.points is None else str(one.points),
        "" if one.dated is None else moment(one.dated)[:10],
        "" if one.supplied_by is None else one.supplied_by.value,
        one.missing or "",
    )
