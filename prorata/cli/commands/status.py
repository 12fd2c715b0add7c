# SPDX-License-Identifier: MIT
"""Show how an asset stands, on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.reports.status import (
    ENOUGH_GAS,
    DistributionLine,
    GasAccount,
    RecordLine,
    Status,
    read_status,
)
from prorata.values.amounts import ETHER, format_units, parse_units
from prorata.values.times import iso, moment

DAY = 86_400
SHOWN_DISTRIBUTIONS, SHOWN_DUE, SHOWN_ACCOUNTS = 5, 6, 4
EXAMPLES = ("prorata status", "prorata status --json")


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--low",
    default=ETHER.amount(ENOUGH_GAS).text,
    show_default=True,
    help="Warn of an account with less ether than this.",
)
@reading_options
def cli(low: str, **options: Any) -> None:
    """Show how an asset stands, on one screen.

    Shares and holders, records, distributions, what is due next, and the accounts that pay gas.
    Nothing is sent. `prorata books` proves the figures.
    """
    session, enough = Session.of(options), parse_units(low, ETHER.decimals)
    with session.reading() as found:
        status = read_status(found, enough_gas=enough)
    for line in _lines(status):
        session.output.say(escape(line))
    for account in status.accounts:
        if account.low:
            session.output.notice(
                f"{account.address} has {account.balance.text} ETH, less than {low}; send it some "
                "before it has to pay for a transaction"
            )
    session.output.result(status.as_json())


def _lines(status: Status) -> Iterator[str]:
    yield (
        f"{status.symbol}, {status.name}: chain {status.chain_id}, block {status.block:,}, "
        f"{moment(status.at)}"
    )
    holders = "1 holder" if status.holders == 1 else f"{status.holders:,} holders"
    frozen = f", {status.frozen_wallets} frozen" if status.frozen_wallets else ""
    stopped = "; transfers are stopped" if status.paused else ""
    yield _row(
        "shares",
        f"{status.shares.text} of {status.authorised.text} authorised, {holders}{frozen}{stopped}",
    )
    yield _row("records", _records(status))
    yield from _listed("distributions", status.distributions[::-1], SHOWN_DISTRIBUTIONS, _paid)
    yield from _listed("due", status.due, SHOWN_DUE, _due)
    yield _row("drift", _drift(status))
    yield from _listed("gas", status.accounts, SHOWN_ACCOUNTS, _account)


def _row(name: str, text: str) -> str:
    return f"{name:<15}{text}"


def _listed(name: str, items: Any, most: int, words: Any) -> Iterator[str]:
    """The first few, one a line; the name stands before the first."""
    if not items:
        yield _row(name, "none")
    for number, item in enumerate(items[:most]):
        yield _row("" if number else name, words(item))
    if len(items) > most:
        yield _row("", f"and {len(items) - most:,} more: `prorata status --json`")


def _records(status: Status) -> str:
    last, coming = status.last_record, status.next_record
    past = "none has closed"
    if last is not None:
        count = status.closed_records
        past = f"{count} closed, the last at {_closing(last)}"
    if coming is None:
        return f"{past}; none is scheduled"
    days = (coming.closes_at - status.at) // DAY
    ahead = f", in {days} days" if days > 1 else ""
    return f"{past}; next is {_closing(coming)}{ahead}"


def _closing(record: RecordLine) -> str:
    return f"{moment(record.closes_at)} (record {record.record})"


def _paid(line: DistributionLine) -> str:
    """`3: rent at record 2, 85,000.00 USD, 1,000.00 paid, 84,000.00 owed, payable until …`."""
    record = f"record range {line.record}" if line.record_range else f"record {line.record}"
    money = f"{line.amount.text} {line.amount.currency}, {line.paid.text} paid"
    if line.withheld.units:
        money += f", {line.withheld.text} withheld"
    if line.state == "done":
        return f"{line.id}: {line.kind} at {record}, {money}, done"
    until = f" until {iso(line.deadline)}" if line.deadline else ""
    return (
        f"{line.id}: {line.kind} at {record}, {money}, {line.owed.text} owed, {line.state}{until}"
    )


def _due(due: Any) -> str:
    done_by = f": `{due.command}`" if due.command else ""
    return f"{due.when:<22}{due.what}{done_by}"


def _drift(status: Status) -> str:
    if not status.drift:
        return "none: the chain is as the manifest and the journal say"
    kinds = ", ".join(dict.fromkeys(drift.kind.value for drift in status.drift))
    things = "one thing differs" if len(status.drift) == 1 else f"{len(status.drift)} things differ"
    return f"{things} ({kinds}): `prorata drift`"


def _account(account: GasAccount) -> str:
    roles = ", ".join(account.roles) or "has sent steps"
    # Rounded down: the last digits of so many say nothing.
    ether = format_units(account.balance.units // 10**14, 4, trim=True)
    return f"{account.address} {ether} ETH, {roles}"
