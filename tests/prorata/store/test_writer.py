"""The writer: pages go in whole, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from prorata.store import schema
from prorata.store.database import Database
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import (
    GENESIS,
    MadeChain,
    claimed,
    declared,
    follow,
    move,
    person,
    read,
    told,
)


@pytest.fixture
def writer(database: Database) -> Writer:
    return Writer.take(database, 31337, GENESIS, who="the tests")


def rows(database: Database, table) -> list[tuple]:
    with database.snapshot() as connection:
        return [tuple(row) for row in connection.execute(select(table))]


def test_a_page_becomes_rows(writer: Writer, database: Database) -> None:
    chain = MadeChain(
        [
            [move(0, 1, 100), move(0, 2, 50)],
            [],
            [move(1, 2, 30), told("RecordScheduled", recordId=1, closesAt=1_800_000_000)],
            [declared(1, 1, 1_000), claimed(1, 2, 533, 3), move(2, 0, 80)],
        ]
    )
    follow(writer, chain)
    read(writer, chain)
    assert rows(database, schema.transfer) == [
        (1, 1, 0, 1, 2, 100), (1, 1, 1, 1, 3, 50), (1, 3, 0, 2, 3, 30), (1, 4, 2, 3, 1, 80),
    ]  # fmt: skip
    assert rows(database, schema.holding) == [
        (1, 2, 1, 100), (1, 2, 3, 70), (1, 3, 1, 50), (1, 3, 3, 80), (1, 3, 4, 0),
    ]  # fmt: skip
    assert rows(database, schema.supply) == [(1, 1, 150, 2), (1, 4, 70, 1)]
    assert rows(database, schema.holder) == [(1, 2, 1), (1, 3, 1)]
    assert rows(database, schema.record) == [(1, 1, 1_800_000_000, 3, 1)]
    [settled] = rows(database, schema.settlement)
    assert settled == (3, 4, 1, 0, 1, 3, 3, 533, 3)
    [distributed] = rows(database, schema.distribution)
    assert distributed[1] == 1
    assert distributed[5:8] == (person(1), 1_000, 0)
    assert [row[3] for row in rows(database, schema.change)] == [1, 3, 4]
    assert writer.stand.seq == 3
    writer.undo(2)
    assert [row[2:4] for row in rows(database, schema.change)][-1] == ("undo", 3)
    assert rows(database, schema.holding) == [(1, 2, 1, 100), (1, 3, 1, 50)]
    read(writer, chain)
    assert rows(database, schema.supply) == [(1, 1, 150, 2), (1, 4, 70, 1)]
    writer.note(chain.header(4), chain.header(3))
    assert writer.stand.final == 3
    assert writer.hashes(0) == {n: chain.hashes[n] for n in (1, 3, 4)}
    writer.verified(3)
    writer.release()
