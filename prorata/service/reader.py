# SPDX-License-Identifier: MIT
"""The ledger as requests read it: one snapshot each, never waited for on the event loop.

A page of SQLite takes a tenth of a millisecond, less than handing it to a thread; what may take
longer goes to one. PostgreSQL is asked by its asynchronous driver, through a pool that is bounded:
statements of which nothing was written from before the first to after the last are of one snapshot
without a transaction, and only where something was are they asked again, in one.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import threading
import time
from collections import ChainMap
from collections.abc import Callable, Hashable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from prorata.errors import ProrataError, StoreError
from prorata.service.settings import Settings
from prorata.service.versions import SERVER, ServerVersion, Version
from prorata.store.database import (
    CONNECT_SECONDS,
    SCHEMA,
    Database,
    prepare_postgresql,
    server_address,
)

__all__ = ["Reader"]

T = TypeVar("T")

_KNOWN, _SERVER = "prorata.known", "prorata.server"

MOST_KEPT = 1_000
LOOK_SECONDS = 1.0

_IDLE = 0  # as libpq counts
_NO_TRANSACTION = "25P01"
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
        # What only asks whether anybody has written, and what was found while nobody had.
        self._watch = _watch(self.database)
        self._versions: ServerVersion | None = None
        self._seen: tuple[Version, dict[Hashable, Any]] = (None, {})
        self._file, self._look_at = self._file_number(), 0.0
        if self.database.dialect == "postgresql":
            self._server = _server(settings)
            self._versions = ServerVersion(self._server.url, settings.statement_seconds)

    async def ask(
        self,
        function: Callable[[Connection], T],
        *,
        long: bool = False,
        since: Version | None = None,
    ) -> T:
        """What `function` finds in one snapshot; `long` if it may read more than a page.

        `since` is a version of after the request had begun. It may be called twice.

        Raises: StoreError when the database refuses, or it takes too long; whatever it raises.
        """
        if self._server is not None:
            return await self._ask_server(self._server, function, since, long=long)
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

    # -------------------------------------------------------------------- whether anybody wrote

    async def version(self) -> Version | None:
        """It changes whenever somebody has written; None where the database does not say it."""
        return self._version() if self._versions is None else await self._versions.read()

    def peek(self, version: Version, key: Hashable) -> Any:
        """What was kept under a key, of this version; None if there is nothing."""
        return self._seen[1].get(key) if version == self._seen[0] else None

    async def keep(self, version: Version, key: Hashable, find: Callable[[Connection], T]) -> T:
        """Find something for `peek`: kept only if nobody has written while it was found.

        Raises: as `ask`.
        """
        found = await self.ask(find, since=version)
        if version == await self.version():
            self._known(version)[key] = found
        return found

    def _known(self, version: Version) -> dict[Hashable, Any]:
        """What was found of a version."""
        if self._seen[0] != version or len(self._seen[1]) > MOST_KEPT:
            self._seen = (version, {})
        return self._seen[1]

    def _version(self) -> Version:
        self._follow_file()
        assert self._watch is not None
        return (self._file, self._watch.execute("PRAGMA data_version").fetchone()[0])

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
            self._watch, self._seen = _watch(self.database), (None, {})

    def _file_number(self) -> int:
        """The file's, by which a file that was put in its place is told from it; 0 for none."""
        with suppress(OSError):
            return Path(str(self.database.engine.url.database)).stat().st_ino
        return 0

    @staticmethod
    def remember(connection: Connection, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` finds, or has found in this very state of the database.

        SQLite says whether anybody has written since; of PostgreSQL it is known beforehand, or not.
        """
        found: MutableMapping[Hashable, Any] | None
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            version = driver.execute("PRAGMA data_version").fetchone()[0]
            known: tuple[Any, dict[Hashable, Any]] | None = connection.info.get(_KNOWN)
            if known is None or known[0] != version or len(known[1]) > MOST_KEPT:
                known = connection.info[_KNOWN] = (version, {})
            found = known[1]
        else:
            found = connection.info.get(_KNOWN)
        if found is None:
            return find()
        if key not in found:
            found[key] = find()
        return cast("T", found[key])

    # --------------------------------------------------------------------------------- PostgreSQL

    async def _ask_server(
        self,
        server: AsyncEngine,
        function: Callable[[Connection], T],
        since: Version | None,
        *,
        long: bool,
    ) -> T:
        try:
            with self.database.refusals():
                async with server.connect() as connection:
                    if not _is_idle(connection):
                        # Whoever gave up a request may have left a transaction.
                        await connection.invalidate()
                        await connection.get_raw_connection()
                    if not long:
                        found = await self._without_transaction(connection, function, since)
                        if found is not None:
                            return found()
                    return await _in_transaction(connection, function)
        except PoolTimeout:
            raise StoreError(
                f"all connections to {self.name} are in use", "ask again in a moment"
            ) from None

    async def _without_transaction(
        self, opened: AsyncConnection, function: Callable[[Connection], T], since: Version | None
    ) -> Callable[[], T] | None:
        """What gives what `function` has found, or raises it; None if somebody wrote meanwhile."""
        assert self._versions is not None
        version = await self._versions.read() if since is None else since
        connection = opened.sync_connection
        assert connection is not None
        if version is None or not self._versions.is_of(version, connection.info.get(_SERVER)):
            return None
        # What is found is for others only once it is known to be of this version.
        known: ChainMap[Hashable, Any] = ChainMap({}, self._known(version))
        connection.info[_KNOWN] = known
        found: Callable[[], T]
        try:
            value = await opened.run_sync(function)
        except ProrataError as error:
            found = functools.partial(_raise, error)
        except DBAPIError as error:
            # What reads through a cursor of the server needs a transaction.
            if getattr(error.orig, "sqlstate", None) == _NO_TRANSACTION:
                return None
            raise
        else:
            found = functools.partial(_give, value)
        finally:
            connection.info.pop(_KNOWN, None)
        if await self._versions.read() != version:
            return None
        self._known(version).update(known.maps[0])
        return found

    async def close(self) -> None:
        """Let go of every connection."""
        if self._watch is not None:
            self._watch.close()
        if self._versions is not None:
            await self._versions.close()
        if self._server is not None:
            await self._server.dispose()
        self.database.close()


def _watch(database: Database) -> sqlite3.Connection | None:
    if database.dialect != "sqlite":
        return None
    path = f"file:{quote(str(database.engine.url.database))}?mode=ro"
    return sqlite3.connect(path, uri=True, check_same_thread=False, isolation_level=None)


def _is_idle(opened: AsyncConnection) -> bool:
    """Whether no transaction is open."""
    assert opened.sync_connection is not None
    driver: Any = opened.sync_connection.connection.driver_connection
    return bool(driver.pgconn.transaction_status == _IDLE)


async def _in_transaction(connection: AsyncConnection, function: Callable[[Connection], T]) -> T:
    """What `function` finds in a snapshot that the server keeps."""
    await connection.exec_driver_sql("BEGIN")
    try:
        return await connection.run_sync(function)
    finally:
        await connection.exec_driver_sql("ROLLBACK")


def _give(value: T) -> T:
    return value


def _raise(error: Exception) -> Any:
    raise error


def _server(settings: Settings) -> AsyncEngine:
    url, _ = server_address(settings.ledger)
    options = {
        "search_path": SCHEMA,
        # One snapshot for all that a transaction asks, without a word more to the server.
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
        # Transactions begin and end where we say: most questions need none.
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": " ".join(f"-c{name}={value}" for name, value in options.items()),
        },
    )
    event.listen(server.sync_engine, "connect", prepare_postgresql)
    event.listen(server.sync_engine, "connect", _note_server)
    return server


def _note_server(connection: Any, record: Any) -> None:
    """Which server a connection leads to: of several, not all need be of one state."""
    cursor = connection.cursor()
    cursor.execute(SERVER)
    [record.info[_SERVER]] = cursor.fetchone()
    cursor.close()
    connection.commit()
