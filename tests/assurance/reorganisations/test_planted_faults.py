"""The schedules would notice: each of these faults, planted in the product, is found by a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import pytest

from prorata.errors import ProrataError
from prorata.store import reading, schema
from prorata.store.follower import Follower
from prorata.store.reading import Reader
from prorata.store.writer import Writer
from tests.assurance.reorganisations.model import ModelChain, ModelNode
from tests.assurance.reorganisations.schedules import Schedule, World, built_anew

MOST = 40


@contextmanager
def a_table_is_not_undone() -> Iterator[None]:
    """What was transferred in a block that is gone stays."""
    whole = schema.FACTS
    with mock.patch.object(
        schema, "FACTS", tuple(table for table in whole if table is not schema.settlement)
    ):
        yield


@contextmanager
def one_block_too_few_is_undone() -> Iterator[None]:
    """The first replaced block stays."""
    undo = Writer.undo

    def undone(self: Writer, ancestor: int) -> None:
        undo(self, ancestor + 1)

    with mock.patch.object(Writer, "undo", undone):
        yield


@contextmanager
def headers_are_not_compared() -> Iterator[None]:
    """Nobody looks whether a block follows on the one before, or whether the tip still stands."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(reading, "_check_chain", return_value=None))
        stack.enter_context(mock.patch.object(Follower, "_ancestor", return_value=None))
        yield


@contextmanager
def late_sources_skip_a_block() -> Iterator[None]:
    """The seam: a group that catches up with the next begins one block after it."""
    page = Reader.open_page

    def skipped(self: Reader, sources: Sequence[Any], after: int, *more: Any) -> Any:
        found = page(self, sources, after, *more)
        logs = [log for log in found.logs if int(log["blockNumber"], 16) != after + 1]
        return type(found)(found.sources, found.after, found.until, logs, found.headers)

    with mock.patch.object(Reader, "open_page", skipped):
        yield


FAULTS: tuple[Callable[[], Any], ...] = (
    a_table_is_not_undone,
    one_block_too_few_is_undone,
    headers_are_not_compared,
    late_sources_skip_a_block,
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault, tmp_path):
    """By a schedule that ends otherwise than one that is built anew, or does not end at all."""
    for seed in range(MOST):
        schedule = Schedule(seed)
        with fault():
            try:
                world = schedule.play(str(tmp_path / f"{seed}.db"))
            except (ProrataError, AssertionError):
                return
        anew = built_anew(world.chain, str(tmp_path / f"{seed}-anew.db"), finalized=schedule.tells)
        different = world.digest() != anew.digest()
        world.end()
        anew.end()
        if different:
            return
    raise AssertionError(f"{MOST} schedules have not found it")


def test_without_a_fault_the_same_schedules_find_nothing(tmp_path):
    """So that it is the fault that was found."""
    chain = ModelChain("planted")
    chain.grow(20)
    worlds = [World(chain, [ModelNode(chain)], str(tmp_path / f"{n}.db")) for n in range(2)]
    for world in worlds:
        world.add(*("0x" + digit * 40 for digit in "12"))
        world.to_head()
    assert worlds[0].digest() == worlds[1].digest()
    for world in worlds:
        world.end()
