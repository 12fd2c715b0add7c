"""A writer that ends at any statement leaves what was there before, or what it was to write."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from prorata.store import accounts, bulk, folding
from prorata.store import writer as writing
from prorata.store.database import Database
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import (
    GENESIS,
    OTHER,
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

BLOCKS = [
    [move(0, 1, 100), move(0, 2, 50)],
    [move(1, 2, 30), told("RecordScheduled", recordId=1, closesAt=1_800_000_000)],
    [declared(1, 1, 1_000), claimed(1, 2, 533, 3)],
    [
        move(2, 3, 20),
        move(0, 4, 7, OTHER),
        told("AddressFrozen", userAddress=person(3), isFrozen=True, owner=person(1)),
        told("RecordCancelled", recordId=1),
        told("RecoverySuccess", lostWallet=person(1), newWallet=person(5),
             investorOnchainID=person(5)),
        declared(2, 1, 9),
        claimed(1, 1, 467, 0),
        move(2, 0, 60),
    ],
    [move(3, 1, 20)],
]  # fmt: skip
BEFORE = 3


class Killed(BaseException):
    """As if the process had ended."""


def commit(writer: Writer) -> None:
    chain = MadeChain(BLOCKS)
    writer.commit(chain.page(writer.sources(), chain.head))


def undo(writer: Writer) -> None:
    writer.undo(1)


def note(writer: Writer) -> None:
    chain = MadeChain(BLOCKS)
    writer.note(chain.header(5), chain.header(2))


@contextmanager
def ending(database: Database, step: int, end: Callable[[], Any]) -> Iterator[None]:
    """Call `end` before the statement, the rows or the commit that is number `step`."""
    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            end()

    inserted = bulk.insert

    def insert(*arguments: Any) -> None:
        count()
        inserted(*arguments)

    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(database.engine, name, count)
    for module in (accounts, folding, writing):
        assert module.bulk is bulk
    bulk.insert = insert
    try:
        yield
    finally:
        bulk.insert = inserted
        for name in names:
            event.remove(database.engine, name, count)


@pytest.fixture
def filled(place: str) -> str:
    """Where a ledger is whose writer has left, at block `BEFORE`."""
    chain = MadeChain(BLOCKS)
    with closing(Database.open(place, create=True)) as database:
        writer = Writer.take(database, 31337, GENESIS, who="the tests")
        follow(writer, chain)
        read(writer, chain, BEFORE)
        writer.release()
    return place


@pytest.mark.parametrize("work", [commit, undo, note])
def test_an_exception_at_any_statement_leaves_what_was(filled: str, work) -> None:
    """Law 81: each step of a commit, of an undo and of a note fails once, and then none."""
    with closing(Database.open(filled)) as database:
        writer = Writer.take(database, 31337, GENESIS, who="the tests")
        before = everything(database)
        for step in range(1, 200):
            try:
                with ending(database, step, _fail):
                    work(writer)
                break
            except Killed:
                assert everything(database) == before
        assert step > 8
        after = everything(database)
        assert after != before
        assert len(after["log"]) == {commit: 15, undo: 2, note: 6}[work]


def _fail() -> None:
    raise Killed


@pytest.mark.slow
@pytest.mark.parametrize("work", [commit, undo])
def test_a_kill_at_any_statement_leaves_what_was(filled: str, work) -> None:
    """Laws 81 and 86: a process that is killed leaves one state or the other, and no lock."""
    with closing(Database.open(filled)) as database:
        before = everything(database)
        ends = []
        for step in range(1, 200):
            # Connections are not to be shared with a child.
            database.close()
            if _in_a_process(filled, step, work) == 0:
                break
            ends.append(everything(database))
            assert ends[-1] == before
        assert len(ends) > 8
        assert everything(database) != before


def _in_a_process(place: str, step: int, work: Callable[[Writer], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            database = Database.open(place)
            writer = Writer.take(database, 31337, GENESIS, who="a child")
            with ending(database, step, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                work(writer)
            writer.release()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL)
    return code
