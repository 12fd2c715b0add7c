# SPDX-License-Identifier: MIT
"""What waits for a node, or for the office, waits in a thread: a few of them, for so long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from prorata.service.problems import Refused

__all__ = ["Workers"]

T = TypeVar("T")


class Workers:
    """Threads that do one thing after another; who comes when all are taken is refused at once."""

    def __init__(self, threads: int = 4, *, waiting: int = 16, seconds: float = 60.0) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="prorata")
        self._most = threads + waiting
        self._seconds = seconds
        self._taken = 0

    async def do(self, function: Callable[[], T]) -> T:
        """What `function` returns, or raises.

        Raises: Refused when there is no thread, or it takes too long; it goes on to its end then.
        """
        if self._taken >= self._most:
            raise Refused(
                "unavailable", "too much is being asked at once",
                "ask again in a moment", headers={"Retry-After": "5"},
            )  # fmt: skip
        self._taken += 1
        running = asyncio.get_running_loop().run_in_executor(self._pool, function)
        running.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._seconds)
        except asyncio.TimeoutError:
            sentence = f"there was no answer within {self._seconds:g} seconds"
            raise Refused(
                "unavailable", sentence, "ask again in a moment", headers={"Retry-After": "5"}
            ) from None

    def _done(self, future: asyncio.Future[T]) -> None:
        self._taken -= 1
        # Nobody may be left to look at it.
        if not future.cancelled():
            future.exception()

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
