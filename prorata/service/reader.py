# SPDX-License-Identifier: MIT
"""The ledger as requests read it: one snapshot each, never waited for on the event loop.

A page of SQLite takes a tenth of a millisecond, less than handing it to a thread; what may take
longer goes to one. PostgreSQL is asked by its asynchronous driver, through a pool that is bounded.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import Connection, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from prorata.errors import StoreError
from prorata.service.settings import Settings
from prorata.store.database import (
    CONNECT_SECONDS,
    SCHEMA,
    Database,
    prepare_postgresql,
    server_address,
)

__all__ = ["Reader"]

T = TypeVar("T")

_KNOWN = "prorata.known"

MOST_KEPT = 1_000
LOOK_SECONDS = 1.0

STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""


class Reader:
    """The ledger, open for reading."""

    def __init__(self, settings: Settings) -> None:
        """Raises: StoreError when there is no ledger of this version; InputError for no place."""
        self.seconds = settings.statement_seconds
        self.database = Database.open(settings.ledger)
        self.name = self.database.name
        self._alone = threading.Lock()
        self._threads = asyncio.Semaphore(settings.connections)
        self._server: AsyncEngine | None = None
        # Of SQLite: a connection that only asks whether anybody has written, and what was found
        # while nobody had.
        self._watch = _watch(self.database)
        self._seen: tuple[int, dict[Hashable, Any]] = (-1, {})
        self._file, self._look_at = self._file_number(), 0.0
        if self.database.dialect == "postgresql":
            self._server = _server(settings)

    async def ask(self, function: Callable[[Connection], T], *, long: bool = False) -> T:
        """What `function` finds in one snapshot; `long` if it may read more than a page.

        Raises: StoreError when the database refuses, or it takes too long; whatever it raises.
        """
        if self._server is not None:
            return await self._ask_server(self._server, function)
        if not long:
            return self._ask_file(function)
        async with self._threads:
            return await asyncio.to_thread(self._ask_file, function)

    def _ask_file(self, function: Callable[[Connection], T]) -> T:
        self._follow_file()
        with self.database.snapshot() as connection, self._bounded(connection):
            return function(connection)

    @contextmanager
    def _bounded(self, connection: Connection) -> Iterator[None]:
        """SQLite has no limit of time, but asks now and then whether to go on."""
        driver: Any = connection.connection.driver_connection
        end = time.monotonic() + self.seconds
        driver.set_progress_handler(lambda: time.monotonic() > end, STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)

    @property
    def can_peek(self) -> bool:
        """Whether the database says cheaply that nobody has written."""
        return self._watch is not None

    def peek(self, key: Hashable) -> Any:
        """What was kept under a key, if nobody has written since; None if somebody has."""
        if self._watch is None:
            return None
        version, found = self._seen
        return found.get(key) if version == self._version() else None

    async def keep(self, key: Hashable, find: Callable[[Connection], T]) -> T:
        """Find something for `peek`: kept only if nobody has written while it was found.

        Raises: as `ask`.
        """
        before = None if self._watch is None else self._version()
        found = await self.ask(find)
        if before is not None and before == self._version():
            if self._seen[0] != before or len(self._seen[1]) > MOST_KEPT:
                self._seen = (before, {})
            self._seen[1][key] = found
        return found

    def _version(self) -> int:
        """It changes whenever another connection has written."""
        self._follow_file()
        assert self._watch is not None
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def _follow_file(self) -> None:
        """Look now and then whether a ledger that was derived anew has taken the file's place."""
        if (now := time.monotonic()) < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if (number := self._file_number()) in (self._file, 0):
            return
        with self._alone:
            if number == self._file:
                return
            self._file = number
            # Whoever reads the old one reads it to the end.
            self.database.engine.dispose()
            self._watch, self._seen = _watch(self.database), (-1, {})

    def _file_number(self) -> int:
        """The file's, by which a file that was put in its place is told from it; 0 for none."""
        with suppress(OSError):
            return Path(str(self.database.engine.url.database)).stat().st_ino
        return 0

    @staticmethod
    def remember(connection: Connection, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` finds, or has found in this very state of the database.

        SQLite says whether anybody has written since; PostgreSQL does not, and is asked again.
        """
        if connection.dialect.name != "sqlite":
            return find()
        driver: Any = connection.connection.driver_connection
        version = driver.execute("PRAGMA data_version").fetchone()[0]
        known = connection.info.get(_KNOWN)
        if known is None or known[0] != version:
            known = connection.info[_KNOWN] = (version, {})
        found: dict[Hashable, Any] = known[1]
        if key not in found:
            found[key] = find()
        return cast("T", found[key])

    async def _ask_server(self, server: AsyncEngine, function: Callable[[Connection], T]) -> T:
        try:
            with self.database.refusals():
                async with server.connect() as connection:
                    return await connection.run_sync(function)
        except PoolTimeout:
            raise StoreError(
                f"all connections to {self.name} are in use", "ask again in a moment"
            ) from None

    async def close(self) -> None:
        """Let go of every connection."""
        if self._watch is not None:
            self._watch.close()
        if self._server is not None:
            await self._server.dispose()
        self.database.close()


def _watch(database: Database) -> sqlite3.Connection | None:
    if database.dialect != "sqlite":
        return None
    path = f"file:{quote(str(database.engine.url.database))}?mode=ro"
    return sqlite3.connect(path, uri=True, check_same_thread=False, isolation_level=None)


def _server(settings: Settings) -> AsyncEngine:
    url, _ = server_address(settings.ledger)
    options = {
        "search_path": SCHEMA,
        # One snapshot for all that a request asks, without a word more to the server.
        "default_transaction_isolation": r"repeatable\ read",
        "default_transaction_read_only": "on",
        "statement_timeout": f"{int(settings.statement_seconds * 1000)}",
    }
    server = create_async_engine(
        url,
        pool_size=settings.connections,
        max_overflow=0,
        pool_timeout=settings.statement_seconds,
        pool_pre_ping=False,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": " ".join(f"-c{name}={value}" for name, value in options.items()),
        },
    )
    event.listen(server.sync_engine, "connect", prepare_postgresql)
    return server
