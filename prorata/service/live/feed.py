# SPDX-License-Identifier: MIT
"""The changes of a chain for many clients at once, each from its own place on.

A client has no queue: it reads the table from its place, when it has taken what it was given. So
one that is slow costs no memory, and none misses or repeats a change, whichever process it asks.
Clients that stand at the same place share one question to the database.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from prorata.errors import ProrataError
from prorata.service.live.bell import Bell, watch
from prorata.service.live.changes import Batch, Change, ChangeReader
from prorata.service.live.positions import Position

__all__ = ["Beat", "Feed", "Heard", "Item", "Reset"]

HEARTBEAT_SECONDS = 15.0
READERS = 2
"""Threads that ask a PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A change, and the place after it."""

    position: Position
    change: Change


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing happened that the client may see, up to this place."""

    position: Position


@dataclass(frozen=True, slots=True)
class Reset:
    """The changes have other numbers, or never came so far: read all anew, and go on from here."""

    position: Position


Item: TypeAlias = Heard | Beat | Reset


class Feed:
    """One process's clients of one chain. Made and used within one event loop."""

    def __init__(
        self,
        reader: ChangeReader,
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reader, self.heartbeat = reader, heartbeat
        self.bell = Bell()
        self._closed = asyncio.Event()
        self._clock = clock
        self._watch: asyncio.Task[None] | None = None
        self._asked: dict[Position | None, asyncio.Future[Batch]] = {}
        self._heard = -1
        # A page of a file is read in a fraction of a millisecond; a server is waited for.
        waits = reader.database.dialect != "sqlite"
        self._threads = ThreadPoolExecutor(READERS, "prorata-events") if waits else None

    # ------------------------------------------------------------------------ its life

    def open(self) -> None:
        """Begin to listen for changes."""
        if self._watch is None:
            self._watch = asyncio.create_task(watch(self.reader.database, self.bell))

    def close(self) -> None:
        """Let every client go; no other one is taken."""
        self._closed.set()
        self.bell.ring()

    async def end(self) -> None:
        """Stop listening."""
        self.close()
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    # ---------------------------------------------------------------------- its clients

    async def follow(
        self, after: Position | None, tokens: frozenset[str] | None = None
    ) -> AsyncGenerator[Item, None]:
        """Each change after a place, in order, until the feed is closed; from now on where None.

        The first item tells where it begins. Whoever sees only some assets is told of these.

        Raises: StoreError when the database refuses.
        """
        position, begun, spoken = after, False, self._clock()
        while not self._closed.is_set():
            heard = self.bell.rings
            batch = await self._read(position)
            if batch.reset:
                yield Reset(batch.position)
            elif not begun:
                yield Beat(batch.position if position is None else position)
            for change in batch.changes:
                if (shown := change.shown(tokens)) is not None:
                    yield Heard(Position(batch.position.epoch, change.seq), shown)
                    spoken = self._clock()
                if self._closed.is_set():
                    return
            position, begun = batch.position, True
            if batch.more:
                # Whoever reads a long history lets others have their turn.
                await asyncio.sleep(0)
                continue
            silent = self.heartbeat - (self._clock() - spoken)
            if silent <= 0:
                yield Beat(position)
                spoken = self._clock()
            else:
                await self.bell.wait(heard, silent)

    async def _read(self, after: Position | None) -> Batch:
        """Read once for all who stand there, until the bell rings again."""
        if self._heard != self.bell.rings:
            self._heard = self.bell.rings
            self._asked.clear()
        if (asked := self._asked.get(after)) is None:
            asked = self._asked[after] = asyncio.get_running_loop().create_future()
            try:
                asked.set_result(await self._ask(after))
            except ProrataError as error:
                self._asked.pop(after, None)
                asked.set_exception(error)
                # Nobody else may have waited for it.
                asked.exception()
                raise
            except BaseException:
                # The one who asked has gone; another one asks again.
                self._asked.pop(after, None)
                asked.cancel()
                raise
            return asked.result()
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            if asked.cancelled():
                return await self._read(after)
            raise

    async def _ask(self, after: Position | None) -> Batch:
        if self._threads is None:
            return self.reader.read(after)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.reader.read, after)
