# SPDX-License-Identifier: MIT
"""Wakes whoever waits for changes. What it says is never the change: the table is.

PostgreSQL notifies when a page is committed; of a file of SQLite the version is looked at, which
costs some microseconds. Where both fail, the bell rings once a second anyway.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from prorata.store.database import Database
from prorata.store.writer import CHANNEL

__all__ = ["Bell", "watch"]

EVERY_SECONDS = 1.0
"""How often it rings without a cause."""
LOOK_SECONDS = 0.02
"""How often a file's version is looked at."""
AGAIN_SECONDS = 2.0
"""After so long a listener that has lost its server listens again."""


class Bell:
    """Rings for everybody who waits. Belongs to one event loop."""

    def __init__(self) -> None:
        self.rings = 0
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait."""
        self.rings += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, heard: int, seconds: float) -> bool:
        """Until it has rung more often than `heard` times; False where it has not by then."""
        if self.rings == heard:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._next.wait(), max(0.0, seconds))
        return self.rings != heard


async def watch(database: Database, bell: Bell) -> None:
    """Ring whenever the ledger may have changed, until it is cancelled."""
    listen = _look if database.dialect == "sqlite" else _listen
    await asyncio.gather(_regularly(bell), _again(listen, database, bell))


async def _regularly(bell: Bell) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        bell.ring()


async def _again(
    listen: Callable[[Database, Bell], Awaitable[None]], database: Database, bell: Bell
) -> None:
    """A listener that has failed is begun again: meanwhile the bell rings regularly."""
    while True:
        # Whatever a driver raises: only the wake-up is lost, for a while.
        with suppress(Exception):
            await listen(database, bell)
        await asyncio.sleep(AGAIN_SECONDS)


async def _look(database: Database, bell: Bell) -> None:
    path = Path(database.name)
    file = path.stat().st_ino
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    try:
        seen, looks = None, 0
        while True:
            [version] = connection.execute("PRAGMA data_version").fetchone()
            if seen is not None and version != seen:
                bell.ring()
            seen, looks = version, looks + 1
            await asyncio.sleep(LOOK_SECONDS)
            if looks % 50 == 0 and path.stat().st_ino != file:
                return
    finally:
        connection.close()


async def _listen(database: Database, bell: Bell) -> None:
    import psycopg  # noqa: PLC0415 - SQLite needs no driver

    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}".encode())
        # Of what was committed before it listened nobody was told.
        bell.ring()
        async for _ in connection.notifies():
            bell.ring()
