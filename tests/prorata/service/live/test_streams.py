"""Streams: woken by a commit of another connection, encoded, bounded, ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

from prorata.errors import InputError, StoreError
from prorata.service.live import bell as bells
from prorata.service.live.changes import Change, ChangeReader
from prorata.service.live.feed import Beat, Feed, Heard, Item, Reset
from prorata.service.live.positions import Position
from prorata.service.live.sse import EventStream, Seats, encode
from prorata.store.database import Database
from prorata.store.writer import Writer
from tests.prorata.service.live.listening import Client
from tests.prorata.store.conftest import (  # noqa: F401
    database,
    place,
    postgresql,
    postgresql_server,
    sqlite,
)
from tests.prorata.store.made_logs import (
    OTHER,
    TOKEN,
    MadeChain,
    claimed,
    declared,
    follow,
    move,
    paid,
    person,
    read,
)

GENESIS = "0x" + "cd" * 32
PATIENCE = 120
"""Seconds: a guard against hanging, on a machine however busy."""


class Ledger:
    def __init__(self, database: Database) -> None:  # noqa: F811
        self.writer = Writer.take(database, 7, GENESIS, who="the tests")
        self.chain = MadeChain()
        follow(self.writer, self.chain)

    def mine(self, *events: Any) -> None:
        self.chain.mine(events)
        read(self.writer, self.chain)


@pytest.fixture
def ledger(database: Database) -> Ledger:  # noqa: F811
    return Ledger(database)


@pytest.fixture
def reader(ledger: Ledger, place: str) -> Iterator[ChangeReader]:  # noqa: F811
    """Through connections of its own."""
    with closing(Database.open(place)) as opened:
        yield ChangeReader(opened, 7, GENESIS)


# --------------------------------------------------------------------------------------- waking


def test_a_commit_wakes_a_client_at_once(
    ledger: Ledger, reader: ChangeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 118: by a notice of PostgreSQL or the version of a file; not by the clock."""
    monkeypatch.setattr(bells, "EVERY_SECONDS", 3_600.0)

    async def listen() -> None:
        feed = Feed(reader)
        feed.open()
        async with aclosing(feed.follow(None)) as items:
            assert isinstance(await anext(items), Beat)
            for number in range(5):
                heard = asyncio.ensure_future(anext(items))
                await asyncio.sleep(0.05)
                await asyncio.to_thread(ledger.mine, move(0, 1, number + 1))
                # The clock would take an hour.
                item = await asyncio.wait_for(heard, PATIENCE)
                assert isinstance(item, Heard)
                assert item.change.block == number + 1
        await feed.end()

    asyncio.run(listen())


def test_where_no_commit_is_told_of_the_clock_wakes(
    ledger: Ledger, reader: ChangeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 118: a listener that fails costs time and no change."""

    async def fails(database: Database, bell: bells.Bell) -> None:  # noqa: F811
        raise OSError

    monkeypatch.setattr(bells, "_look", fails)
    monkeypatch.setattr(bells, "_listen", fails)
    monkeypatch.setattr(bells, "EVERY_SECONDS", 0.1)

    async def listen() -> Item:
        feed = Feed(reader)
        feed.open()
        async with aclosing(feed.follow(None)) as items:
            await anext(items)
            heard = asyncio.ensure_future(anext(items))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(ledger.mine, move(0, 1, 5))
            item = await asyncio.wait_for(heard, PATIENCE)
        await feed.end()
        return item

    assert isinstance(asyncio.run(listen()), Heard)


def test_a_file_that_was_restored_is_opened_anew(tmp_path: Path) -> None:
    """Law 117: with another epoch, so that the client begins anew."""
    paths = [str(tmp_path / name) for name in ("ledger.db", "other.db")]
    for path in paths:
        with closing(Database.open(path, create=True)) as made:
            Ledger(made).mine(move(0, 1, 5))
    with closing(Database.open(paths[0])) as opened:
        reader, client = ChangeReader(opened, 7, GENESIS), Client()

        async def listen() -> None:
            feed = Feed(reader, heartbeat=0)
            await client.listen(feed)
            for suffix in ("-wal", "-shm"):
                Path(paths[0] + suffix).unlink(missing_ok=True)
            Path(paths[1]).replace(paths[0])
            feed.bell.ring()
            await client.listen(feed)

        asyncio.run(listen())
        assert client.resets == 1


def test_heartbeats_and_the_end(ledger: Ledger, reader: ChangeReader) -> None:
    """Silence is told of; when the feed is closed every client is let go at once."""

    async def listen() -> list[Item]:
        feed = Feed(reader, heartbeat=0.05)
        feed.open()
        found: list[Item] = []
        async with aclosing(feed.follow(None)) as items:
            async for item in items:
                found.append(item)
                if len(found) == 3:
                    break
        feed.heartbeat = 3_600.0
        async with aclosing(feed.follow(None)) as items:
            await anext(items)
            waiting = asyncio.ensure_future(anext(items, None))
            await asyncio.sleep(0.05)
            feed.close()
            # The next heartbeat would come in an hour.
            assert await asyncio.wait_for(waiting, PATIENCE) is None
        await feed.end()
        return found

    assert [type(one) for one in asyncio.run(listen())] == [Beat, Beat, Beat]


def test_of_a_block_that_was_replaced_no_events_are_told(
    ledger: Ledger, reader: ChangeReader
) -> None:
    """Law 117: it is gone for whoever comes late, and what took its place has its own events."""
    ledger.mine(move(0, 1, 5))
    ledger.writer.undo(0)
    ledger.chain.reorganise(0, [[move(0, 2, 6)]])
    read(ledger.writer, ledger.chain)
    first, undo, second = reader.read(Position(reader.read(None).position.epoch, 0)).changes
    assert (first.kind, first.gone, first.time, first.events) == ("block", True, None, ())
    assert (undo.kind, undo.block, undo.gone) == ("undo", 1, False)
    assert (second.kind, second.gone, second.block) == ("block", False, 1)
    assert second.events[0].content["arguments"]["value"] == "6"
    assert first.shown(frozenset({TOKEN})) is None
    assert undo.shown(frozenset({TOKEN})) == undo


# ------------------------------------------------------------------------------- whose an event is


def test_of_a_shared_contract_each_sees_its_own(ledger: Ledger, reader: ChangeReader) -> None:
    """Law 119: a vault serves two assets; a payment is told to whoever sees the one it is of."""
    ledger.mine(move(0, 1, 100), move(0, 1, 100, OTHER))
    ledger.mine(declared(1, 1, 500), declared(2, 1, 600, OTHER))
    ledger.mine(claimed(1, 1, 5))
    ledger.mine(claimed(2, 1, 6))
    ledger.mine(paid("PayeeSet", holder=person(1), payee=person(2)))
    everything = reader.read(Position(reader.read(None).position.epoch, 0)).changes

    def seen(token: str) -> list[tuple[int, list[str]]]:
        shown = [one.shown(frozenset({token})) for one in everything]
        return [(one.block, [told.content["name"] for told in one.events]) for one in shown if one]

    assert seen(TOKEN) == [(1, ["Transfer"]), (2, ["Declared"]), (3, ["Claimed"])]
    assert seen(OTHER) == [(1, ["Transfer"]), (2, ["Declared"]), (4, ["Claimed"])]
    assert [one.block for one in everything] == [1, 2, 3, 4, 5]
    told = everything[2].events[0].content
    assert (told["kind"], told["arguments"]["gross"]) == ("DividendVault", "5")


# ---------------------------------------------------------------------------------- over the line


def test_what_goes_over_the_line() -> None:
    at = Position("e1", 5)
    block = Heard(at, Change(5, "block", 9, "0xab", False, time=1_700_000_000))
    undo = Heard(at, Change(5, "undo", 9, None, False))
    lines = encode(block).decode().split("\n")
    assert lines[:2] == ["id: e1:5", "event: block"]
    content = json.loads(lines[2].removeprefix("data: "))
    assert (content["block"], content["time"]) == (9, "2023-11-14T22:13:20Z")
    assert lines[3:] == ["", ""]
    assert b'event: undo\ndata: {"seq":5,"from_block":9}' in encode(undo)
    assert b'event: reset\ndata: {"epoch":"e1","seq":5}' in encode(Reset(at))
    assert encode(Beat(at)) == b": heartbeat\nid: e1:5\n\n"
    assert Position.parse("e1:5", "after") == at


@pytest.mark.parametrize("text", ["", "5", "e:", "e:05", "e:-1", "a b:1", "e:1\n", "é:1"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no place among the changes"):
        Position.parse(text, "Last-Event-ID")


def test_seats_are_bounded() -> None:
    seats = Seats(most=3, of_one=2)
    assert [seats.take(one) for one in "aaabb"] == [True, True, False, True, False]
    seats.leave("a")
    assert seats.take("b")
    for one in "abb":
        seats.leave(one)
    assert seats.taken == {}


def test_a_chain_that_is_not_there_is_refused(database: Database) -> None:  # noqa: F811
    with pytest.raises(StoreError, match="has nothing of the chain 8"):
        ChangeReader(database, 8, GENESIS).read(None)


# ----------------------------------------------------------------------------------- a slow client


async def _forever() -> Any:
    while True:
        yield Heard(Position("e", 1), Change(1, "block", 1, "0x" + "0" * 64, False))


def _answers(send: Callable[[Any], Any], *, gone: float = 3_600.0, **more: Any) -> None:
    """An answer ends by itself, though neither client nor source does; each seat is given back."""
    left = []

    async def receive() -> dict[str, str]:
        await asyncio.sleep(gone)
        return {"type": "http.disconnect"}

    async def answer() -> None:
        stream = EventStream(_forever(), ended=lambda: left.append(1), **more)
        await asyncio.wait_for(stream({"type": "http"}, receive, send), PATIENCE)

    asyncio.run(answer())
    assert left == [1]


def test_a_client_that_does_not_read_is_cut_off() -> None:
    """Law 120: after the time that one write may take; little waited for it."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 20:
            await asyncio.sleep(3_600)

    _answers(send, slow=0.2)
    assert len(sent) == 21


def test_a_client_that_goes_ends_its_stream() -> None:
    """Law 120: whatever is being read for it."""

    async def send(_: Any) -> None:
        await asyncio.sleep(0.01)

    _answers(send, gone=0.1)
