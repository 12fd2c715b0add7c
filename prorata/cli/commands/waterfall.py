# SPDX-License-Identifier: MIT
"""Pay out what came in by the terms of a waterfall: show the terms, run the periods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from prorata.assets.schedules.values import format_part
from prorata.assets.waterfalls.distributions import parse_records
from prorata.assets.waterfalls.periods import read_periods
from prorata.assets.waterfalls.terms import Bucket, Due, Trigger, WaterfallTerms
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
from prorata.files.writer import json_object
from prorata.register.documents import hash_of
from prorata.values.words import listed

SHOW_EXAMPLES = ("prorata waterfall show examples/loans/waterfall.yaml",)
RUN_EXAMPLES = (
    "prorata waterfall run examples/building/waterfall.yaml examples/building/income.csv",
    "prorata waterfall run waterfall.yaml periods.csv --period 3 --out out --record senior=3",
)

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
_TERMS = click.argument("terms", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def cli() -> None:
    """Pay out what came in by the terms of a waterfall: show the terms, run the periods."""


# -------------------------------------------------------------------------------------------- show


@cli.command(cls=Command, name="show", examples=SHOW_EXAMPLES)
@_TERMS
@_JSON
def show_command(terms: Path, as_json: bool) -> None:
    """Show the terms of a waterfall: its buckets in their order, its tranches and triggers.

    TERMS is a YAML file; what it can say stands at the head of
    `prorata/assets/waterfalls/terms.py`. Every fault in it is listed.
    """
    output, read = Output(as_json), WaterfallTerms.load(terms)
    output.table(f"{read.name}, in {read.currency}", ("bucket", "kind", "is due"), _buckets(read))
    tranches = [
        (one.name, read.unit.text(read.units(one.original)), _rate(one.rate is None, one.rate))
        for one in read.tranches
    ]
    if tranches:
        columns = ("tranche, the senior first", "original>", "rate>")
        output.table("Tranches", columns, tranches, most=None)
    if read.triggers:
        rows = [(one.name, *_trigger(one)) for one in read.triggers]
        output.table("Triggers", ("trigger", "reads", "bound>"), rows, most=None)
    digest = f"0x{hash_of(terms).hex()}"
    output.say(f"  {'terms':<14}{digest}")
    output.result(_facts(read, digest))


def _facts(terms: WaterfallTerms, digest: str) -> dict[str, object]:
    amount = terms.unit.amount
    return json_object(
        {
            "waterfall": terms.name,
            "terms": digest,
            "currency": terms.currency,
            "starts": terms.starts.isoformat(),
            "columns": ["date", *terms.facts, *terms.columns],
            "tranches": [
                {
                    "tranche": one.name,
                    "original": amount(terms.units(one.original)),
                    "rate": None if one.rate is None else format_part(one.rate),
                }
                for one in terms.tranches
            ],
            "triggers": [
                dict(zip(("trigger", "reads", "bound"), (one.name, *_trigger(one)), strict=True))
                for one in terms.triggers
            ],
            "buckets": [
                dict(zip(("bucket", "kind", "due"), row, strict=True)) for row in _buckets(terms)
            ],
        }
    )


def _buckets(terms: WaterfallTerms) -> list[tuple[str, str, str]]:
    return [
        (bucket.name, bucket.kind.replace("_", " "), "; ".join(_said(bucket, terms)))
        for bucket in terms.buckets
    ]


def _said(bucket: Bucket, terms: WaterfallTerms) -> Iterator[str]:
    """What a bucket is due, in words."""
    if bucket.dues:
        yield listed([_due(due, terms) for due in bucket.dues])
    elif bucket.kind == "reserve":
        yield _target(bucket, terms)
    elif bucket.kind == "cure":
        yield f"principal of {bucket.pays} while {bucket.trigger} fails"
    else:
        yield f"the rest, to {bucket.to} as {bucket.income}"
    if bucket.if_failing or bucket.if_passing:
        yield f"only while {bucket.if_failing or bucket.if_passing} " + (
            "fails" if bucket.if_failing else "passes"
        )
    if bucket.kind not in ("reserve", "residual"):
        yield "unpaid, it stays due" if bucket.carries else "unpaid, it lapses"


def _due(due: Due, terms: WaterfallTerms) -> str:
    if due.amount is not None:
        said = f"{terms.unit.text(terms.units(due.amount))} {terms.currency}"
    elif due.rate is not None:
        said = f"{format_part(due.rate)} a year of the pool"
    else:
        said = due.text if due.by == "collected" else f"all {due.text}"
    return said if due.to is None else f"{said}, to {due.to}"


def _target(bucket: Bucket, terms: WaterfallTerms) -> str:
    if bucket.target is not None:
        said = f"up to {terms.unit.text(terms.units(bucket.target))} {terms.currency}"
    else:
        said = f"up to {_rate(False, bucket.target_rate)} of {listed(bucket.of)}"
    if bucket.most is None:
        return said
    return f"{said}, at most {format_part(bucket.most)} of what comes in"


def _rate(none: bool, rate: object) -> str:
    return "" if none or rate is None else format_part(rate)  # type: ignore[arg-type]


def _trigger(trigger: Trigger) -> tuple[str, str]:
    if trigger.coverage_of:
        bound = "" if trigger.least is None else f"at least {format_part(trigger.least)}"
        return f"the pool over {listed(trigger.coverage_of)}", bound
    reads = "loans 60 days late or more" if trigger.delinquent else "all losses so far"
    return reads, "" if trigger.most is None else f"at most {format_part(trigger.most)}"


# --------------------------------------------------------------------------------------------- run


@cli.command(cls=Command, name="run", examples=RUN_EXAMPLES)
@_TERMS
@click.argument("periods", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--period", type=int, help="The number of the period to show and write.  [default: the last]"
)
@record_option
@out_option
@sheet_option
@_JSON
def run_command(
    terms: Path,
    periods: Path,
    *,
    period: int | None,
    records: tuple[str, ...],
    out: Path | None,
    sheet: str | None,
    as_json: bool,
) -> None:
    """Pay out what came in, period by period, and show the sheet of one of them.

    PERIODS is a CSV file or an Excel workbook with a line for each payment date: what came in, and
    what the pool is. All periods are worked out from the first on. With --out, the sheet is written
    as JSON and CSV; its SHA-256 is its hash. For each tranche with a --record, a file is written
    that `prorata distribute --from` declares: it carries that hash.
    """
    output, read = Output(as_json), WaterfallTerms.load(terms)
    named = parse_records(records, read.by_name)
    digest = f"0x{hash_of(terms).hex()}"
    found = chosen(run(read, read_periods(periods, read, sheet=sheet), digest), period)
    require_paid(found, named)
    show_sheet(output, found)
    written = None if out is None else write_sheet(output, found, out, named)
    output.result(sheet_facts(found, written))
