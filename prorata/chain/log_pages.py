# SPDX-License-Identifier: MIT
"""Logs in ranges of blocks that the node takes: narrower after a refusal, wider again later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from prorata.chain.encoding import log_of
from prorata.chain.rpc import BusyError, SlowError
from prorata.chain.transports.limits import EASY_LOGS, EASY_SECONDS, Limits
from prorata.chain.transports.replies import Request
from prorata.chain.transports.wordings import is_ahead_of_node, offered_range
from prorata.chain.types import Log
from prorata.errors import RUN_AGAIN, ChainError

__all__ = ["read_logs"]

AHEAD_AFTER_SECONDS = (0.5, 1.0, 2.0)


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
    try:
        while first <= last:
            until = min(last, first + chain.limits.logs.size - 1)
            if (page := _page(chain, wanted, first, until)) is None:
                continue
            found = [log_of(entry) for entry in page if not entry.get("removed", False)]
            yield from sorted(found, key=lambda log: (log.block_number, log.log_index))
            first = until + 1
    finally:
        chain.limits.keep()


def _page(chain: _Asked, wanted: Mapping[str, object], first: int, until: int) -> Any:
    """The node's answer; None when the range is to be a narrower one."""
    span = {**wanted, "fromBlock": hex(first), "toBlock": hex(until)}
    count, pace, started = until - first + 1, chain.limits.logs, time.monotonic()
    try:
        answer = _answer(chain, span, count)
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
        return answer
    # Who is asked too often is not helped by being asked for less, and so more often.
    if count == 1 or isinstance(answer, BusyError):
        raise answer
    offer = offered_range(answer.sentence, first)
    if offer is not None and offer.always and offer.blocks < count:
        pace.limit(offer.blocks)
    pace.refuse(count, None if offer is None else offer.blocks)
    return None


def _answer(chain: _Asked, span: Mapping[str, object], count: int) -> Any:
    """The logs, or the refusal; a node that has not got so far is given a few seconds.

    Raises: ChainError when it does not get there.
    """
    for pause in (*AHEAD_AFTER_SECONDS, None):
        [answer] = chain.try_many([("eth_getLogs", (span,))], hasty=count > 1)
        if not isinstance(answer, ChainError) or not is_ahead_of_node(answer.sentence):
            return answer
        if pause is None:
            raise BusyError(
                f"{chain.name} is behind: it has no logs of block {int(str(span['toBlock']), 16)} "
                f"yet ({answer.sentence})",
                f"wait a minute and {RUN_AGAIN}, or use another node",
            )
        time.sleep(pause)
    raise AssertionError
