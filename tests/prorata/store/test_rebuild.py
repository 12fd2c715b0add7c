"""A ledger that is derived anew from its own log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from prorata.errors import StoreError
from prorata.store import rebuild as rebuilding
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.store.rebuild import rebuild
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import (
    GENESIS,
    OTHER,
    TOKEN,
    VAULT,
    MadeChain,
    claimed,
    declared,
    everything,
    follow,
    move,
    read,
    told,
)

BLOCKS = [
    [move(0, 1, 100), move(0, 2, 50, OTHER)],
    [],
    [move(1, 2, 30), told("RecordScheduled", recordId=1, closesAt=1_800_000_000)],
    [declared(1, 1, 1_000), claimed(1, 2, 533, 3), move(2, 0, 10)],
    [move(1, 2, 5)],
]


@pytest.fixture
def filled(place: str) -> str:
    """Where a ledger is that was undone once, and whose writer has left."""
    chain = MadeChain(BLOCKS)
    with closing(Database.open(place, create=True)) as database:
        writer = Writer.take(database, 31337, GENESIS, who="the tests")
        follow(writer, chain)
        read(writer, chain)
        writer.undo(3)
        read(writer, chain)
        writer.note(chain.header(5), chain.header(3))
        writer.verified(2)
        writer.release()
    return place


def test_what_is_derived_anew_is_the_same(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 86: the same facts, cursors and finality; another epoch, and changes from the first."""
    monkeypatch.setattr(rebuilding, "A_PAGE", 3)
    with closing(Database.open(filled)) as database:
        before, digests = everything(database), digest_of(database, 31337, GENESIS)
        done: list[tuple[int, int]] = []
        rebuild(filled, progress=lambda some, total: done.append((some, total)))
        assert digest_of(database, 31337, GENESIS) == digests
        after = everything(database)
        assert done == [(4, 8), (7, 8), (8, 8)]
        for name in ("asset", "block", "source", "source_asset", "log"):
            assert after[name] == before[name]
        assert [row[1:5] for row in after["change"]] == [
            (seq, "block", block, before["change"][seq - 1][4])
            for seq, block in enumerate((1, 3, 4, 5), start=1)
        ]
        writer = Writer.take(database, 31337, GENESIS, who="another")
        assert writer.stand.epoch != before["chain"][0][3]
        stand = writer.stand
        assert (stand.head, stand.final, stand.verified_to, stand.undone) == (5, 3, 2, 0)
        # It can be gone on with.
        chain = MadeChain([*BLOCKS, [move(2, 1, 1)]])
        read(writer, chain)
        assert writer.add_asset(VAULT, "V", "V", 0) == 3


def test_what_was_derived_wrongly_is_put_right(filled: str) -> None:
    """And a ledger of another version is opened for it, and for nothing else."""
    with closing(Database.open(filled)) as database:
        digests = digest_of(database, 31337, GENESIS)
        with database.writing() as connection:
            connection.execute(update(schema.chain).values(schema="that of another version"))
            connection.execute(update(schema.holding).values(amount=7))
            connection.execute(delete(schema.settlement))
            connection.execute(update(schema.source).values(stopped="an event", done_to=4))
    with pytest.raises(StoreError, match="was made by another version of prorata; run `prorata le"):
        Database.open(filled)
    rebuild(filled)
    with closing(Database.open(filled)) as database:
        assert digest_of(database, 31337, GENESIS) == digests
        s = schema.source.c
        with database.snapshot() as connection:
            assert set(connection.execute(select(s.done_to, s.stopped)).all()) == {(4, None)}


def test_what_cannot_be_followed_is_stopped_again(filled: str) -> None:
    """Law 88: from the block on that makes no sense, of its asset only."""
    g = schema.log.c
    with closing(Database.open(filled)) as database:
        with database.writing() as connection:
            mine = g.block == 3, g.name == "Transfer"
            connection.execute(update(schema.log).where(*mine).values(data=b"\xff" * 32))
        rebuild(filled)
        writer = Writer.take(database, 31337, GENESIS, who="another")
        assert {s.address: s.done_to for s in writer.sources()} == {TOKEN: 2, OTHER: 5, VAULT: 5}
        assert [s.address for s in writer.sources() if s.stopped] == [TOKEN]


def test_a_ledger_that_is_being_written_is_left_alone(filled: str) -> None:
    """Law 89: a rebuilding is a writer too."""
    with closing(Database.open(filled)) as database:
        writer = Writer.take(database, 31337, GENESIS, who="the tests")
        before = everything(database)
        with pytest.raises(StoreError, match="is being filled by the tests"):
            rebuild(filled)
        assert everything(database) == before
        writer.beat()


def test_a_rebuilding_that_ends_early_changes_nothing(filled: str) -> None:
    """And the next one begins again."""
    with closing(Database.open(filled)) as database:
        before, digests = everything(database), digest_of(database, 31337, GENESIS)

        def end(*_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            rebuild(filled, progress=end)
        assert everything(database) == before
        rebuild(filled)
        assert digest_of(database, 31337, GENESIS) == digests


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_reader_finds_the_one_or_the_other(filled: str) -> None:
    """Law 89: one that had begun goes on in the old one.

    In a PostgreSQL the old tables go when the last reader has ended.
    """
    with closing(Database.open(filled)) as database, database.snapshot() as connection:
        before = connection.execute(select(schema.chain.c.epoch)).scalar_one()
        rebuild(filled)
        assert connection.execute(select(schema.chain.c.epoch)).scalar_one() == before
    assert not Path(f"{filled}.new").exists()
    with closing(sqlite3.connect(filled)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_another_chain_is_followed_after_a_rebuilding(filled: str) -> None:
    """Its number is one that no chain has."""
    rebuild(filled)
    with closing(Database.open(filled)) as database:
        writer = Writer.take(database, 1, f"0x{'77' * 32}", who="another")
        writer.release()
        with database.snapshot() as connection:
            numbers = connection.scalars(select(schema.chain.c.id)).all()
    assert len(set(numbers)) == 2
