"""Which block is final, by one node and by several; what every node says; who is asked again."""

from __future__ import annotations

import pytest

from prorata.chain import pool
from prorata.chain.finality import agreed_final, final_number
from prorata.errors import ChainError
from tests.assurance.reorganisations.model import ModelChain, ModelNode, chain_of


@pytest.fixture(autouse=True)
def in_haste(monkeypatch) -> None:
    monkeypatch.setattr(pool, "BEHIND_AFTER_SECONDS", ())


@pytest.fixture
def chain() -> ModelChain:
    made = ModelChain("finality")
    made.grow(100)
    made.finalise(60)
    return made


@pytest.fixture
def nodes(chain) -> list[ModelNode]:
    return [ModelNode(chain) for _ in range(3)]


def header(chain: ModelChain, number: int) -> dict:
    return chain.json_header(number)


# ------------------------------------------------------------------------------------- one node


def test_one_node_is_believed(chain, nodes):
    found = agreed_final(chain_of(nodes[0]))
    assert found is not None
    assert (found.number, found.hash) == (60, f"0x{chain.hashes[60].hex()}")


def test_where_nobody_tells_finality_is_as_deep_as_was_agreed(chain, nodes):
    nodes[0].finalized = False
    for depth, number in ((64, 36), (10, 90), (100, 0)):
        found = agreed_final(chain_of(nodes[0]), depth=depth)
        assert found is not None
        assert found.number == number
    assert agreed_final(chain_of(nodes[0]), depth=101) is None


def test_the_first_block_is_no_finality_on_a_local_chain(chain):
    latest, first = header(chain, 90), header(chain, 0)
    assert final_number(latest, first, depth=64, local=True) == 26
    assert final_number(latest, first, depth=64, local=False) == 0
    assert final_number(latest, header(chain, 50), depth=64, local=True) == 50
    assert final_number(None, None, depth=64, local=True) is None


# --------------------------------------------------------------------------------- several nodes


def test_the_greatest_block_counts_on_which_two_agree(chain, nodes):
    """Each has its own idea of how far finality is: 60, 52 and 30."""
    nodes[1].lag, nodes[2].lag = 48, 70
    found = agreed_final(chain_of(*nodes))
    assert found is not None
    assert found.number == 52


def test_a_node_with_another_block_has_no_second_voice(chain, nodes):
    """Law 85: its final block is of no other node's chain."""
    nodes[0].forge = lambda h: {**h, "hash": "0x" + "99" * 32} if h["number"] != "0x0" else h
    nodes[1].lag = 60
    found = agreed_final(chain_of(*nodes))
    assert found is not None
    assert (found.number, found.hash) == (40, f"0x{chain.hashes[40].hex()}")


def test_one_of_two_alone_decides_nothing(nodes):
    """Law 85."""
    nodes[1].down = True
    assert agreed_final(chain_of(*nodes[:2])) is None


def test_nodes_without_the_ledgers_own_block_have_no_voice(chain, nodes):
    """Law 85: what they call final would be built on another branch than the ledger has."""
    rpc = chain_of(*nodes)
    assert agreed_final(rpc, known=(80, "0x" + "12" * 32)) is None
    assert agreed_final(rpc, known=(80, f"0x{chain.hashes[80].hex()}")) is not None
    assert agreed_final(rpc, known=(500, "0x" + "12" * 32)) is not None


# ------------------------------------------------------------------------ what each of them says


def test_every_node_is_asked_for_its_opinion(chain, nodes):
    """Those behind among them; one out of order is left out."""
    nodes[1].lag, nodes[2].down = 7, True
    said = chain_of(*nodes).opinions([("eth_getBlockByNumber", ("latest", False))])
    assert [(name, int(found["number"], 16)) for name, [found] in said] == [
        ("node A", 100),
        ("node B", 93),
    ]


def test_the_opinion_of_a_single_node_is_its_answer(nodes):
    [(name, [answer, refused])] = chain_of(nodes[0]).opinions(
        [("eth_chainId", ()), ("eth_nonsense", ())]
    )
    assert (name, answer) == ("node A", hex(4242))
    assert isinstance(refused, ChainError)


def test_others_can_be_asked_again(nodes):
    """All but the one that was asked, until they fail."""
    rpc = chain_of(*nodes)
    assert rpc.block().number == 100
    assert [other.name for other in rpc.others()] == ["node B", "node C"]
    rpc.rest(rpc.others()[0])
    assert [other.name for other in rpc.others()] == ["node C"]
    assert chain_of(nodes[0]).others() == []
    assert (rpc.node_count, chain_of(nodes[0]).node_count) == (3, 1)


def test_headers_tell_their_parents(chain, nodes):
    found = chain_of(nodes[0]).headers([5, 6, 5_000])
    assert found[2] is None
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].parent == found[0].hash == f"0x{chain.hashes[5].hex()}"


def test_a_header_without_a_hash_is_refused(nodes):
    nodes[0].forge = lambda h: {**h, "hash": "0x12"}
    with pytest.raises(ChainError, match="the hash of a block belongs"):
        chain_of(nodes[0]).headers([5])


def test_logs_of_a_block_are_asked_for_by_its_hash(chain, nodes):
    numbers = [n for n in range(1, 101) if chain.block_logs(n)][:3]
    hashes = [f"0x{chain.hashes[n].hex()}" for n in numbers]
    addresses = sorted({log["address"] for n in numbers for log in chain.block_logs(n)})
    *found, gone = chain_of(nodes[0]).logs_of_blocks(addresses, [*hashes, "0x" + "12" * 32])
    assert found == [chain.block_logs(n) for n in numbers]
    assert isinstance(gone, ChainError)


def test_ranges_come_with_the_header_of_their_end(chain, nodes):
    """As the node's JSON has them, in as many ranges as it takes to get them all."""
    nodes[0].refuse = lambda first, last, _: (
        "block range is too large, max is 30" if last - first >= 30 else None
    )
    addresses = sorted({log["address"] for n in range(101) for log in chain.block_logs(n)})
    parts = list(chain_of(nodes[0]).log_ranges(addresses, 1, 100))
    assert [part.first for part in parts][1:] == [part.until + 1 for part in parts][:-1]
    assert parts[-1].until == 100
    assert [log for part in parts for log in part.logs] == [
        log for n in range(1, 101) for log in chain.block_logs(n)
    ]
    for part in parts:
        assert part.end.hash == f"0x{chain.hashes[part.until].hex()}"


def test_dense_blocks_are_asked_for_in_narrower_ranges(chain, nodes, monkeypatch):
    """A node that limits nothing would else answer with more than memory holds."""
    from prorata.chain import log_pages

    monkeypatch.setattr(log_pages, "MANY_LOGS", 20)
    monkeypatch.setattr(log_pages, "EASY_LOGS", 10)
    addresses = sorted({log["address"] for n in range(101) for log in chain.block_logs(n)})
    rpc = chain_of(nodes[0])
    rpc.limits.comfortable = 50
    parts = list(rpc.log_ranges(addresses, 1, 100))
    assert parts[0].until == 50
    assert max(len(part.logs) for part in parts[1:]) < len(parts[0].logs)
