# SPDX-License-Identifier: MIT
"""How often one may ask: a key by what all workers have counted together, anybody by address.

A key's count stands in the office's database, of which a worker takes some beforehand, so that not
every request writes. Who has no key is counted in each worker's memory, which is bounded, by the
address; of IPv6 by its first 64 bits, since whoever has one address there has all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from prorata.errors import StoreError
from prorata.service.problems import Refused
from prorata.store.database import Database
from prorata.store.usage import Lease, lease

__all__ = ["Limiter", "MemoryCounts", "SharedCounts", "client_of"]

Clock = Callable[[], float]

REMEMBERED = 20_000
"""Addresses that a worker counts at once."""

PARTS = 20
"""A worker takes this part of a limit at once."""


class MemoryCounts(Storage):
    """Counts in memory, of so many names at most: the one that was begun first is forgotten."""

    STORAGE_SCHEME = ["prorata-memory"]  # noqa: RUF012 - as the library has it

    def __init__(self, most: int = REMEMBERED, clock: Clock = time.time) -> None:
        super().__init__()
        self.most = most
        self.clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """None of its own."""
        return StoreError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """One more; a window begins with its first."""
        count, end = self._counts.get(key, (0, 0.0))
        if end <= self.clock():
            self._counts.pop(key, None)
            count, end = 0, self.clock() + expiry
        self._counts[key] = (count + amount, end)
        while len(self._counts) > self.most:
            self._counts.popitem(last=False)
        return count + amount

    async def get(self, key: str) -> int:
        """How many there were in this window."""
        count, end = self._counts.get(key, (0, 0.0))
        return count if end > self.clock() else 0

    async def get_expiry(self, key: str) -> float:
        """When its window ends."""
        return self._counts.get(key, (0, self.clock()))[1]

    async def check(self) -> bool:
        """It is always there."""
        return True

    async def reset(self) -> int:
        """Forget everything."""
        forgotten = len(self._counts)
        self._counts.clear()
        return forgotten

    async def clear(self, key: str) -> None:
        """Forget one."""
        self._counts.pop(key, None)


class SharedCounts(Storage):
    """Counts in the office's database, which every worker of it shares.

    A number over the limit `most` needs no asking: the window is used up until it ends.
    """

    STORAGE_SCHEME = ["prorata-office"]  # noqa: RUF012 - as the library has it

    def __init__(self, database: Database, most: int, clock: Clock = time.time) -> None:
        super().__init__()
        self.database = database
        self.most = most
        self.size = max(1, most // PARTS)
        self.clock = clock
        self._leases: dict[str, tuple[Lease, int]] = {}
        self._asking = asyncio.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the database refuses."""
        return StoreError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The next number of the key, of those that were taken, or of those that are taken now."""
        async with self._asking:
            for _ in range(amount):
                number = await self._next(key, expiry)
        return number

    async def _next(self, key: str, expiry: int) -> int:
        now = int(self.clock())
        held = self._leases.get(key)
        if held is None or held[0].ends_at <= now:
            held = None
        if held is None or held[1] >= held[0].last < self.most:
            taken = await asyncio.to_thread(
                lease, self.database, key, size=self.size, seconds=expiry, now=now
            )
            held = (taken, taken.first - 1)
            self._leases = {name: one for name, one in self._leases.items() if one[0].ends_at > now}
        self._leases[key] = (held[0], held[1] + 1)
        return held[1] + 1

    async def get(self, key: str) -> int:
        """The last number that this worker has given, of this window."""
        held = self._leases.get(key)
        return 0 if held is None or held[0].ends_at <= self.clock() else held[1]

    async def get_expiry(self, key: str) -> float:
        """When the window ends."""
        held = self._leases.get(key)
        return self.clock() if held is None else float(held[0].ends_at)

    async def check(self) -> bool:
        """Whether the database answers."""
        await asyncio.to_thread(self._look)
        return True

    def _look(self) -> None:
        with self.database.snapshot():
            pass

    async def reset(self) -> None:
        """Let go of what was taken; what others have counted stays."""
        self._leases.clear()

    async def clear(self, key: str) -> None:
        """Let go of what was taken for one."""
        self._leases.pop(key, None)


# --------------------------------------------------------------------------------------- requests


@dataclass
class Limiter:
    """Counts requests, and refuses those beyond the limits of a minute; 0 is no limit."""

    anybody: int
    key: int
    office: Database | None
    clock: Clock = time.time

    def __post_init__(self) -> None:
        """Nothing was counted yet."""
        self._memory = FixedWindowRateLimiter(MemoryCounts(clock=self.clock))
        self._shared = (
            None
            if self.office is None
            else FixedWindowRateLimiter(SharedCounts(self.office, self.key, self.clock))
        )

    async def count_anybody(self, request: Request) -> None:
        """One request of somebody without a key.

        Raises: Refused beyond the limit.
        """
        await self._count(request, self._memory, self.anybody, client_of(request))

    async def check_anybody(self, request: Request) -> None:
        """Before a key is looked up: whether its sender has sent too many that are none.

        Raises: Refused beyond the limit.
        """
        item, who = _in_a_minute(max(1, self.anybody)), client_of(request)
        if self.anybody and not await self._memory.test(item, who):
            await self.count_anybody(request)

    async def count_key(self, request: Request, key: str) -> None:
        """One request of a key.

        Raises: Refused beyond the limit; StoreError when the office cannot be asked.
        """
        if self._shared is not None:
            await self._count(request, self._shared, self.key, key)

    async def _count(
        self, request: Request, limiter: FixedWindowRateLimiter, most: int, who: str
    ) -> None:
        if not most:
            return
        item = _in_a_minute(most)
        within = await limiter.hit(item, who)
        stats = await limiter.get_window_stats(item, who)
        seconds = max(1, int(stats.reset_time - self.clock()) + 1)
        told = {
            "RateLimit-Limit": str(most),
            "RateLimit-Remaining": str(stats.remaining),
            "RateLimit-Reset": str(seconds),
        }
        # The edge puts them on whatever is answered.
        request.scope["state"]["headers"] = told
        if not within:
            raise Refused(
                "too-many", f"more than {most:,} requests in a minute",
                f"ask again in {seconds} seconds", headers={"Retry-After": str(seconds)},
            )  # fmt: skip


@cache
def _in_a_minute(most: int) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(most)


def client_of(request: Request) -> str:
    """The address that a request came from, as it is counted."""
    told = "" if request.client is None else request.client.host
    try:
        address = ip_address(told)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((int(address), 64), strict=False))
        return str(address.ipv4_mapped)
    return str(address)
