# SPDX-License-Identifier: MIT
"""Whether anybody has written since: what a database says of it for less than a page costs.

A version is asked for after a request has begun, so that all that was committed before is in it.
Two equal ones are of the same rows, and so is whatever was read between them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable
from contextlib import suppress
from typing import Any

from sqlalchemy import URL

from prorata.store.database import CONNECT_SECONDS

__all__ = ["SERVER", "ServerVersion", "Version"]

Version = Hashable

SERVER = "SELECT pg_postmaster_start_time()::text"
"""By what a running server of PostgreSQL is told from every other."""

# Equal snapshots have seen the same transactions end. A standby's does not name those that run.
_SNAPSHOT = b"SELECT pg_current_snapshot()::text, pg_is_in_recovery()"
AGAIN_SECONDS = 1.0


class ServerVersion:
    """The version of a PostgreSQL, by a connection that asks nothing else.

    One statement answers all who have asked before it was sent. Belongs to one event loop.
    """

    def __init__(self, url: URL, seconds: float) -> None:
        plain = url.set(drivername="postgresql")
        self._url = plain.render_as_string(hide_password=False)
        self._seconds = seconds
        self._connection: Any = None
        self._server = ""
        self._connected = 0
        self._after = 0.0
        self._next: asyncio.Future[Version | None] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def read(self) -> Version | None:
        """The version as of now, or a moment later; None where the server does not say it."""
        if self._next is None:
            if self._connection is None and time.monotonic() < self._after:
                return None
            self._next = asyncio.get_running_loop().create_future()
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._next)

    def is_of(self, version: Version, server: str | None) -> bool:
        """Whether a version is of the server that a connection leads to."""
        return isinstance(version, tuple) and version[1] == server

    async def _ask(self) -> None:
        """Answer those who wait, and those who have come meanwhile."""
        try:
            while (waiting := self._next) is not None:
                self._next = None
                found: Version | None = None
                # Whoever gets no version reads the tables, and says what is wrong.
                with suppress(Exception):
                    found = await asyncio.wait_for(self._snapshot(), self._seconds)
                if found is None:
                    await self._let_go()
                waiting.set_result(found)
        finally:
            self._asking = None

    async def _snapshot(self) -> Version | None:
        if self._connection is None:
            await self._connect()
        cursor = await self._connection.execute(_SNAPSHOT)
        snapshot, is_standby = await cursor.fetchone()
        return None if is_standby else (self._connected, self._server, snapshot)

    async def _connect(self) -> None:
        import psycopg  # noqa: PLC0415 - SQLite needs no driver

        self._connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            prepare_threshold=0,
            connect_timeout=CONNECT_SECONDS,
            options=f"-cstatement_timeout={int(self._seconds * 1000)}",
        )
        cursor = await self._connection.execute(SERVER.encode())
        [self._server] = await cursor.fetchone()
        # What a server had before it was lost is not what one has now.
        self._connected += 1

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        self._after = time.monotonic() + AGAIN_SECONDS
        if connection is not None:
            with suppress(Exception):
                await connection.close()

    async def close(self) -> None:
        """Let go of the connection, once nobody waits."""
        if self._asking is not None:
            await asyncio.wait([self._asking])
        await self._let_go()
