# SPDX-License-Identifier: MIT
"""Cancel a record that is still open, and every later one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.register.record_dates import CancelledRecords, cancel_records
from prorata.values.times import moment

EXAMPLES = (
    "prorata cancel-records --from 4 --dry-run",
    "prorata cancel-records --from 4 --account owner.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--from", "first", type=int, required=True, help="The first record to be cancelled.")
@click.option("--dry-run", is_flag=True, help="Show what depends on the records; send nothing.")
@common_options
def cli(first: int, dry_run: bool, **options: Any) -> None:
    """Cancel a record that is still open, and every later one.

    Only the token's owner can. A cancelled record never closes, and its number is not given again.
    What was declared for it pays nobody: `prorata refund` sends it back to who declared it. A
    record that has closed cannot be cancelled.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        done = cancel_records(operator, found, first, dry_run=dry_run)
    _show(session, done, found.settings.symbol, dry_run=dry_run)


def _show(session: Session, done: CancelledRecords, symbol: str, *, dry_run: bool) -> None:
    say, which = session.output.say, _numbered(done.records)
    say(f"{'Would cancel' if dry_run else 'Cancelled'} {which} of {symbol}")
    for number, closes in zip(done.records, done.closes_at, strict=False):
        say(f"  record {number} would have closed at the end of {moment(closes)}")
    for number in done.ranges:
        say(f"  record range {number} has such a record, and never closes")
    for number in done.distributions:
        say(f"  distribution {number} pays nobody: `prorata refund --id {number}` sends it back")
    session.output.result(
        {
            **({"dry_run": True} if dry_run else {}),
            "records": list(done.records),
            "record_ranges": list(done.ranges),
            "distributions": list(done.distributions),
            "transaction": None if done.receipt is None else done.receipt.hash,
        }
    )


def _numbered(records: Sequence[int]) -> str:
    if len(records) == 1:
        return f"record {records[0]}"
    return f"records {records[0]} to {records[-1]}"
