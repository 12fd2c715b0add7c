# SPDX-License-Identifier: MIT
"""Who holds how many shares, now and at a record, read from the token's events."""

from __future__ import annotations

from prorata.chain.abi import topics_of
from prorata.chain.events import stream_events
from prorata.chain.readings import read_steadily
from prorata.chain.types import Block, BlockTag
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.register.record_ranges import balances_at_range
from prorata.register.shares import Ledger
from prorata.values.times import moment

__all__ = ["closing_time", "holders_at", "holders_now", "holders_of", "require_closed", "tag_after"]


def closing_time(token: ShareToken, record_id: int, *, record_range: bool = False) -> int:
    """When a record closes, or has closed.

    With `record_range`, it is one of the record ranges that `token` answers for.

    Raises: InputError when it was never scheduled, or defined, or was cancelled.
    """
    count = token.record_count()
    column, done, do = ("record", "scheduled", "schedule")
    if record_range:
        column, done, do = ("record_range", "defined", "define")
    if not 1 <= record_id <= count:
        known = "there is none yet"
        if count:
            known = f"there are {column.replace('_', ' ')}s 1 to {count}"
        raise InputError.of(
            column,
            record_id,
            f"was never {done}: {known}",
            f"{do} it with `{column.replace('_', '-')}`",
        )
    if token.is_record_cancelled(record_id):
        rule = "has a record that was cancelled" if record_range else "was cancelled"
        remedy = f"{do} another one with `{column.replace('_', '-')}`"
        raise InputError.of(column, record_id, f"{rule}, and never closes", remedy)
    return token.record_time(record_id)


def holders_at(deployment: Deployment, record_id: int) -> dict[str, int]:
    """Who held how many shares at a closed record, read from the token's events.

    Raises: InputError when the record was never scheduled or has not closed; BooksError when the
    events do not give all the shares that the token knows of.
    """
    require_closed(deployment, record_id)

    def read(newest: Block) -> dict[str, int]:
        ledger = _register(deployment, newest)
        # Without regular blocks the newest one may be older than the record's end.
        ledger.advance(max(ledger.until, deployment.chain.now()))
        balances = ledger.balances_at(record_id)
        supply = deployment.token("pending").total_supply_at(record_id)
        if sum(balances.values()) != supply:
            raise BooksError(
                f"the events give {sum(balances.values())} shares at record {record_id}, and the "
                f"token says {supply}",
                "check that the node is in step with the chain",
            )
        return balances

    return read_steadily(deployment.chain, read)


def holders_of(deployment: Deployment, found: Distribution) -> dict[str, int]:
    """Who held how many shares at the closed record of a distribution.

    In a record range shares are weighted.

    Raises: as `holders_at` does.
    """
    if found.token == deployment.token().address:
        return holders_at(deployment, found.record_id)
    return balances_at_range(deployment, found.record_id)


def holders_now(deployment: Deployment) -> dict[str, int]:
    """Who holds how many shares at the newest block.

    Raises: BooksError, ChainError.
    """
    return read_steadily(deployment.chain, lambda newest: _register(deployment, newest).balances)


def _register(deployment: Deployment, newest: Block) -> Ledger:
    """The share register, from the two kinds of events that it is made of."""
    chain, address = deployment.chain, deployment.token().address
    first = deployment.manifest.first_block
    topics = topics_of("ShareToken", "Transfer", "RecordScheduled", "RecordCancelled")
    events = stream_events(chain, [address], first, newest.number, topics)
    return Ledger.of(events, address, newest.timestamp)


def tag_after(block: Block, closes_at: int) -> BlockTag:
    """Where to ask about a closed record: at `block`, or the next if it is older than the end.

    That it can be on a chain without regular blocks.
    """
    return block.number if block.timestamp > closes_at else "pending"


def require_closed(deployment: Deployment, record_id: int) -> None:
    """Raises: InputError while a record of the share token is open, or was never scheduled."""
    closes_at, now = closing_time(deployment.token(), record_id), deployment.chain.now()
    if now <= closes_at:
        raise InputError.of(
            "record",
            record_id,
            f"closes at {moment(closes_at)}: the chain's time is {moment(now)}",
            "wait until it has closed",
        )
