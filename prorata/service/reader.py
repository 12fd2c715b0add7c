# SPDX-License-Identifier: MIT
"""The ledger as requests read it: one snapshot each, never waited for on the event loop.

A page of SQLite takes a tenth of a millisecond, less than handing it to a thread; what may take
longer goes to one. PostgreSQL is asked by its asynchronous driver, through a pool that is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

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

STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""


class Reader:
    """The ledger, open for reading."""

    def __init__(self, settings: Settings) -> None:
        """Raises: StoreError when there is no ledger of this version; InputError for no place."""
        self.seconds = settings.statement_seconds
        self.database = Database.open(settings.ledger)
        self.name = self.database.name
        self._threads = asyncio.Semaphore(settings.connections)
        self._server: AsyncEngine | None = None
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
        if self._server is not None:
            await self._server.dispose()
        self.database.close()


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
