"""Readings of a chain that changes meanwhile, or whose node falls behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prorata.chain import readings
from prorata.chain.readings import read_steadily
from prorata.chain.types import Block
from prorata.errors import BooksError, ChainError


class Heads:
    """A chain that has so many blocks, of one miner or another, at each question for the newest."""

    def __init__(self, *heads: tuple[int, str], own_block: int = 0) -> None:
        self.heads, self.own_block = list(heads), own_block

    def block(self, number="latest") -> Block:
        head, miner = self.heads[0]
        if number == "latest":
            # The last one stays.
            self.heads = self.heads[1:] or self.heads
            number = head
        if number > head:
            raise ChainError(f"the node has no block {number}")
        return Block(number, number, f"{miner}{number}")


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(readings, "BEHIND_AFTER_SECONDS", (0.0, 0.0))


def numbers(chain: Heads, fail: Callable[[Block], None] = lambda _: None) -> list[int]:
    """The blocks that were read in turn."""
    read = []

    def note(block: Block) -> int:
        read.append(block.number)
        fail(block)
        return block.number

    assert read_steadily(chain, note) == read[-1]
    return read


def test_a_quiet_chain_is_read_once():
    assert numbers(Heads((9, "a"))) == [9]


def test_a_block_that_is_replaced_is_read_again():
    assert numbers(Heads((9, "a"), (9, "b"))) == [9, 9]


def test_a_node_that_is_behind_is_waited_for_and_nothing_is_read_twice():
    """That it no longer has the block is no reorganisation (Law 20)."""
    assert numbers(Heads((9, "a"), (7, "a"), (8, "a"), (9, "a"))) == [9]


def test_a_node_that_stays_behind_is_called_so():
    """And not a chain that was reorganised (Law 20)."""
    chain = Heads((9, "a"), *[(7, "a")] * 3, (9, "a"), *[(7, "a")] * 3, (9, "a"), (7, "a"))
    with pytest.raises(ChainError) as refused:
        numbers(chain)
    assert str(refused.value) == (
        "the node is behind: block 9 was read, and it does not have it any more; wait until it has "
        "caught up and run the same command again, or use another node"
    )


def test_a_chain_that_is_replaced_again_and_again_is_called_reorganised():
    heads = [(9, miner) for miner in "abcdef"]
    with pytest.raises(ChainError, match="the chain was reorganised 3 times while it was read"):
        numbers(Heads(*heads))


def test_an_error_in_the_books_is_told_at_once_and_one_of_two_chains_is_not():
    def fails(block: Block) -> None:
        if block.hash.startswith("a"):
            raise BooksError("the events give 7, and the token says 8")

    assert numbers(Heads((9, "a"), (9, "b")), fails) == [9, 9]
    with pytest.raises(BooksError):
        numbers(Heads((9, "a")), fails)


def test_nothing_is_read_before_what_this_run_itself_has_sent():
    """Else a payment just made would seem undone (Law 20)."""
    assert numbers(Heads((7, "a"), (8, "a"), (9, "a"), own_block=9)) == [9]
    with pytest.raises(ChainError) as refused:
        numbers(Heads((7, "a"), own_block=9))
    assert str(refused.value).startswith(
        "the node is behind: its newest block is 7, and a transaction of this run was seen in "
        "block 9; wait until it has caught up"
    )
