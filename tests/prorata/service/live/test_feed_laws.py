"""Laws of live events: whatever happens to lines, servers and blocks, a client hears each once."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from prorata.service.live.changes import ChangeReader
from prorata.service.live.feed import Feed
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.writer import Writer
from tests.prorata.service.live.listening import Client, changes_of
from tests.prorata.store.conftest import postgresql_server  # noqa: F401
from tests.prorata.store.histories import histories
from tests.prorata.store.made_logs import OTHER, TOKEN, Event, MadeChain, follow, read

_NUMBERS = count(1)

EVENTS = st.sampled_from(("read", "read", "read", "undo", "renew", "restart", "cut", "listen"))
steps = st.lists(st.tuples(EVENTS, st.integers(0, 5)), min_size=4, max_size=20)


@pytest.fixture(scope="module")
def databases(postgresql_server: str) -> Iterator[list[Database]]:  # noqa: F811
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=memory) as folder,
        closing(Database.open(f"{folder}/ledger.db", create=True)) as sqlite,
        closing(Database.open(postgresql_server, create=True)) as postgresql,
    ):
        yield [sqlite, postgresql]


class Played:
    """A ledger that grows, is undone and renewed; three clients of one server after another."""

    def __init__(self, database: Database, blocks: list[list[Event]]) -> None:
        self.database, self.blocks = database, blocks
        self.genesis = f"0x{next(_NUMBERS):064x}"
        self.writer = Writer.take(database, 7, self.genesis, who="the tests")
        self.chain = MadeChain(blocks)
        follow(self.writer, self.chain)
        self.clients = [Client(), Client(frozenset({TOKEN})), Client(frozenset({OTHER}))]
        self.feed = self._server()

    def _server(self) -> Feed:
        # Without a heartbeat to wait for, a client that has heard all is told so at once.
        return Feed(ChangeReader(self.database, 7, self.genesis, size=3), heartbeat=0)

    @property
    def done(self) -> int:
        return min(source.done_to for source in self.writer.sources())

    async def play(self, steps: list[tuple[str, int]]) -> None:
        for client in self.clients:
            await client.listen(self.feed)
        for what, number in steps:
            await self._step(what, number)
            self.feed.bell.ring()
        read(self.writer, self.chain)
        self.feed.bell.ring()
        for client in self.clients:
            assert await client.listen(self.feed)
        await self.feed.end()

    async def _step(self, what: str, number: int) -> None:
        if what == "read":
            read(self.writer, self.chain, min(self.chain.head, self.done + 1 + number))
        elif what == "undo":
            ancestor = max(0, self.done - number)
            self.writer.undo(ancestor)
            # The other branch has the same events, a block later.
            self.chain.reorganise(ancestor, [[], *self.blocks[ancestor:]])
        elif what == "renew":
            c = schema.chain.c
            with self.database.writing() as connection:
                mine = update(schema.chain).where(c.id == self.writer.chain)
                connection.execute(mine.values(epoch=uuid.uuid4().hex))
        elif what == "restart":
            await self.feed.end()
            self.feed = self._server()
        elif what == "cut":
            await self.clients[number % 3].listen(self.feed, number)
        else:
            await self.clients[number % 3].listen(self.feed)


@given(histories(), steps)
@settings(max_examples=12)
def test_each_client_hears_each_change_once_and_in_order(
    databases: list[Database], blocks: list[list[Event]], steps: list[tuple[str, int]]
) -> None:
    """Law 117: whoever sees all hears what the table says, from its place on, gap and twice apart;
    whoever sees some assets comes to the blocks that stand with an event of these, and no other.
    """
    for database in databases:
        played = Played(database, blocks)
        asyncio.run(played.play(steps))
        table = changes_of(database, played.writer.chain)
        everything, *some = played.clients
        heard = [
            (one.change.seq, one.change.kind, one.change.block, one.change.hash,
             int(one.change.historic))
            for one in everything.heard
        ]  # fmt: skip
        assert heard == [row for row in table if row[0] > everything.begun]
        for client in some:
            assert client.tokens
            seqs = [one.change.seq for one in client.heard]
            assert seqs == sorted(set(seqs))
            assert all(
                told.tokens & client.tokens for one in client.heard for told in one.change.events
            )
            mine = {
                number: one.change.hash
                for number, one in _last(everything).items()
                if any(told.tokens & client.tokens for told in one.change.events)
                and one.change.seq > client.begun
            }
            if everything.begun <= client.begun:
                assert client.standing == mine


def _last(client: Client) -> dict:
    """The item by which each block stands that a client takes to stand."""
    standing, found = client.standing, {}
    for one in client.heard:
        if standing.get(one.change.block) == one.change.hash and not one.change.gone:
            found[one.change.block] = one
    return found
