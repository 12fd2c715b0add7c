"""The writer: pages go in whole, or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from prorata.errors import ChainError, StoreError
from prorata.store import accounts, folding, lease, schema
from prorata.store.database import Database
from prorata.store.decoding import TRANSFER
from prorata.store.pages import Header
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import (
    DOLLAR,
    GENESIS,
    OTHER,
    TOKEN,
    VAULT,
    Event,
    MadeChain,
    claimed,
    declared,
    everything,
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


BLOCKS = [
    [move(0, 1, 100), move(0, 2, 50, OTHER)],
    [move(1, 2, 30)],
    [move(2, 3, 20), move(2, 1, 1, OTHER)],
]
UNKNOWN = {"topics": [f"0x{'5e' * 32}", f"0x{'07' * 32}"], "data": "0x"}


def stopped(writer: Writer) -> dict[str, tuple[int, bool]]:
    return {s.address: (s.done_to, s.stopped is not None) for s in writer.sources()}


def test_a_chain_and_its_contracts_are_added_once(writer: Writer, database: Database) -> None:
    chain = MadeChain(BLOCKS)
    follow(writer, chain)
    first = writer.sources()
    follow(writer, chain)
    assert writer.sources() == first
    assert [source.assets for source in first] == [(1,), (2,), (1, 2)]
    writer.release()
    again = Writer.take(database, 31337, GENESIS, who="another")
    assert again.chain == writer.chain
    assert again.stand.epoch == writer.stand.epoch


def test_a_contract_that_is_older_than_was_said_is_read_again(
    writer: Writer, database: Database
) -> None:
    """As a vault is that a second asset shares."""
    chain = MadeChain([*BLOCKS, [declared(1, 1, 10)], [claimed(1, 2, 10)]])
    [asset] = [writer.add_asset(TOKEN, "Harbour", "HAR", 0)]
    vault = writer.add_source(
        VAULT, "DividendVault", ours=True, first_block=5, assets=[asset], head=5
    )
    read(writer, chain)
    assert len(rows(database, schema.distribution)) == 0
    other = writer.add_asset(OTHER, "Orchard", "ORC", 0)
    writer.add_source(VAULT, "DividendVault", ours=True, first_block=2, assets=[other], head=5)
    assert writer.sources()[0].done_to == 1
    read(writer, chain)
    assert [row[:2] for row in rows(database, schema.distribution)] == [(vault, 1)]
    assert len(rows(database, schema.settlement)) == 1


# ---------------------------------------------------------------------------------- one writer


def test_a_second_writer_is_refused_while_the_first_lives(
    writer: Writer, database: Database
) -> None:
    """Law 89: and may begin when it has gone."""
    with pytest.raises(StoreError, match=r"is being filled by the tests \(process \d+ on "):
        Writer.take(database, 31337, GENESIS, who="another")
    writer.release()
    Writer.take(database, 31337, GENESIS, who="another")


@pytest.mark.parametrize(("ago", "lives"), [(29, True), (31, False)])
def test_a_writer_elsewhere_lives_by_its_last_sign(ago: int, lives: bool) -> None:
    """On another machine there is no process to look at."""
    assert lease.lives("elsewhere 1 1 follow", int(time.time()) - ago) is lives


def test_a_process_that_has_ended_writes_no_more() -> None:
    """Nor does another that was given its number; one that was killed and not yet missed."""
    mine = lease.signature("me")
    assert lease.lives(mine, 0)
    host, process, began, _ = mine.split(" ", 3)
    assert not lease.lives(f"{host} {process} {began}0 me", int(time.time()))
    child = subprocess.Popen(["sleep", "60"])
    theirs = f"{host} {child.pid} {lease.signature('x').split()[2]} x"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not lease.lives(theirs, int(time.time()))
    child.wait()
    assert not lease.lives(theirs, int(time.time()))


def test_a_writer_that_wakes_up_writes_nothing(writer: Writer, database: Database) -> None:
    """Law 89: its cursor is where it was, and yet another has its place."""
    chain = MadeChain(BLOCKS)
    follow(writer, chain)
    page = chain.page(writer.sources(), 3)
    lost = update(schema.chain).values(writer="elsewhere 1 1 gone", beat=0)
    with database.writing() as connection:
        connection.execute(lost)
    second = Writer.take(database, 31337, GENESIS, who="another")
    before = everything(database)
    for work in (
        lambda: writer.commit(page),
        lambda: writer.undo(0),
        lambda: writer.note(chain.header(3), chain.header(1)),
        lambda: writer.verified(0),
        lambda: writer.add_asset(VAULT, "V", "V", 0),
        writer.beat,
    ):
        with pytest.raises(StoreError, match="another process has become the writer of"):
            work()
    writer.release()
    assert everything(database) == before
    second.commit(page)
    assert second.stand.seq == 3


def test_a_page_that_does_not_follow_is_not_written(writer: Writer, database: Database) -> None:
    """Law 81: twice the same page, and one that leaves blocks out."""
    chain = MadeChain(BLOCKS)
    follow(writer, chain)
    page = chain.page(writer.sources(), 2)
    ahead = replace(page, after=1, logs=chain.logs(2, 2, [TOKEN, OTHER, VAULT]))
    with pytest.raises(StoreError, match=r"a page of blocks 2 to 2 does not follow what is in"):
        writer.commit(ahead)
    writer.commit(page)
    before = everything(database)
    with pytest.raises(StoreError, match=r"a page of blocks 1 to 2 does not follow what is in"):
        writer.commit(page)
    assert everything(database) == before


def test_a_block_with_another_hash_is_not_written(writer: Writer, database: Database) -> None:
    """Law 82: one source has read it before the chain was reorganised, and one would after."""
    chain = MadeChain(BLOCKS)
    follow(writer, chain)
    first, *rest = writer.sources()
    writer.commit(chain.page([first], 3))
    before = everything(database)
    chain.reorganise(1, [[], *BLOCKS[1:]])
    with pytest.raises(StoreError, match=r"block 2 is kept with the hash 0x\w+, and came with 0x"):
        writer.commit(chain.page(rest, 3))
    assert everything(database) == before


def wrong(name: str, entry: dict) -> dict:
    """A log as no node should give it."""
    return {
        "without a place": {k: v for k, v in entry.items() if k != "logIndex"},
        "of nobody": {**entry, "address": person(9).lower()},
        "of a later block": {**entry, "blockNumber": "0x9"},
        "of a block before": {**entry, "blockNumber": "0x0"},
        "with a short hash": {**entry, "transactionHash": "0xab"},
        "with no number": {**entry, "blockNumber": None},
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "without a place",
        "of nobody",
        "of a later block",
        "of a block before",
        "with a short hash",
        "with no number",
    ],
)
def test_logs_without_sense_are_refused(writer: Writer, database: Database, name: str) -> None:
    chain = MadeChain(BLOCKS)
    follow(writer, chain)
    page = chain.page(writer.sources(), 3)
    before = everything(database)
    logs = [*page.logs[:-1], wrong(name, page.logs[-1])]
    with pytest.raises(ChainError, match="the node answered "):
        writer.commit(replace(page, logs=logs))
    with pytest.raises(ChainError, match="out of order"):
        writer.commit(replace(page, logs=[*page.logs, page.logs[0]]))
    assert everything(database) == before
    writer.commit(page)


# ------------------------------------------------------------------------------------- finality


def test_what_is_final_is_never_undone(writer: Writer, database: Database) -> None:
    """Law 85: nor is a final block taken back, or replaced."""
    chain = MadeChain(BLOCKS)
    follow(writer, chain)
    read(writer, chain)
    writer.note(chain.header(3), chain.header(2))
    before = everything(database)
    with pytest.raises(StoreError, match="the chain of block 2 would be replaced, and block 2 is"):
        writer.undo(1)
    other = Header(3, b"\7" * 32, 0)
    with pytest.raises(StoreError, match=r"the node says that block 3 is final with the hash 0x07"):
        writer.note(chain.header(3), other)
    with pytest.raises(StoreError, match="block 3 is not final, and so cannot be verified"):
        writer.verified(3)
    assert everything(database) == before
    writer.note(chain.header(3), chain.header(1))
    assert writer.stand.final == 2
    with pytest.raises(StoreError, match=r"the node says that block 2 is final with the hash 0x07"):
        writer.note(chain.header(3), replace(other, number=2))
    writer.undo(2)
    assert stopped(writer) == dict.fromkeys((TOKEN, OTHER, VAULT), (2, False))


# ------------------------------------------------------------------------- events without sense


def test_an_unknown_event_of_ours_stops_its_asset(writer: Writer, database: Database) -> None:
    """Law 88: before its block; the other asset, and the vault of both, are read on."""
    blocks = [BLOCKS[0], [move(1, 2, 1), (TOKEN, "", "", UNKNOWN)], [*BLOCKS[2]]]
    chain = MadeChain(blocks)
    follow(writer, chain)
    read(writer, chain)
    assert stopped(writer) == {TOKEN: (1, True), OTHER: (3, False), VAULT: (3, False)}
    [sentence] = [s.stopped for s in writer.sources() if s.stopped]
    assert sentence == (
        f"log 1 of block 2 by {TOKEN} is no event that this version of prorata knows of a "
        "ShareToken"
    )
    assert [row[:2] for row in rows(database, schema.transfer)] == [(1, 1), (2, 1), (2, 3)]
    writer.undo(1)
    assert stopped(writer) == dict.fromkeys((TOKEN, OTHER, VAULT), (1, False))


def test_an_unknown_event_of_the_vault_stops_all_that_it_serves(writer: Writer) -> None:
    """Law 88: no asset can be answered for without it."""
    chain = MadeChain([*BLOCKS, [(VAULT, "", "", UNKNOWN)]])
    follow(writer, chain)
    read(writer, chain)
    assert stopped(writer) == dict.fromkeys((TOKEN, OTHER, VAULT), (3, True))


def test_an_unknown_event_of_a_foreign_contract_is_kept(writer: Writer, database: Database) -> None:
    """Law 88: as it is, without a name."""
    chain = MadeChain([[(DOLLAR, "", "", UNKNOWN)], [(DOLLAR, "", "", UNKNOWN)]])
    asset = writer.add_asset(TOKEN, "Harbour", "HAR", 0)
    writer.add_source(DOLLAR, "Currency", ours=False, first_block=1, assets=[asset], head=0)
    read(writer, chain)
    assert stopped(writer) == {DOLLAR: (2, False)}
    kept = [row[5:] for row in rows(database, schema.log)]
    assert kept == [("", bytes.fromhex("5e" * 32 + "07" * 32), b"")] * 2
    assert [row[5] for row in rows(database, schema.change)] == [0, 0]


def record(number: int, closes_at: int) -> Event:
    return told("RecordScheduled", recordId=number, closesAt=closes_at)


def lost(gone: int, successor: int) -> Event:
    names = {"lostWallet": gone, "newWallet": successor, "investorOnchainID": successor}
    return told("RecoverySuccess", **{name: person(who) for name, who in names.items()})


LATE = 1_800_000_000


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([move(1, 2, 101)], r"takes 101 shares from 0x\w+, who has 100: an event is missing"),
        ([move(3, 3, 1)], r"takes 1 shares from 0x\w+, who has 0: an event is missing"),
        ([move(0, 3, 2**256 - 1)], "makes a supply of .*, over 2\\^256 - 1: an event is missing"),
        ([record(2, LATE)], "is of record 2, not of 1: an event is missing"),
        ([record(1, LATE), record(2, LATE)], "closes record 2 no later than the one before it"),
        ([told("RecordCancelled", recordId=1)], "is of record 1, which is not the last open one"),
        ([record(1, 5), told("RecordCancelled", recordId=1)], "which is not the last open one"),
        ([lost(1, 1)], "replaces a wallet by one that is lost, or one twice"),
        ([lost(1, 2), lost(1, 3)], "replaces a wallet by one that is lost, or one twice"),
        (
            [(TOKEN, "", "", {"topics": [f"0x{TRANSFER.hex()}", *["0x" + "0" * 64] * 2],
                              "data": "0x"})],
            "the event Transfer in log 0 of block 2 by .* cannot be read",
        ),
        (
            [(TOKEN, "", "", {"topics": [f"0x{TRANSFER.hex()}", *["0x" + "1" * 64] * 2],
                              "data": "0x" + "0" * 64})],
            "the event Transfer in log 0 of block 2 by .* cannot be read",
        ),
    ],
)  # fmt: skip
def test_a_register_that_makes_no_sense_stops_its_asset(
    writer: Writer, database: Database, events: list[Event], sentence: str
) -> None:
    """Law 88: as the ledger in memory would refuse it; what was before stays."""
    chain = MadeChain([BLOCKS[0], events, [move(1, 2, 1)]])
    follow(writer, chain)
    read(writer, chain)
    assert stopped(writer) == {TOKEN: (1, True), OTHER: (3, False), VAULT: (3, False)}
    [told_of] = [s.stopped for s in writer.sources() if s.stopped]
    assert re.search(sentence, told_of)
    assert rows(database, schema.supply) == [(1, 1, 100, 1), (2, 1, 50, 1)]


# ---------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("amount", [2**63, 2**64 - 1, 2**96 + 1, 2**127, 2**255, 2**256 - 1])
def test_amounts_are_exact(writer: Writer, database: Database, amount: int) -> None:
    """As large as a chain has them; in PostgreSQL a Decimal would round."""
    chain = MadeChain([[move(0, 1, amount)], [claimed(1, 1, amount, amount)]])
    follow(writer, chain)
    read(writer, chain)
    assert rows(database, schema.transfer)[0][-1] == amount
    assert rows(database, schema.holding)[0][-1] == amount
    assert rows(database, schema.supply)[0][2] == amount
    assert rows(database, schema.settlement)[0][-2:] == (amount, amount)


def test_balances_that_are_forgotten_are_read(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: what is not in it any more comes from the tables."""
    monkeypatch.setattr(folding, "MOST_KEPT", 0)
    monkeypatch.setattr(accounts, "MOST_KEPT", 0)
    chain = MadeChain([*BLOCKS, [move(1, 2, 70), move(3, 1, 20)]])
    follow(writer, chain)
    for until in range(1, 5):
        read(writer, chain, until)
    assert stopped(writer) == dict.fromkeys((TOKEN, OTHER, VAULT), (4, False))
