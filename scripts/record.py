"""Schedule a record date."""

from __future__ import annotations

from typing import Any

import click

from prorata.operations import parse_moment, schedule_record
from prorata.settings import moment
from scripts._doors import Door, DoorCommand, common_options

EXAMPLES = (
    "ape run record --at 2027-03-31T23:59:59Z",
    "ape run record --at +2d",
)


@click.command(cls=DoorCommand, examples=EXAMPLES)
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
    door = Door.of(options)
    with door.deployed() as (operator, found):
        record = schedule_record(operator, found, parse_moment(at, operator.chain))
    closes = moment(record.closes_at)
    door.spoken.say(f"Record {record.id} of {found.settings.symbol} closes at the end of {closes}")
    door.spoken.result(
        {
            "record": record.id,
            "closes_at": record.closes_at,
            "closes": closes,
            "transaction": None if record.receipt is None else record.receipt.hash,
        }
    )
