# SPDX-License-Identifier: MIT
"""The reader of events: of our contracts, a page at a time, each with its block's timestamp."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from prorata.chain.calls import DecodedEvent, Event, decode_log
from prorata.chain.types import Chain, Log
from prorata.errors import BooksError

__all__ = ["Moment", "find_events", "moment_of", "read_events", "stream_events", "transaction_of"]

PAGE = 10_000

Moment: TypeAlias = tuple[int, int, int]
"""A place in the chain's order: time, block number, log index."""


def moment_of(event: DecodedEvent, timestamp: int) -> Moment:
    """When an event happened; one that was made up comes first in its second."""
    log: Log | None = getattr(event, "log", None)
    return (timestamp, 0, 0) if log is None else (timestamp, log.block_number, log.log_index)


def transaction_of(event: DecodedEvent) -> str:
    """The hash of the transaction behind an event, or nothing for an event that was made up."""
    log: Log | None = getattr(event, "log", None)
    return "" if log is None else log.transaction_hash


def read_events(
    chain: Chain,
    addresses: Sequence[str],
    first_block: int,
    last_block: int,
    topics: Sequence[bytes] | None = None,
) -> list[tuple[Event, int]]:
    """Every event of some contracts, decoded, each with its block's timestamp.

    With `topics`, only the events that begin with one of them, as `topics_of` gives them; then a
    log that no contract of ours would write is passed over.

    Raises: BooksError for a log that is no event of a contract of ours; ChainError.
    """
    return list(stream_events(chain, addresses, first_block, last_block, topics))


def stream_events(
    chain: Chain,
    addresses: Sequence[str],
    first_block: int,
    last_block: int,
    topics: Sequence[bytes] | None = None,
    *,
    wanted: Callable[[Log], bool] = lambda _: True,
) -> Iterator[tuple[Event, int]]:
    """As `read_events`, a page at a time: a register of millions need not be held as events.

    Only those `wanted` are decoded, which costs more than to look at a log.
    """
    logs = filter(wanted, _logs(chain, addresses, first_block, last_block, topics))
    while page := list(islice(logs, PAGE)):
        # A node that tells no times is asked for those of all blocks of the page at once.
        undated = sorted({log.block_number for log in page if not log.block_time})
        times = {block.number: block.timestamp for block in chain.blocks(undated)}
        for event in _decoded(page, topics):
            log = event.log
            yield event, log.block_time or times[log.block_number]


def find_events(
    chain: Chain,
    addresses: Sequence[str],
    first_block: int,
    last_block: int,
    topics: Sequence[bytes] | None = None,
    *,
    wanted: Callable[[Log], bool] = lambda _: True,
) -> Iterator[Event]:
    """As `stream_events`, for whoever does not ask when: no header is ever read.

    Only those `wanted` are decoded, which costs more than to look at a log.
    """
    logs = _logs(chain, addresses, first_block, last_block, topics)
    return _decoded(filter(wanted, logs), topics)


def _logs(
    chain: Chain,
    addresses: Sequence[str],
    first_block: int,
    last_block: int,
    topics: Sequence[bytes] | None,
) -> Iterator[Log]:
    asked = () if topics is None else ([topics],)
    return chain.logs(addresses, first_block, last_block, *asked)


def _decoded(logs: Iterable[Log], topics: Sequence[bytes] | None) -> Iterator[Event]:
    for log in logs:
        event = decode_log(log)
        if event is not None:
            yield event
        elif topics is None:
            raise BooksError(
                f"log {log.log_index} of block {log.block_number} by {log.address} is no known "
                "event",
                "use the version of prorata that the contract was deployed with",
            )
