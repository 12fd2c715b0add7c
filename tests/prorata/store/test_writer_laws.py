"""Laws of the writer, on both databases at once: what the chain has said decides what is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from prorata.chain.calls import decode_log
from prorata.chain.encoding import log_of
from prorata.register.shares import Ledger
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.store.writer import Writer
from tests.prorata.store.histories import PEOPLE, histories
from tests.prorata.store.made_logs import OTHER, TOKEN, Event, MadeChain, follow, person, read

_NUMBERS = count(1)

cuts = st.lists(st.integers(1, 5), max_size=12)


@pytest.fixture(scope="module")
def databases(
    postgresql_server: str,
) -> Iterator[list[Database]]:
    """Both, for the whole module: each example is a chain of its own."""
    # In memory where there is such a place: a disk would be waited for at each transaction.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=memory) as folder,
        closing(Database.open(f"{folder}/ledger.db", create=True)) as sqlite,
        closing(Database.open(postgresql_server, create=True)) as postgresql,
    ):
        yield [sqlite, postgresql]


def fresh(database: Database) -> Writer:
    """The writer of a chain that nobody has seen before."""
    return Writer.take(database, 1, f"0x{next(_NUMBERS):064x}", who="the tests")


def digests(writer: Writer) -> dict[str, str]:
    c = schema.chain.c
    with writer.database.snapshot() as connection:
        genesis = connection.scalar(select(c.genesis).where(c.id == writer.chain))
    return digest_of(writer.database, 1, genesis)


def in_one_page(database: Database, chain: MadeChain) -> Writer:
    writer = fresh(database)
    follow(writer, chain)
    read(writer, chain)
    return writer


def read_in_cuts(writer: Writer, chain: MadeChain, lengths: list[int]) -> None:
    for length in lengths:
        done = min(source.done_to for source in writer.sources())
        read(writer, chain, min(chain.head, done + length))
    read(writer, chain)


@given(histories(), cuts)
@settings(max_examples=10)
def test_random_cuts_equal_one_page(
    databases: list[Database], blocks: list[list[Event]], lengths: list[int]
) -> None:
    """Laws 81 and 86: in whatever pages a log was read, on either database, the facts are one."""
    chain = MadeChain(blocks)
    whole = digests(in_one_page(databases[0], chain))
    for database in databases:
        writer = fresh(database)
        follow(writer, chain)
        read_in_cuts(writer, chain, lengths)
        assert digests(writer) == whole
        assert {source.stopped for source in writer.sources()} == {None}


@given(histories(), st.data(), cuts)
@settings(max_examples=10)
def test_undo_and_redo_equal_a_fresh_one(
    databases: list[Database], blocks: list[list[Event]], data: st.DataObject, lengths: list[int]
) -> None:
    """Law 84: of what a reorganisation has replaced nothing is left, and all else stands."""
    for database in databases:
        chain = MadeChain(blocks)
        writer = in_one_page(database, chain)
        ancestor = data.draw(st.integers(0, chain.head))
        writer.undo(ancestor)
        assert digests(writer) == digests(in_one_page(database, MadeChain(blocks[:ancestor])))
        # The other branch: the same events, a block later.
        chain.reorganise(ancestor, [[], *blocks[ancestor:]])
        read_in_cuts(writer, chain, lengths)
        assert digests(writer) == digests(in_one_page(database, chain))


@given(histories(), cuts)
@settings(max_examples=10)
def test_the_ledger_in_memory_agrees_at_every_block(
    databases: list[Database], blocks: list[list[Event]], lengths: list[int]
) -> None:
    """Law 86: the register that is the law has the same balances and supply after every block."""
    chain = MadeChain(blocks)
    for database in databases:
        writer = fresh(database)
        follow(writer, chain)
        read_in_cuts(writer, chain, lengths)
        for token in (TOKEN, OTHER):
            ledger = Ledger(token)
            for block in range(1, chain.head + 1):
                for entry in chain.logs(block, block, [token]):
                    ledger.apply(decode_log(log_of(entry)), chain.time(block))
                found = balances_at(writer, token, block)
                assert found == {who: ledger.balance_of(who) for who in found}
                assert ledger.balances == {who: held for who, held in found.items() if held}
                assert supply_at(writer, token, block) == (
                    ledger.total_supply, len(ledger.balances)
                )  # fmt: skip


def balances_at(writer: Writer, token: str, block: int) -> dict[str, int]:
    h, a, o = schema.holding.c, schema.asset.c, schema.account.c
    asked = (
        select(o.address, h.amount)
        .join(schema.asset, a.id == h.asset)
        .join(schema.account, o.id == h.account)
        .where(a.chain == writer.chain, a.token == token, h.block <= block)
        .order_by(h.block)
    )
    with writer.database.snapshot() as connection:
        return dict(map(tuple, connection.execute(asked)))


def supply_at(writer: Writer, token: str, block: int) -> tuple[int, int]:
    s, a = schema.supply.c, schema.asset.c
    asked = (
        select(s.total, s.holders)
        .join(schema.asset, a.id == s.asset)
        .where(a.chain == writer.chain, a.token == token, s.block <= block)
        .order_by(s.block.desc())
        .limit(1)
    )
    with writer.database.snapshot() as connection:
        found = connection.execute(asked).one_or_none()
    return (0, 0) if found is None else tuple(found)


@given(histories())
@settings(max_examples=10)
def test_holders_are_who_ever_had_a_share(
    databases: list[Database], blocks: list[list[Event]]
) -> None:
    """The first block in which each received one, whatever became of it."""
    chain = MadeChain(blocks)
    first: dict[str, int] = {}
    for number, block in enumerate(blocks, start=1):
        for address, _, name, args in block:
            real = name == "Transfer" and args["value"] and args["from"] != args["to"]
            if real and address == TOKEN and args["to"] != person(0):
                first.setdefault(args["to"], number)
    o, a, c = schema.holder.c, schema.account.c, schema.asset.c
    for database in databases:
        writer = in_one_page(database, chain)
        asked = (
            select(a.address, o.block)
            .join(schema.account, a.id == o.account)
            .join(schema.asset, c.id == o.asset)
            .where(c.token == TOKEN, c.chain == writer.chain)
        )
        with database.snapshot() as connection:
            assert dict(map(tuple, connection.execute(asked))) == first
    assert len(first) <= PEOPLE
