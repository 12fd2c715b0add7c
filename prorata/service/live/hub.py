# SPDX-License-Identifier: MIT
"""The live events of a process: one feed for each chain that somebody listens to, and the seats."""

from __future__ import annotations

import asyncio

from prorata.service.live.changes import ChangeReader
from prorata.service.live.feed import Feed
from prorata.service.live.sse import Seats
from prorata.store.database import Database

__all__ = ["Live"]


class Live:
    """Feeds by chain, begun when they are first asked for."""

    def __init__(self, database: Database, seats: Seats | None = None) -> None:
        self.seats = seats or Seats()
        self._database = database
        self._feeds: dict[tuple[int, str], Feed] = {}
        self.closed = False

    def feed(self, chain_id: int, genesis: str) -> Feed:
        """The feed of a chain."""
        found = self._feeds.get((chain_id, genesis))
        if found is None:
            found = Feed(ChangeReader(self._database, chain_id, genesis))
            self._feeds[chain_id, genesis] = found
            found.open()
        return found

    def close(self) -> None:
        """Let all clients go: the process is ending, and each comes back to its place elsewhere."""
        self.closed = True
        for feed in self._feeds.values():
            feed.close()

    async def end(self) -> None:
        """Stop listening."""
        self.close()
        await asyncio.gather(*(feed.end() for feed in self._feeds.values()))
        self._feeds.clear()
