"""As of when: moments and their refusals, flows, income, and pages of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from prorata.errors import IncompleteError, InputError, MomentGoneError, StoreError
from prorata.store.asof import asset_of, balances, closing_time, moment
from prorata.store.database import Database
from prorata.store.flows import distributions, income, transfers
from prorata.store.holder_pages import holders
from prorata.store.writer import Writer
from prorata.values.addresses import ZERO_ADDRESS, checksummed
from prorata.values.times import moment as written
from tests.prorata.store.made_logs import (
    DOLLAR,
    GENESIS,
    START,
    TOKEN,
    VAULT,
    Event,
    MadeChain,
    claimed,
    declared,
    follow,
    move,
    person,
    read,
    told,
)

ASSET = 1


def record(number: int, closes_at: int) -> Event:
    return told("RecordScheduled", recordId=number, closesAt=closes_at)


def cancelled(number: int) -> Event:
    return told("RecordCancelled", recordId=number)


STORY = (
    [move(0, 1, 100), move(0, 2, 50)],
    [],
    [record(1, START + 12 * 4), move(1, 2, 30)],
    [move(2, 3, 80), move(3, 2, 10)],
    [record(2, START + 12 * 6)],
    [cancelled(2), declared(1, 1, 1_000), claimed(1, 2, 400, 40), claimed(1, 3, 600)],
    [record(3, START + 12 * 60), move(3, 0, 70)],
    [],
)


@contextmanager
def written_to(database: Database, chain: MadeChain) -> Iterator[Writer]:
    writer = Writer.take(database, 31337, GENESIS, who="the tests")
    follow(writer, chain)
    read(writer, chain)
    writer.note(chain.header(chain.head), None)
    yield writer
    writer.release()


@pytest.fixture
def story(database: Database) -> Iterator[Connection]:
    chain = MadeChain(STORY)
    with written_to(database, chain), database.snapshot() as connection:
        yield connection


def held(connection: Connection, block: int) -> dict[str, int]:
    found = balances(connection, ASSET, block)
    return {str(checksummed(address)): shares for address, shares in found.items()}


# ----------------------------------------------------------------------------------------- moments


def test_a_record_a_block_and_a_time_name_a_moment(story):
    at = moment(story, ASSET, "record:1")
    assert (at.block, at.time, at.final, at.complete) == (4, START + 48, False, True)
    assert held(story, at.block) == {person(1): 70, person(2): 10, person(3): 70}
    assert closing_time(story, ASSET, 1) == START + 48
    assert moment(story, ASSET, "block:3").block == 3
    assert moment(story, ASSET, written(START + 47)).block == 3
    assert moment(story, ASSET, written(START + 59)).block == 4
    assert moment(story, ASSET, written(START - 12)).block == 0
    assert moment(story, ASSET, None).block == 8
    assert asset_of(story, 31337, GENESIS, TOKEN).symbol == "HAR"


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("block:9", "is incomplete: it is read to block 8, and block 9 was asked for"),
        ("record:2", '"2" was cancelled; give another one'),
        ("record:4", '"4" was never scheduled; give 1 to 3'),
        ("record:3", "and record 3, which closes 2023-11-14T22:25:20Z was asked for"),
        ("2030-01-01T00:00:00Z", "and 2030-01-01T00:00:00Z was asked for; run `prorata follow`"),
        ("2023-11-14T22:13:20", "has no time zone; add Z for UTC: 2023-11-14T22:13:20Z"),
        ("yesterday", "is no time; write 2027-03-31T23:59:59Z, or a day"),
        ("record:0", "has no number of a record; write record: and digits, as in record:3"),
        ("block:latest", "has no number of a block; write block: and digits, as in block:3"),
        ("now", "is relative to the present"),
    ],
)
def test_what_is_no_moment_of_the_ledger_is_refused(story, at, sentence):
    with pytest.raises((InputError, StoreError)) as refused:
        moment(story, ASSET, at)
    assert sentence in str(refused.value)


def test_an_asset_answers_only_as_far_as_the_least_of_its_contracts(database):
    """Law 87: a contract that is added later holds its assets back until it has been read."""
    chain = MadeChain(STORY)
    with written_to(database, chain) as writer:
        writer.add_source(
            person(9), "RecordRanges", ours=True, first_block=5, assets=[ASSET], head=8
        )
        with database.snapshot() as connection:
            assert moment(connection, ASSET, None).block == 4
            assert not moment(connection, ASSET, None).complete
            assert moment(connection, ASSET, "block:4").complete is False
            assert moment(connection, 2, "block:8").block == 8
            with pytest.raises(IncompleteError, match="read to block 4, and block 5 was asked"):
                moment(connection, ASSET, "block:5")
        read(writer, chain)
        with database.snapshot() as connection:
            assert moment(connection, ASSET, None).block == 8


def test_a_stopped_asset_says_why_it_goes_no_further(database):
    """Law 88."""
    unknown = (TOKEN, "", "", {"topics": ["0x" + "12" * 32], "data": "0x"})
    chain = MadeChain([*STORY[:2], [unknown], *STORY[2:]])
    with written_to(database, chain), database.snapshot() as connection:
        assert moment(connection, ASSET, None).block == 2
        with pytest.raises(IncompleteError, match="it was stopped, for log 0 of block 3 by"):
            moment(connection, ASSET, "block:3")


def test_what_nobody_follows_is_refused(story):
    with pytest.raises(StoreError, match="does not follow the token"):
        asset_of(story, 31337, GENESIS, VAULT)
    with pytest.raises(StoreError, match="no asset 77"):
        moment(story, 77, None)


# ------------------------------------------------------------------------------------ flows, income


def test_how_shares_moved_is_told_of_one_and_of_all(story):
    moved = [(m.block, m.giver, m.receiver, m.amount) for m in transfers(story, ASSET, 8)]
    assert moved == [
        (1, ZERO_ADDRESS, person(1), 100), (1, ZERO_ADDRESS, person(2), 50),
        (3, person(1), person(2), 30), (4, person(2), person(3), 80), (4, person(3), person(2), 10),
        (7, person(3), ZERO_ADDRESS, 70),
    ]  # fmt: skip
    for who in (1, 2, 3, ZERO_ADDRESS):
        address = who if isinstance(who, str) else person(who)
        found = [
            (m.block, m.giver, m.receiver, m.amount) for m in transfers(story, ASSET, 8, of=address)
        ]
        assert found == [one for one in moved if address in one]
    assert [m.block for m in transfers(story, ASSET, 4, since=3)] == [3, 4, 4]
    assert list(transfers(story, ASSET, 8, of=person(8))) == []
    assert next(transfers(story, ASSET, 8)).time == START + 12


def test_income_is_told_by_holder_currency_and_year(story):
    [declared_one] = distributions(story, ASSET, 8)
    assert (declared_one.number, declared_one.currency, declared_one.received) == (1, DOLLAR, 1_000)
    assert distributions(story, ASSET, 5) == []
    assert distributions(story, 2, 8) == []
    everybody = {one.holder: (one.year, one.gross, one.tax, one.net, one.payments)
                 for one in income(story, ASSET, 8, by_year=True)}  # fmt: skip
    assert everybody == {
        person(2): (2023, 400, 40, 360, 1), person(3): (2023, 600, 0, 600, 1)
    }  # fmt: skip
    [one] = income(story, ASSET, 8, of=person(2))
    assert (one.year, one.gross) == (None, 400)
    assert income(story, ASSET, 5) == []
    assert income(story, ASSET, 8, of=person(8)) == []


# ------------------------------------------------------------------------------------------- pages


def paged(connection: Connection, most: int, at: str | None = None) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    page = holders(connection, ASSET, at, most=most)
    found.update(page.holders)
    while page.following is not None:
        page = holders(connection, ASSET, cursor=page.following, most=most)
        assert 1 <= len(page.holders) <= most
        found.update(page.holders)
    return found


def test_pages_are_the_whole(story):
    for most in (1, 2, 3, 10):
        assert paged(story, most) == balances(story, ASSET, 8)
        assert paged(story, most, "record:1") == balances(story, ASSET, 4)


def test_a_page_of_a_moment_that_is_gone_is_refused(database):
    """Law 84: pages of two histories are never taken for one."""
    chain = MadeChain(STORY)
    with written_to(database, chain) as writer:
        with database.snapshot() as connection:
            at_end = holders(connection, ASSET, most=1).following
            earlier = holders(connection, ASSET, "block:3", most=1).following
        writer.undo(5)
        with database.snapshot() as connection:
            with pytest.raises(MomentGoneError, match="the moment is gone: these pages are of"):
                holders(connection, ASSET, cursor=at_end)
            assert len(holders(connection, ASSET, cursor=earlier).holders) == 1
        chain.reorganise(5, [*STORY[5:], []])
        read(writer, chain)
        with database.snapshot() as connection, pytest.raises(MomentGoneError):
            holders(connection, ASSET, cursor=at_end)


@pytest.mark.parametrize("cursor", ["", "x", "bm90aGluZw", "WzEsMiwzXQ"])
def test_what_is_no_cursor_is_refused(story, cursor):
    with pytest.raises(InputError, match="is no cursor of a page"):
        holders(story, ASSET, cursor=cursor)


def test_a_cursor_of_another_query_and_a_page_of_no_size_are_refused(story):
    other = holders(story, ASSET, most=1).following
    with pytest.raises(InputError, match="continues holders of asset 1, and holders of asset 2"):
        holders(story, 2, cursor=other)
    with pytest.raises(InputError, match="is outside 1 to 10,000"):
        holders(story, ASSET, most=0)
