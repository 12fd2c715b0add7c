# SPDX-License-Identifier: MIT
"""Logs in ranges of blocks that the node takes: narrower after a refusal, wider again later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from prorata.chain.encoding import header_of, log_of
from prorata.chain.rpc import BusyError, SlowError
from prorata.chain.transports.limits import EASY_LOGS, EASY_SECONDS, Limits
from prorata.chain.transports.replies import Request
from prorata.chain.transports.wordings import is_ahead_of_node, offered_range
from prorata.chain.types import BlockHeader, Log
from prorata.errors import RUN_AGAIN, ChainError

__all__ = ["LogRange", "read_logs", "read_ranges"]

AHEAD_AFTER_SECONDS = (0.5, 1.0, 2.0)
MANY_LOGS = 20_000
WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class LogRange:
    """What a node says of the blocks `first` to `until`: the logs as its JSON has them.

    `end` is the header of `until`, asked for together with them; `node` is who said it.
    """

    first: int
    until: int
    logs: Sequence[Mapping[str, Any]]
    end: BlockHeader
    node: str


class _Asked(Protocol):
    """Whom the logs are asked of, as `RpcChain` is."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def request(self, method: str, *params: object) -> Any: ...

    def try_many(self, questions: Sequence[Request], *, hasty: bool = False) -> list[Any]: ...


def read_logs(chain: _Asked, wanted: Mapping[str, object], first: int, last: int) -> Iterator[Log]:
    """The logs of blocks `first` to `last`, both included, in chain order.

    `wanted` is a filter of JSON-RPC without its blocks. What was learnt of the node's limits is
    remembered for the next time.

    Raises: ChainError when the node refuses even a single block, or has not got that far.
    """
    for page, _ in _pages(chain, wanted, first, last, ended=False):
        found = [log_of(entry) for entry in page if not entry.get("removed", False)]
        yield from sorted(found, key=lambda log: (log.block_number, log.log_index))


def read_ranges(
    chain: _Asked, wanted: Mapping[str, object], first: int, last: int
) -> Iterator[LogRange]:
    """The same ranges one by one, their logs as the node gave them, and the header of each end.

    Raises: ChainError as `read_logs`; BusyError when the node has not got so far.
    """
    for page, until in _pages(chain, wanted, first, last, ended=True):
        logs, end = page
        yield LogRange(first, until, logs, end, chain.name)
        first = until + 1


def _pages(
    chain: _Asked, wanted: Mapping[str, object], first: int, last: int, *, ended: bool
) -> Iterator[tuple[Any, int]]:
    """The answers to ranges, each as wide as the node takes it, with the last block of each.

    With `ended` each is the logs and the header of the range's end.
    """
    try:
        while first <= last:
            widest = chain.limits.comfortable if ended else last - first + 1
            until = min(last, first + min(chain.limits.logs.size, widest) - 1)
            if (page := _page(chain, wanted, first, until, ended=ended)) is None:
                continue
            yield page, until
            if ended:
                chain.limits.comfortable = _next_width(until - first + 1, len(page[0]))
            first = until + 1
    finally:
        chain.limits.keep()


def _next_width(count: int, found: int) -> int:
    """How many blocks to ask for next, where so many had so many logs.

    A node that limits nothing would answer with more than anybody's memory holds.
    """
    if found > MANY_LOGS:
        return max(1, count * EASY_LOGS // found)
    return count if found > EASY_LOGS else min(WIDEST, 4 * count)


def _page(
    chain: _Asked, wanted: Mapping[str, object], first: int, until: int, *, ended: bool
) -> Any:
    """The node's answer; None when the range is to be a narrower one."""
    span = {**wanted, "fromBlock": hex(first), "toBlock": hex(until)}
    count, pace, started = until - first + 1, chain.limits.logs, time.monotonic()
    try:
        answer, end = _answer(chain, span, count, ended=ended)
    except SlowError:
        if count == 1:
            raise
        # A node that does not answer at all is asked for nothing less.
        chain.request("eth_chainId")
        pace.refuse(count, slow=True)
        return None
    if not isinstance(answer, ChainError):
        easily = len(answer) < EASY_LOGS and time.monotonic() - started < EASY_SECONDS
        pace.accept(count, easily=easily)
        return (answer, end) if ended else answer
    # Who is asked too often is not helped by being asked for less, and so more often.
    if count == 1 or isinstance(answer, BusyError):
        raise answer
    offer = offered_range(answer.sentence, first)
    if offer is not None and offer.always and offer.blocks < count:
        pace.limit(offer.blocks)
    pace.refuse(count, None if offer is None else offer.blocks)
    return None


def _answer(
    chain: _Asked, span: Mapping[str, object], count: int, *, ended: bool
) -> tuple[Any, BlockHeader | None]:
    """The logs, or the refusal; a node that has not got so far is given a few seconds.

    With `ended` also the header of the last block, which it must have to answer at all: a few
    nodes give the logs of blocks that they do not know as none.

    Raises: ChainError when it does not get there.
    """
    asked: list[Request] = [("eth_getLogs", (span,))]
    if ended:
        asked.append(("eth_getBlockByNumber", (span["toBlock"], False)))
    for pause in (*AHEAD_AFTER_SECONDS, None):
        answer, *more = chain.try_many(asked, hasty=count > 1)
        refused = isinstance(answer, ChainError)
        reason = answer.sentence if refused else "it has not the block"
        if refused and not is_ahead_of_node(reason):
            return answer, None
        if not refused and all(isinstance(header, dict) for header in more):
            return answer, header_of(more[0]) if more else None
        if pause is None:
            raise BusyError(
                f"{chain.name} is behind: it has no logs of block {int(str(span['toBlock']), 16)} "
                f"yet ({reason})",
                f"wait a minute and {RUN_AGAIN}, or use another node",
            )
        time.sleep(pause)
    raise AssertionError
