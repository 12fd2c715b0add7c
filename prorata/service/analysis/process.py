# SPDX-License-Identifier: MIT
"""The process that analyses: begun at the first question, ended after idle minutes.

A worker answers pages in a millisecond; a figure may take seconds, and its libraries more memory
than the worker has. So each worker has one process for figures, which takes one question after the
other. It is ended when an answer takes too long, begun anew when it has died, and it ends by itself
as soon as its worker is gone, however that ended.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from prorata.service.problems import Refused

__all__ = ["Analyst"]

START_SECONDS = 60.0
"""In which the process must have begun; its libraries take seconds where others compute, too."""

_AGAIN = {"Retry-After": "5"}


class Analyst:
    """One process; equal questions that are asked at once are computed once."""

    def __init__(self, seconds: float, waiting: int, idle_seconds: float) -> None:
        """An answer takes `seconds` at most; so many questions may be `waiting`."""
        self.seconds = seconds
        self.waiting = waiting
        self.idle_seconds = idle_seconds
        self.pid: int | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._alone = asyncio.Lock()
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._rest: asyncio.TimerHandle | None = None

    async def ask(self, key: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function` returns there; whoever asks by the same key meanwhile is given the same.

        Raises: Refused when too many wait, it takes too long, or the process died twice; what
        `function` raises.
        """
        task = self._asked.get(key)
        if task is None:
            if len(self._asked) > self.waiting:
                raise _refused("too many figures are being asked for at once")
            task = asyncio.create_task(self._answer(function, arguments))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        # Who has asked may leave; the others still want it.
        return await asyncio.shield(task)

    def _answered(self, key: str, task: asyncio.Task[Any]) -> None:
        del self._asked[key]
        if not task.cancelled():
            # Nobody may be left to look at it.
            task.exception()

    async def _answer(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        try:
            await asyncio.wait_for(self._alone.acquire(), START_SECONDS)
        except asyncio.TimeoutError:
            raise _refused("other figures are being computed") from None
        try:
            if self._rest is not None:
                self._rest.cancel()
            return await self._compute(function, arguments)
        except (asyncio.TimeoutError, TimeoutError, FutureTimeout):
            self.close()
            raise _refused(f"the figures took longer than {self.seconds:g} seconds") from None
        finally:
            self._rest = asyncio.get_running_loop().call_later(self.idle_seconds, self.close)
            self._alone.release()

    async def _compute(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        for _ in range(2):
            try:
                pool = await asyncio.to_thread(self._begun)
                running = asyncio.wrap_future(pool.submit(function, *arguments))
                return await asyncio.wait_for(running, self.seconds)
            except BrokenProcessPool:
                # It was killed, or the machine had no memory for it.
                self.close()
        raise _refused("the process of the figures died")

    def _begun(self) -> ProcessPoolExecutor:
        """The process, with all that it needs: of its start no question's time is taken.

        Raises: BrokenProcessPool, TimeoutError.
        """
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin)
            self.pid = pool.submit(os.getpid).result(START_SECONDS)
            self._pool = pool
        return self._pool

    def close(self) -> None:
        """End the process, whatever it does; a later question begins another one."""
        if self._rest is not None:
            self._rest.cancel()
        pool, pid, self._pool, self.pid = self._pool, self.pid, None, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _refused(sentence: str) -> Refused:
    return Refused("unavailable", sentence, "ask again in a moment", headers=_AGAIN)


def _begin() -> None:
    """In the process: have the libraries, and end with the worker, however that ends."""
    # The terminal tells the whole group; the worker ends this one itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_worker, daemon=True).start()
    from prorata.service.analysis import answers  # noqa: F401, PLC0415


def _end_with_worker() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)
