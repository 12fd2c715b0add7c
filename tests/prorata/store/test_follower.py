"""The one loop: at a head, at a reorganisation, at finality, and before nodes that lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from prorata.chain import pool
from prorata.errors import ChainError, StoreError
from prorata.store import follower as loop
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.follower import Follower, Step, Wishes
from prorata.store.watchdog import Watchdog
from prorata.store.writer import Writer
from tests.assurance.reorganisations.facts import facts_of
from tests.assurance.reorganisations.model import CHAIN_ID, ModelChain, ModelNode, chain_of
from tests.prorata.store.made_logs import OTHER, TOKEN, VAULT, follow


@pytest.fixture(autouse=True)
def in_haste(monkeypatch) -> None:
    """Nobody waits for what does not come."""
    monkeypatch.setattr(pool, "BEHIND_AFTER_SECONDS", ())
    monkeypatch.setattr(pool, "REST_SECONDS", 0.0)
    monkeypatch.setattr(loop, "LONGEST_PAUSE", 0.01)


class Ledger:
    """A ledger of a model chain, behind one node or several."""

    def __init__(self, chain: ModelChain, database: Database, *nodes: ModelNode) -> None:
        self.chain, self.database, self.nodes = chain, database, nodes
        self.said: list[str] = []
        self.rpc = chain_of(*nodes)
        self.writer = Writer.take(database, CHAIN_ID, self.rpc.genesis_hash, who="test")
        self.follower = self.another()

    def another(self, **wishes) -> Follower:
        return Follower(
            self.rpc,
            self.writer,
            Wishes(**{"once": True, "poll": 0.0, **wishes}),
            say=self.said.append,
        )

    def run(self, **wishes) -> None:
        self.another(**wishes).run()

    def facts(self) -> dict[str, str]:
        return facts_of(self.database)

    def refuses(self, kind: type[Exception], **wishes) -> str:
        """The sentence; no fact in the ledger has changed, whatever header became superfluous."""
        before = self.facts() | {"block": ""}
        with pytest.raises(kind) as error:
            self.run(**wishes)
        assert self.facts() | {"block": ""} == before
        return str(error.value)

    def reached(self) -> set[int]:
        return {source.done_to for source in self.writer.sources()}

    def changes(self) -> list[tuple[str, int]]:
        c = schema.change.c
        with self.database.snapshot() as connection:
            rows = connection.execute(select(c.kind, c.block).order_by(c.seq))
            return [(kind, number) for kind, number in rows]


@pytest.fixture
def chain() -> ModelChain:
    made = ModelChain("follower")
    made.grow(90)
    made.finalise(50)
    return made


@pytest.fixture
def ledger(chain, tmp_path) -> Iterator[Ledger]:
    """Two assets and a vault, at the head; one node."""
    with closing(Database.open(str(tmp_path / "ledger.db"), create=True)) as opened:
        made = Ledger(chain, opened, ModelNode(chain))
        follow(made.writer, chain)
        made.run()
        yield made


@pytest.fixture
def several(chain, tmp_path) -> Iterator[Ledger]:
    """The same before three nodes, with nothing read."""
    with closing(Database.open(str(tmp_path / "several.db"), create=True)) as opened:
        made = Ledger(chain, opened, *(ModelNode(chain) for _ in range(3)))
        follow(made.writer, chain)
        yield made


# ------------------------------------------------------------------------------------- the head


def test_it_reads_to_the_head_and_says_so(ledger):
    assert ledger.reached() == {90}
    assert ledger.said == ["reading from block 1", "at the head, block 90"]
    assert (ledger.writer.stand.final, ledger.writer.stand.verified_to) == (50, 50)


def test_it_reads_to_a_block_and_ends(several):
    several.run(once=False, until=70)
    assert several.reached() == {70}


def test_nothing_is_asked_for_up_to_latest(ledger):
    """Law 83: ranges have numbers at both ends, and none is above finality; the rest are hashes."""
    asked = []
    node = ledger.nodes[0]
    answer = node._answer

    def heard(method, params):
        asked.append((method, params))
        return answer(method, params)

    node._answer = heard
    ledger.chain.grow(10)
    ledger.chain.finalise(70)
    ledger.run()
    spans = [params[0] for method, params in asked if method == "eth_getLogs"]
    assert any("blockHash" in span for span in spans)
    for span in spans:
        if "blockHash" not in span:
            assert int(span["toBlock"], 16) <= 70


def test_blocks_above_finality_are_a_chain(ledger):
    """Law 82: every hash is the chain's, and every block names the one before it."""
    hashes = ledger.writer.hashes(0)
    assert all(ledger.chain.hashes[number] == found for number, found in hashes.items())
    b = schema.block.c
    with ledger.database.snapshot() as connection:
        rows = connection.execute(select(b.number, b.parent).where(b.number > 50)).all()
    assert {n for n, _ in rows} == set(range(51, 91))
    assert all(parent == f"0x{ledger.chain.hashes[n - 1].hex()}" for n, parent in rows)


def test_a_page_of_two_branches_is_not_written(ledger):
    """Law 82: the chain moves between the headers and the logs; the page is read anew."""
    node, chain = ledger.nodes[0], ledger.chain
    moved = []
    answer = node._logs

    def logs(wanted):
        if "blockHash" in wanted and not moved:
            moved.append(chain.head)
            chain.replace(6, 8)
        return answer(wanted)

    node._logs = logs
    chain.grow(5)
    ledger.run()
    assert moved
    assert ledger.reached() == {chain.head}
    for number, found in ledger.writer.hashes(51).items():
        assert found == chain.hashes[number]


def test_a_header_that_does_not_follow_is_not_written(ledger):
    """Law 82: a node whose blocks are no chain is asked again, and then refused."""
    ledger.chain.grow(5)
    ledger.nodes[0].forge = lambda header: (
        {**header, "parentHash": "0x" + "77" * 32} if header["number"] == hex(93) else header
    )
    assert "was reorganised at block 93 while it was read" in ledger.refuses(ChainError)


# ------------------------------------------------------------------------------ reorganisations


@pytest.mark.parametrize("depth", [1, 2, 7, 39, 40])
def test_replaced_blocks_are_undone_to_the_last_common_one(ledger, depth):
    """Law 84: down to finality, where 40 blocks are above it; the changes say from where on."""
    ledger.chain.replace(depth, depth + 3)
    ledger.run()
    blocks = "1 block was" if depth == 1 else f"{depth} blocks were"
    said = f"reorganised: {blocks} undone, down to block {90 - depth}"
    assert said in ledger.said
    assert ("undo", 91 - depth) in ledger.changes()
    assert ledger.reached() == {93}
    assert all(ledger.chain.hashes[n] == one for n, one in ledger.writer.hashes(0).items())


def test_a_shorter_branch_is_undone_too(ledger):
    """Law 84: the node's newest block has another hash than the ledger's of that number."""
    ledger.chain.replace(20, 10)
    ledger.run()
    assert "reorganised: 20 blocks were undone, down to block 70" in ledger.said
    assert ledger.reached() == {80}


def test_a_node_that_is_behind_is_waited_for(ledger):
    """Law 85: it has the ledger's block where its own chain ends, so that nothing is undone."""
    node = ledger.nodes[0]
    for lag in (1, 10, 40, 60):
        node.lag = lag
        assert ledger.another().step() is Step.BEHIND
    assert ledger.writer.stand.undone == 0
    assert "node A is behind: it has blocks up to 89 only, and block 90" in ledger.said[-4]
    node.lag = 0
    assert ledger.another().step() is Step.IDLE


def test_who_only_wants_to_come_to_the_head_is_told_that_the_node_is_behind(ledger):
    """Law 85: after a few looks; nothing is undone."""
    ledger.nodes[0].lag = 12
    said = ledger.refuses(ChainError)
    assert said.startswith("node A is behind: it has blocks up to 78 only, and block 90 is in the")
    assert ledger.writer.stand.undone == 0


def test_a_repeated_height_is_a_reorganisation(ledger):
    """Law 84: the same number with another hash, which a subscription may not tell."""
    ledger.chain.replace(1, 1)
    assert ledger.another().step() is Step.UNDONE


# ------------------------------------------------------------------------------------- finality


def test_below_finality_it_stops_with_one_sentence(ledger):
    """Law 85: the block that is final has another hash now; nothing is undone, nothing repaired."""
    chain = ledger.chain
    chain.final = 0
    chain.replace(45, 60)
    said = ledger.refuses(StoreError)
    assert said.startswith("block 50 is final in the ledger with the hash 0x")
    assert "node A has 0x" in said
    assert "nothing was changed" in said
    assert ledger.writer.stand.undone == 0


def test_finality_that_nobody_tells_is_so_deep(chain, tmp_path):
    """Law 85: head less depth, as wished; it never falls, not even with the head."""
    with closing(Database.open(str(tmp_path / "ledger.db"), create=True)) as opened:
        ledger = Ledger(chain, opened, ModelNode(chain, finalized=False))
        follow(ledger.writer, chain)
        ledger.run(depth=30)
        assert ledger.writer.stand.final == 60
        chain.final = 60
        chain.replace(30, 20)
        ledger.run(depth=30)
        assert (ledger.writer.stand.head, ledger.writer.stand.final) == (80, 60)


def test_two_of_three_nodes_must_agree_on_finality(several):
    """Law 85: one says that a block is final which no other has; another is late."""
    liar, _, late = several.nodes
    liar.forge = lambda header: (
        {**header, "hash": "0x" + "99" * 32} if int(header["number"], 16) > 30 else header
    )
    late.lag = 60
    several.rpc = chain_of(several.nodes[1], several.nodes[2], liar)
    several.run()
    assert several.writer.stand.final == 30
    late.lag = 0
    several.run()
    assert several.writer.stand.final == 50


def test_without_a_second_node_nothing_becomes_final(several):
    """Law 85: two of three are out of order, and one alone decides nothing."""
    for node in several.nodes[1:]:
        node.down = True
    several.run()
    assert several.reached() == {90}
    assert several.writer.stand.final == 0


# ------------------------------------------------------------------------------ nodes that lie

LIES = {
    "left out": lambda logs: logs[:3] + logs[4:],
    "altered": lambda logs: [*logs[:3], {**logs[3], "data": logs[3]["data"][:-1] + "7"}, *logs[4:]],
    "empty": lambda logs: [],
}


@pytest.mark.parametrize("lie", LIES)
def test_what_two_nodes_tell_differently_of_final_blocks_stops_it(several, lie):
    """Law 85: the sentence names block, log and both nodes, and nothing was written."""
    several.nodes[1].spoil = LIES[lie]
    said = several.refuses(StoreError)
    for words in ("log ", " of block ", "which is final", "node A", "node B"):
        assert words in said
    assert "nothing was repaired" in said
    assert several.reached() == {0}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_above_finality_is_found_when_the_block_is_final(ledger, lie):
    """Law 85: the range is asked for again, and compared with what the ledger has."""
    chain, node = ledger.chain, ledger.nodes[0]
    busy = next(
        n for n in range(51, 91) if len(chain.block_logs(n)) and chain.states[n] != chain.states[0]
    )
    told = chain.block_logs(busy)[0]["logIndex"]
    node.spoil = lambda logs: (
        [
            {**log, "transactionHash": "0x" + "66" * 32} if lie == "altered" else log
            for log in logs
            if lie == "altered" or (log["blockNumber"], log["logIndex"]) != (hex(busy), told)
        ]
        if lie != "empty"
        else []
    )
    chain.finalise(80)
    said = ledger.refuses(StoreError)
    assert "the ledger" in said
    assert "node A" in said
    assert ledger.writer.stand.verified_to < 80


BAD = {
    "twice": (lambda logs: [*logs[:4], logs[3], *logs[4:]], "out of order, or twice"),
    "unsorted": (lambda logs: logs[::-1], "out of order, or twice"),
    "of another block": (
        lambda logs: [{**logs[0], "blockHash": "0x" + "55" * 32}, *logs[1:]], "log",
    ),
    "taken back": (lambda logs: [{**logs[0], "removed": True}, *logs[1:]], "which was taken back"),
    "of another contract": (
        lambda logs: [{**logs[0], "address": "0x" + "5" * 40}, *logs[1:]], "was not asked for",
    ),
    "of another range": (
        lambda logs: [*logs, {**logs[-1], "blockNumber": hex(2_000)}], "was not asked for",
    ),
    "without a place": (lambda logs: [{}, *logs], "without its block, place or address"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_logs_that_cannot_be_are_refused(several, fault):
    """Law 82: of whatever node; nothing of the page is written."""
    spoil, words = BAD[fault]
    for node in several.nodes:
        node.spoil = lambda logs: spoil(logs) if len(logs) > 4 else logs
    assert words in several.refuses(ChainError)


def test_another_hash_of_a_final_block_is_refused(several):
    """Law 85: the end of a range has two hashes."""
    several.nodes[2].forge = several.nodes[1].forge = lambda header: (
        {**header, "hash": "0x" + "99" * 32} if header["number"] == hex(4) else header
    )
    several.nodes[0].refuse = lambda first, last, _: (
        "block range is too large, max is 4" if last - first >= 4 else None
    )
    said = several.refuses(StoreError)
    assert "block 4 is final and has two hashes" in said


# --------------------------------------------------------------------------- one loop, one writer


def test_what_is_added_late_is_read_while_the_tail_goes_on(ledger):
    """Law 87: nothing is missing at the seam, and nothing is there twice."""
    chain = ledger.chain
    with closing(
        Database.open(str(Path(ledger.database.name).with_name("late.db")), create=True)
    ) as opened:
        late = Ledger(chain, opened, ModelNode(chain))
        asset = late.writer.add_asset(TOKEN, "Harbour", "HAR", 0)
        late.writer.add_source(
            TOKEN, "ShareToken", ours=True, first_block=1, assets=[asset], head=90
        )
        late.run()
        chain.grow(8)
        other = late.writer.add_asset(OTHER, "Orchard", "ORC", 0)
        late.writer.add_source(
            OTHER, "ShareToken", ours=True, first_block=1, assets=[other], head=98
        )
        late.writer.add_source(
            VAULT, "DividendVault", ours=True, first_block=1, assets=[asset, other], head=98
        )
        chain.grow(2)
        late.run()
        ledger.run()
        assert late.facts() == ledger.facts()
        assert late.writer.stand.verified_to == ledger.writer.stand.verified_to == 50


def test_a_writer_that_was_replaced_writes_nothing_more(ledger):
    """Law 89: it sleeps while another one takes its place, and wakes up."""
    sleeping = ledger.another()
    Writer.take(ledger.database, CHAIN_ID, ledger.rpc.genesis_hash, who="another")
    ledger.chain.grow(3)
    before = ledger.facts()
    with pytest.raises(StoreError, match="another process has become the writer"):
        sleeping.step()
    assert ledger.facts() == before


def test_a_node_that_is_out_of_order_for_a_while_ends_nothing(ledger):
    """The loop waits, says why, once, and goes on."""
    node = ledger.nodes[0]
    requests = []

    def before():
        requests.append(1)
        node.down = len(requests) < 6
        if len(requests) > 20:
            tail.stop()

    tail = ledger.another(once=False)
    node.before = before
    ledger.chain.grow(1)
    tail.run()
    waiting = [one for one in ledger.said if one.startswith("waiting: ")]
    assert len(waiting) == 1
    assert ledger.reached() == {91}


def test_who_only_wants_to_come_to_the_head_is_told_that_no_node_answers(ledger):
    ledger.nodes[0].down = True
    assert "does not answer" in ledger.refuses(ChainError)


def test_ranges_are_as_wide_as_the_node_takes_them(several):
    """In several providers' words; what was read is the same."""
    words = iter(
        (
            "query returned more than 10000 results. Try with this block range [0x1, 0x7].",
            "range 50 exceeds limit of 10",
            "eth_getLogs is limited to a 5 blocks range",
        )
    )
    said = {}
    for node in several.nodes:
        phrase = said[id(node)] = next(words)
        most = {"q": 7, "r": 10, "e": 5}[phrase[0]]
        node.refuse = lambda first, last, _, most=most, phrase=phrase: (
            phrase if last - first + 1 > most else None
        )
    several.run()
    assert several.reached() == {90}


# -------------------------------------------------------------------------------- the watchdog


def test_the_watchdog_speaks_when_blocks_or_finality_stand_still():
    now = [0.0]
    dog = Watchdog(blocks_seconds=60, final_seconds=300, clock=lambda: now[0])
    chain = ModelChain("dog")
    chain.grow(40)
    assert not list(dog.heard(chain.header(30), 9))
    now[0] = 299.0
    assert list(dog.heard(chain.header(30), 9)) == ["no new block for 4 minutes: the last is 30"]
    assert not list(dog.heard(chain.header(31), 9))
    now[0] = 301.0
    assert list(dog.heard(chain.header(32), 9)) == [
        "no new final block for 5 minutes: the last is 9"
    ]
    assert dog.block_time == 12


def test_a_chain_that_waits_for_transactions_is_quiet():
    now = [0.0]
    dog = Watchdog(quiet=True, clock=lambda: now[0])
    chain = ModelChain("quiet")
    chain.grow(3)
    for now[0] in (0.0, 10_000.0):
        assert not list(dog.heard(chain.header(3), 0))
