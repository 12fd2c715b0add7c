"""The stored log as a source of logs: the same as from a node, and no more than the chain has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from prorata.chain.abi import topics_of
from prorata.chain.encoding import log_of
from prorata.chain.kept_logs import Topics, read_kept
from prorata.chain.types import Log
from prorata.errors import StoreError
from prorata.store import stored_log
from prorata.store.database import Database
from prorata.store.stored_log import StoredLog
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import (
    GENESIS,
    OTHER,
    TOKEN,
    VAULT,
    MadeChain,
    claimed,
    declared,
    follow,
    move,
    person,
    read,
    told,
)

CHAIN_ID = 31337
STORY = (
    [move(0, 1, 100), move(0, 2, 50), move(0, 1, 7, OTHER)],
    [],
    [move(1, 2, 30), told("RecordScheduled", recordId=1, closesAt=1_900_000_000)],
    [declared(1, 1, 1_000), claimed(1, 2, 533, 3), move(2, 0, 80)],
    [move(1, 2, 1)],
)


def word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


class Node:
    """A node of a made chain, which counts the blocks that it is asked for."""

    def __init__(self, chain: MadeChain) -> None:
        self.chain, self.asked = chain, list[tuple[tuple[str, ...], int, int]]()

    def hashes(self, numbers: Sequence[int]) -> dict[int, str | None]:
        known = self.chain.hashes
        return {n: f"0x{known[n].hex()}" if n < len(known) else None for n in numbers}

    def node_logs(
        self, addresses: Sequence[str], first: int, last: int, topics: Topics = None
    ) -> Iterator[Log]:
        self.asked.append((tuple(addresses), first, last))
        for entry in self.chain.logs(first, min(last, self.chain.head), addresses):
            log = log_of(entry)
            if matches(log, topics):
                yield log


def matches(log: Log, topics: Topics) -> bool:
    """As the JSON-RPC specification has it."""
    if len(topics or ()) > len(log.topics):
        return False
    for found, topic in zip(log.topics, topics or (), strict=False):
        wanted = [topic] if isinstance(topic, bytes) else topic
        if wanted and found not in wanted:
            return False
    return True


@pytest.fixture
def chain() -> MadeChain:
    return MadeChain(STORY)


@pytest.fixture
def writer(database: Database, chain: MadeChain) -> Iterator[Writer]:
    taken = Writer.take(database, CHAIN_ID, GENESIS, who="the tests")
    follow(taken, chain)
    read(taken, chain)
    taken.note(chain.header(chain.head), None)
    yield taken
    taken.release()


def logs(
    node: Node, stored: StoredLog, addresses: Sequence[str], blocks: tuple[int, int], topics=None
) -> list[Log]:
    return list(read_kept(node, stored, addresses, blocks, topics))


[TRANSFER] = topics_of("ShareToken", "Transfer")
[CLAIMED] = topics_of("DividendVault", "Claimed")
[SCHEDULED] = topics_of("ShareToken", "RecordScheduled")
FILTERS = (
    None,
    [],
    [TRANSFER],
    [[TRANSFER, SCHEDULED]],
    [None, word(person(1))],
    [TRANSFER, None, [word(person(2)), word(person(0))]],
    [CLAIMED, (1).to_bytes(32, "big"), word(person(2))],
    [[], word(person(2))],
    [None, None, None, None],
    [bytes(32)],
)


@pytest.mark.parametrize("page", [1, 2, 1_000])
def test_logs_are_those_of_the_node_with_every_filter(database, writer, chain, page, monkeypatch):
    """Law 89: whoever reads sees what the chain says, in its order, log for log."""
    monkeypatch.setattr(stored_log, "PAGE", page)
    node, stored = Node(chain), StoredLog(database, CHAIN_ID, GENESIS)
    for topics in FILTERS:
        for addresses in ([TOKEN], [TOKEN, VAULT], [VAULT, OTHER, TOKEN]):
            for first, last in ((1, 5), (2, 4), (3, 3), (5, 4)):
                node.asked.clear()
                found = logs(node, stored, addresses, (first, last), topics)
                assert node.asked == []
                assert found == list(node.node_logs(addresses, first, last, topics))


def test_the_node_is_asked_for_what_is_not_kept(database, writer, chain):
    """Blocks that came later or before, and contracts that nobody follows; in the chain's order."""
    stranger = person(77)
    chain.mine([move(2, 1, 5), move(1, 2, 2), (stranger, "ShareToken", *move(0, 3, 9)[2:])])
    chain.blocks[3] = [*chain.blocks[3], (stranger, "ShareToken", *move(0, 4, 9)[2:])]
    node, stored = Node(chain), StoredLog(database, CHAIN_ID, GENESIS)
    found = logs(node, stored, [TOKEN, stranger], (0, 6))
    assert node.asked == [
        ((TOKEN, stranger), 0, 0), ((stranger,), 1, 5), ((TOKEN, stranger), 6, 6)
    ]  # fmt: skip
    assert found == list(node.node_logs([TOKEN, stranger], 0, 6))
    # Before its creation a contract has said nothing.
    made_in_one = StoredLog(database, CHAIN_ID, GENESIS, {TOKEN: 1})
    node.asked.clear()
    assert logs(node, made_in_one, [TOKEN], (0, 5)) == list(node.node_logs([TOKEN], 0, 5))
    assert len(node.asked) == 1


def test_of_a_chain_that_was_replaced_only_what_is_final_is_used(database, writer, chain):
    """Law 82."""
    writer.note(chain.header(5), chain.header(3))
    chain.reorganise(3, [[move(1, 2, 4)], [move(1, 2, 5)]])
    node, stored = Node(chain), StoredLog(database, CHAIN_ID, GENESIS)
    found = logs(node, stored, [TOKEN], (1, 5))
    assert node.asked == [((TOKEN,), 4, 5)]
    assert found == list(node.node_logs([TOKEN], 1, 5))
    chain.reorganise(0, STORY[::-1])
    node.asked.clear()
    assert logs(node, stored, [TOKEN], (1, 5)) == list(node.node_logs([TOKEN], 1, 5))
    assert node.asked[0] == ((TOKEN,), 1, 5)


@pytest.mark.parametrize("how", ["undone", "read again"])
def test_what_is_taken_back_while_it_is_read_comes_from_the_node(
    database, writer, chain, how, monkeypatch
):
    """Law 84: no log is left out, and none is told twice."""
    monkeypatch.setattr(stored_log, "PAGE", 1)
    node, stored = Node(chain), StoredLog(database, CHAIN_ID, GENESIS)
    reading = read_kept(node, stored, [TOKEN], (1, 5), None)
    begun = [next(reading), next(reading)]
    if how == "undone":
        writer.undo(2)
    else:
        # It turns out to be older than it was said, and is read from its beginning.
        writer.add_source(
            TOKEN, "ShareToken", ours=True, first_block=0, assets=[1], head=chain.head
        )
    rest = list(reading)
    assert [*begun, *rest] == list(node.node_logs([TOKEN], 1, 5))
    assert node.asked[0] == ((TOKEN,), 1, 5)


def test_a_database_of_another_chain_is_refused(database, writer):
    with pytest.raises(StoreError, match="has no ledger of chain 1 with genesis"):
        StoredLog(database, 1, GENESIS)
