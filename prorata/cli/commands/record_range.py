# SPDX-License-Identifier: MIT
"""Define a record range: a range of record dates that is paid as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.income.factor_weights import Factor, read_factors
from prorata.income.record_ranges import WEIGHTS, RecordRange, define_range
from prorata.values.times import moment

EXAMPLES = (
    "prorata record-range --from-record 1 --to-record 31 --since 2027-02-28T23:59:59Z",
    "prorata record-range --from-record 32 --to-record 61 --weights equal --dry-run",
    "prorata record-range --from-record 62 --to-record 92 --weights factors.csv",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--from-record", "first", type=int, required=True, help="The first record date.")
@click.option("--to-record", "last", type=int, required=True, help="The last record date.")
@click.option(
    "--weights",
    metavar="days|seconds|equal|FILE",
    default="days",
    show_default=True,
    help="How much a share held at a record counts: the days of UTC, or seconds, since the record "
    "before it; the same at all; or by the daily factors in a CSV file: date,factor,days.",
)
@click.option(
    "--since",
    help="When the first period begins, as for `record --at`.  [default: the record before]",
)
@common_options
def cli(
    first: int, last: int, weights: str, since: str | None, dry_run: bool, **options: Any
) -> None:
    """Define a record range: a range of record dates that is paid as one.

    Interest that accrues daily and is paid monthly has a record for every day. The record range
    over them is paid by a single distribution, to everybody who held shares on any of the days.
    Records may still be open. A record range is final, and defined once, however often this runs.
    """
    session = Session.of(options)
    weighed = weights if weights in WEIGHTS else _factors(weights)
    with session.deployed() as (operator, found):
        begins = None if since is None else parse_moment(since, operator.chain, "since")
        done = define_range(
            operator, found, first, last, weights=weighed, since=begins, dry_run=dry_run
        )
    _show(session, done, found.settings.symbol)


def _factors(named: str) -> Mapping[date, Factor]:
    """The factors in a file.

    Raises: InputError when there is none of that name, or it has a fault.
    """
    if not Path(named).is_file():
        rule, remedy = "is no way to weigh, and no file", f"write {', '.join(WEIGHTS)} or a file"
        raise InputError.of("weights", named, rule, remedy)
    return read_factors(Path(named))


def _show(session: Session, done: RecordRange, symbol: str) -> None:
    closes, range_ = (
        moment(done.closes_at),
        f"records {done.record_ids[0]} to {done.record_ids[-1]}",
    )
    lightest, heaviest = min(done.weights), max(done.weights)
    weighed = f"{lightest} each" if lightest == heaviest else f"{lightest} to {heaviest} each"
    name = f"Record range {done.id}" if done.id else "A record range"
    session.output.say(
        f"{name} of {symbol} weighs {range_} with {weighed} and closes at the end of {closes}"
    )
    session.output.result(
        {
            "record_range": done.id or None,
            "contract": done.address or None,
            "records": list(done.record_ids),
            "weights": list(done.weights),
            "closes_at": done.closes_at,
            "closes": closes,
            "transaction": None if done.receipt is None else done.receipt.hash,
        }
    )
