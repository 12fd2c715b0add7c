# SPDX-License-Identifier: MIT
"""Schedule a record date, list them, or cancel the last ones that are open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from prorata.chain.operator import Operator
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.consent import can_ask
from prorata.cli.groups import CommandGroup, by_itself, require
from prorata.cli.parameters import WHEN, is_relative, parse_moment
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.register.record_dates import (
    CancelledRecords,
    Record,
    RecordDate,
    cancel_records,
    read_records,
    schedule_record,
)
from prorata.values.times import lasting, moment

DAY = 86_400
SHOWN = 20
TIME_TO_CANCEL = 600
"""Seconds: a record that closes sooner on a public chain is as good as closed."""

EXAMPLES = (
    "prorata record --at 2027-03-31T23:59:59Z",
    "prorata record --at 2027-06-30T23:59:59Z --dry-run",
    "prorata record --at +2d",
    "prorata record list",
    "prorata record cancel --from 4 --dry-run",
)


@click.group(cls=CommandGroup, examples=EXAMPLES)
@click.option("--at", help=f"When it closes: {WHEN}.")
@click.option(
    "--another",
    is_flag=True,
    help="Schedule one more, although the same words made a record less than a day ago.",
)
@common_options
def cli(at: str | None, another: bool, dry_run: bool, **options: Any) -> None:
    """Schedule a record date, list them, or cancel the last ones that are open.

    Whoever holds shares at the end of that second, by the chain's clock, receives what is
    distributed at this record. Records are scheduled in order of time, at most 400 days ahead, and
    counted from 1. `prorata record cancel` takes back the last ones while they are open: one that
    closes within ten minutes on a public chain is asked about first, and without a terminal needs
    --yes.
    """
    if not by_itself():
        return
    require(at=at)
    assert at is not None
    session = Session.of(options)
    with session.deployed() as (operator, found):
        second = parse_moment(at, operator.chain)
        if not dry_run:
            _require_time_to_cancel(operator, found, second, options)
        record = schedule_record(
            operator,
            found,
            second,
            relative=at if is_relative(at) else "",
            another=another,
            dry_run=dry_run,
        )
    _show_record(session, record, found.settings.symbol, dry_run=dry_run)


def _require_time_to_cancel(
    operator: Operator, found: Deployment, second: int, options: Mapping[str, Any]
) -> None:
    """Ask before a record that nobody could cancel any more, on a chain that others use.

    Raises: InputError when nobody agrees.
    """
    ahead = second - operator.chain.now()
    local, there = operator.chain.is_local, second in found.token().record_times()
    if local or there or options["yes"] or not 0 <= ahead < TIME_TO_CANCEL:
        return
    rule = f"closes in {lasting(ahead)}, too soon to be cancelled"
    if not can_ask(options):
        raise InputError.of("at", moment(second), rule, "give --yes, or a later time")
    if not click.confirm(f"The record {rule}. Schedule it?", err=True):
        raise InputError.of("yes", "no", "was the answer, so nothing was sent", "run it again")


def _show_record(session: Session, record: Record, symbol: str, *, dry_run: bool) -> None:
    closes, say = moment(record.closes_at), session.output.say
    verb = "would close" if dry_run and not record.repeated else "closes"
    if record.ahead < 0:
        verb = "closed"
    ahead = f", in {record.ahead // DAY:,} days" if record.ahead >= DAY else ""
    say(f"Record {record.id} of {symbol} {verb} at the end of {closes}{ahead}")
    if record.repeated:
        by = "" if record.receipt is None else f" in {record.receipt.hash}"
        say(f"  It was scheduled before{by}; nothing was sent")
    if record.asked_ago is not None:
        ago = lasting(record.asked_ago)
        say(f"  The same words made it {ago} ago; `--another` makes one more")
    session.output.result(
        {
            **({"dry_run": True} if dry_run else {}),
            "record": record.id,
            "closes_at": record.closes_at,
            "closes": closes,
            "resumed": record.repeated,
            "transaction": None if record.receipt is None else record.receipt.hash,
        }
    )


# --------------------------------------------------------------------------------------------- list


@cli.command("list", cls=Command, examples=("prorata record list",))
@reading_options
def list_command(**options: Any) -> None:
    """List the record dates of an asset: which have closed, are open, or were cancelled."""
    session = Session.of(options)
    with session.reading() as found:
        records = read_records(found)
    output, symbol = session.output, found.settings.symbol
    if not records:
        output.say(f"{symbol} has no record date; `prorata record` schedules one")
    else:
        rows = [_row(record) for record in records[-SHOWN:]]
        output.table(f"Record dates of {symbol}", ("record>", "closes", "state", "paid by"), rows)
        if len(records) > SHOWN:
            output.say(f"and {len(records) - SHOWN:,} earlier ones: `--json` has all of them")
    output.result({"records": [_facts(record) for record in records]})


def _row(record: RecordDate) -> tuple[str, ...]:
    closes = "" if record.closes_at is None else moment(record.closes_at)
    paid = ", ".join(f"distribution {number}" for number in record.distributions)
    return str(record.id), closes, record.state, paid


def _facts(record: RecordDate) -> dict[str, Any]:
    closes = None if record.closes_at is None else moment(record.closes_at)
    return {
        "record": record.id,
        "closes_at": record.closes_at,
        "closes": closes,
        "state": record.state,
        "distributions": list(record.distributions),
    }


# ------------------------------------------------------------------------------------------- cancel


@cli.command("cancel", cls=Command, asks=True, examples=EXAMPLES[-1:])
@click.option("--from", "first", type=int, required=True, help="The first record to be cancelled.")
@common_options
def cancel_command(first: int, dry_run: bool, **options: Any) -> None:
    """Cancel a record that is still open, and every later one.

    Only the token's owner can. A cancelled record never closes, and its number is not given again.
    What was declared for it pays nobody: `prorata refund` sends it back to who declared it. A
    record that has closed cannot be cancelled.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        done = cancel_records(operator, found, first, dry_run=dry_run)
    _show_cancelled(session, done, found.settings.symbol, dry_run=dry_run)


def _show_cancelled(
    session: Session, done: CancelledRecords, symbol: str, *, dry_run: bool
) -> None:
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
