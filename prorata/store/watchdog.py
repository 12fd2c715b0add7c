# SPDX-License-Identifier: MIT
"""Says when a chain stands still by the wall clock: no new block, or none that becomes final."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median

from prorata.store.pages import Header

__all__ = ["Watchdog"]

USUAL_BLOCK_TIME = 2.0
BLOCKS_SECONDS = 120.0
FINAL_SECONDS = 1_800.0
TIMES = 20
REMEMBERED = 20


class Watchdog:
    """Hears of every look at the chain.

    A chain that makes blocks only for transactions, as a local one does, is quiet and well:
    `quiet` says that it is such a one.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        blocks_seconds: float = BLOCKS_SECONDS,
        final_seconds: float = FINAL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet, self._clock = quiet, clock
        self._limits = {"block": blocks_seconds, "final block": final_seconds}
        self._seen: dict[str, tuple[int, float]] = {}
        self._heads: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._warned: set[str] = set()

    @property
    def block_time(self) -> float:
        """Seconds between two blocks by the chain's own time, of late."""
        heads = list(self._heads)
        gaps = [
            (later[1] - one[1]) / (later[0] - one[0])
            for one, later in pairwise(heads)
            if later[0] > one[0]
        ]
        return median(gaps) if gaps else USUAL_BLOCK_TIME

    def heard(self, head: Header, final: int) -> Iterator[str]:
        """What is to be said after one more look."""
        if not self._heads or self._heads[-1] != (head.number, head.time):
            self._heads.append((head.number, head.time))
        if self._quiet:
            return
        yield from self._stands_still("block", head.number)
        yield from self._stands_still("final block", final)

    def _stands_still(self, what: str, number: int) -> Iterator[str]:
        now = self._clock()
        seen, since = self._seen.get(what, (None, now))
        if seen != number:
            self._seen[what] = (number, now)
            self._warned.discard(what)
            return
        limit = max(self._limits[what], TIMES * self.block_time)
        if now - since >= limit and what not in self._warned:
            self._warned.add(what)
            minutes = int(now - since) // 60
            yield f"no new {what} for {minutes} minutes: the last is {number}"
