# SPDX-License-Identifier: MIT
"""Schedule a record date."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.register.record_dates import schedule_record
from prorata.values.times import moment

DAY = 86_400

EXAMPLES = (
    "prorata record --at 2027-03-31T23:59:59Z",
    "prorata record --at 2027-06-30T23:59:59Z --dry-run",
    "prorata record --at +2d",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--at",
    required=True,
    help="When it closes: 2027-03-31T23:59:59Z, now, or +3600s, +90m, +12h, +2d.",
)
@click.option("--dry-run", is_flag=True, help="Show which record it would be; send nothing.")
@common_options
def cli(at: str, dry_run: bool, **options: Any) -> None:
    """Schedule a record date.

    Whoever holds shares at the end of that second, by the chain's clock, receives what is
    distributed at this record. Records are scheduled in order of time, at most 400 days ahead, and
    counted from 1.

    `prorata cancel-records` takes back the last ones while they are open.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        second = parse_moment(at, operator.chain)
        record = schedule_record(operator, found, second, dry_run=dry_run)
    closes = moment(record.closes_at)
    verb, symbol = "would close" if dry_run else "closes", found.settings.symbol
    ahead = f", in {record.ahead // DAY:,} days" if record.ahead >= DAY else ""
    session.output.say(f"Record {record.id} of {symbol} {verb} at the end of {closes}{ahead}")
    session.output.result(
        {
            **({"dry_run": True} if dry_run else {}),
            "record": record.id,
            "closes_at": record.closes_at,
            "closes": closes,
            "transaction": None if record.receipt is None else record.receipt.hash,
        }
    )
