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

EXAMPLES = (
    "prorata record --at 2027-03-31T23:59:59Z",
    "prorata record --at +2d",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--at",
    required=True,
    help="When it closes: 2027-03-31T23:59:59Z, now, or +3600s, +90m, +12h, +2d.",
)
@common_options
def cli(at: str, **options: Any) -> None:
    """Schedule a record date.

    Whoever holds shares at the end of that second, by the chain's clock, receives what is
    distributed at this record. Records are scheduled in order of time and counted from 1.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        record = schedule_record(operator, found, parse_moment(at, operator.chain))
    closes = moment(record.closes_at)
    session.output.say(
        f"Record {record.id} of {found.settings.symbol} closes at the end of {closes}"
    )
    session.output.result(
        {
            "record": record.id,
            "closes_at": record.closes_at,
            "closes": closes,
            "transaction": None if record.receipt is None else record.receipt.hash,
        }
    )
