"""Several nodes of one chain: what one does not answer another does, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from prorata.chain import pool, rpc
from prorata.chain.abi import function
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.readings import read_steadily
from prorata.chain.steps import Intent
from prorata.contracts.base import NATIVE
from prorata.deployments.deployment import open_operator
from prorata.errors import ChainError, InputError, RevertError
from prorata.toolchain.anvil import Anvil
from tests.prorata.chain.test_node import provider
from tests.prorata.conftest import PATIENCE

HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
SENDING = "eth_sendRawTransaction"
BLOCK_OF = {
    "eth_getTransactionReceipt": "blockNumber",
    "eth_getTransactionByHash": "blockNumber",
}


class Mirror:
    """A node that knows what an Anvil does, but for its last `lag` blocks; or is `down`.

    `told` has other answers by method; `heard` is what it was asked for.
    """

    def __init__(self, anvil: Anvil) -> None:
        self.anvil = anvil
        self.url = ""
        self.lag, self.down, self.dies_after = 0, False, 10**9
        self.told: dict[str, Any] = {}
        self.heard: list[str] = []

    def answer(self, body) -> tuple[int, object] | None:
        asked = body if isinstance(body, list) else [body]
        self.heard += [question["method"] for question in asked]
        if self.down or len(self.heard) > self.dies_after:
            return 503, "out of order"
        if not self.lag and not self.told.keys() & {question["method"] for question in asked}:
            return None
        answers = [{"jsonrpc": "2.0", "id": q["id"], **self._one(q)} for q in asked]
        return 200, answers if isinstance(body, list) else answers[0]

    def _one(self, question) -> dict[str, Any]:
        method, params = question["method"], question["params"]
        if method in self.told:
            return self.told[method]
        head = int(self.anvil.rpc("eth_blockNumber"), 16) - self.lag
        if method in ("eth_getBlockByNumber", "eth_getTransactionCount"):
            place = 0 if method == "eth_getBlockByNumber" else 1
            if params[place] in ("latest", "pending"):
                params = [*params[:place], hex(head), *params[place + 1 :]]
            elif int(params[place], 16) > head:
                return {"result": None}
        found = self.anvil.rpc(method, *params)
        later = int((found or {}).get(BLOCK_OF[method]) or "0x0", 16) if method in BLOCK_OF else 0
        return {"result": None if later > head else found}


@pytest.fixture
def two(anvil: Anvil, chain: RpcChain) -> Iterator[tuple[Mirror, Mirror]]:
    """Two nodes before the session's Anvil, whose state is put back in the end."""
    mirrors = Mirror(anvil), Mirror(anvil)
    with ExitStack() as lines:
        for mirror in mirrors:
            mirror.url = lines.enter_context(provider(anvil.url, mirror.answer))
        yield mirrors


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(rpc, "RETRIES_AFTER_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(pool, "BEHIND_AFTER_SECONDS", (0.0, 0.0))


def chain_of(*mirrors: Mirror) -> RpcChain:
    return RpcChain([mirror.url for mirror in mirrors])


def refused(asking) -> str:
    with pytest.raises(ChainError) as error:
        asking()
    return str(error.value)


# -------------------------------------------------------------------------------------- fall-over


def test_the_first_is_asked_while_it_answers(two):
    first, second = two
    both = chain_of(*two)
    assert both.chain_id == 31337
    second.heard.clear()
    assert both.block(0).number == 0
    assert both.name == first.url
    assert second.heard == []


@pytest.mark.parametrize("met", [True, False])
def test_the_next_is_asked_where_one_is_out_of_order(two, monkeypatch, met):
    """And the first again, once it has rested (Law 20)."""
    first, second = two
    both = chain_of(*two)
    if met:
        assert both.chain_id == 31337
    first.down = True
    assert both.block(0).number == 0
    assert both.name == second.url
    first.down = False
    first.heard.clear()
    assert both.block(0).number == 0
    assert first.heard == []
    monkeypatch.setattr(pool.time, "monotonic", lambda clock=pool.time.monotonic: clock() + 60)
    assert both.block(0).number == 0
    assert both.name == first.url


def test_one_that_fails_again_and_again_is_tried_ever_more_seldom(two, monkeypatch):
    first, _ = two
    first.down = True
    both, minutes, tried = chain_of(*two), [0.0], []
    monkeypatch.setattr(pool.time, "monotonic", lambda: 60 * minutes[0])
    for minute in range(40):
        minutes[0] = minute
        first.heard.clear()
        assert both.block(0).number == 0
        if first.heard:
            tried.append(minute)
    assert tried[:5] == [0, 1, 2, 4, 8]
    first.down = False
    minutes[0] = 100
    assert both.block(0).number == 0
    assert both.name == first.url


def test_none_that_answers_is_one_sentence(two):
    first, second = two
    both = chain_of(*two)
    first.down = second.down = True
    assert refused(lambda: both.chain_id) == (
        f"none of the 2 nodes answers: the node at {first.url} is out of order for now (HTTP 503), "
        f"and the node at {second.url} is out of order for now (HTTP 503); check the addresses and "
        "that one of the nodes is running, and run the same command again"
    )


def test_a_question_that_one_cannot_answer_is_asked_of_the_other(two):
    """As one that keeps no old states, or does not have the method (Law 20)."""
    first, second = two
    both = chain_of(*two)
    for said in (
        "missing trie node 0xab",
        "the method eth_getBalance does not exist/is not available",
    ):
        first.told["eth_getBalance"] = {"error": {"code": -32000, "message": said}}
        assert both.balance(HOLDER, block=0) == 10_000 * 10**18
    second.told = first.told
    assert refused(lambda: both.balance(HOLDER)).startswith(
        "the node refused eth_getBalance: the m"
    )


def test_a_refusal_of_the_question_is_not_asked_of_the_other(two):
    first, second = two
    both = chain_of(*two)
    _ = both.chain_id
    first.told["eth_call"] = {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
    second.heard.clear()
    with pytest.raises(RevertError):
        both.call(HOLDER, b"\1")
    assert second.heard == []


# --------------------------------------------------------------------------------- of one chain


def test_a_node_of_another_chain_is_refused_by_name(two):
    first, _ = two
    with Anvil(chain_id=5) as other:
        told = refused(lambda: RpcChain([first.url, other.url]).chain_id)
    assert told.startswith(f"the nodes are of different chains: {first.url} is chain 31337 with")
    assert f"and {other.url} is chain 5 with genesis 0x" in told
    assert told.endswith("; leave those of the other chain out")


def test_a_node_of_another_chain_that_comes_later_is_refused_too(two):
    first, second = two
    both = chain_of(*two)
    second.down = True
    _ = both.chain_id
    second.down, first.down = False, True
    second.told["eth_chainId"] = {"result": "0x5"}
    assert refused(both.block).startswith("the nodes are of different chains")


def test_the_expected_chain_is_that_of_all(two):
    with pytest.raises(ChainError, match="is chain 31337, not chain 1; choose the network"):
        _ = RpcChain([mirror.url for mirror in two], expected_chain_id=1).chain_id


# -------------------------------------------------------------------------------------- how far


def test_a_node_behind_what_was_seen_is_passed_over(anvil, two):
    """It is behind, and nothing was reorganised (Law 20)."""
    first, second = two
    anvil.rpc("anvil_mine", "0x5")
    both = chain_of(*two)
    head = both.block().number
    first.down = True
    second.lag = 3
    told = refused(both.block)
    assert (
        f"{second.url} is behind: it has blocks up to {head - 3} only, and block {head} was" in told
    )
    second.lag = 0
    assert both.block().number == head
    # Nor is the first one read before it is there.
    first.down, first.lag = False, 2
    assert read_steadily(both, lambda block: block.number) == head
    assert both.name == second.url


def test_a_receipt_that_only_one_knows_moves_the_reads_to_it(two, anvil, chain):
    """Reads come from a node that has what this run has sent (Law 20)."""
    first, second = two
    sent = anvil.rpc("eth_sendTransaction", {"from": HOLDER, "to": HOLDER})
    anvil.rpc("anvil_mine", "0x1")
    first.lag = 2
    both = chain_of(*two)
    [mined] = both.receipts([sent])
    assert mined is not None
    assert both.block().number >= mined.block_number
    assert both.name == second.url


def test_a_node_with_another_block_at_its_head_was_reorganised_and_is_not_behind(two, anvil):
    before = anvil.rpc("evm_snapshot")
    anvil.rpc("anvil_mine", "0x5")
    both = chain_of(*two)
    head = both.block().number
    both.blocks(range(head - 4, head + 1))
    assert anvil.rpc("evm_revert", before)
    anvil.rpc("anvil_setCoinbase", f"0x{'c0' * 20}")
    anvil.rpc("anvil_mine", "0x2")
    anvil.rpc("anvil_setCoinbase", f"0x{'00' * 20}")
    two[0].down = True
    assert both.block().number == head - 3
    assert both.name == two[1].url


# --------------------------------------------------------------------------------------- sending


@pytest.fixture
def operator(two, issuer, folder):
    with open_operator(chain_of(*two), issuer, folder, timeout=PATIENCE) as opened:
        yield opened


def payments(count: int) -> list[Intent]:
    """Calls that each send one wei."""
    return [Intent(f"pay/{n}", Call(HOLDER, b"", 1, f"pay {n}")) for n in range(count)]


@pytest.mark.attack("I1")
def test_what_is_sent_goes_to_all_and_is_done_once(two, operator):
    before = operator.chain.balance(HOLDER)
    receipts = operator.send(payments(5))
    assert all(mirror.heard.count(SENDING) >= 5 for mirror in two)
    assert len({receipt.hash for receipt in receipts}) == 5
    assert operator.chain.balance(HOLDER) == before + 5


def test_what_one_does_not_take_another_may(two, operator):
    two[0].told[SENDING] = {"error": {"code": -32000, "message": "transaction underpriced"}}
    assert operator.send(payments(1))[0].mined.success


def test_the_nonce_is_the_greatest_that_any_knows(two):
    both = chain_of(*two)
    two[0].told["eth_getTransactionCount"] = {"result": "0x3"}
    two[1].told["eth_getTransactionCount"] = {"result": "0x7"}
    assert both.nonce(HOLDER) == 7
    two[0].told["eth_getTransactionCount"] = {"result": "0x9"}
    assert both.nonce(HOLDER) == 9
    two[1].down = True
    assert both.nonce(HOLDER) == 9


@pytest.mark.parametrize("after", range(1, 24, 2))
def test_an_act_goes_on_when_its_node_dies_under_it(two, issuer, folder, after):
    """At whatever question it dies, each step is done once (Laws 4 and 20)."""
    first, second = two
    first.dies_after = after
    with open_operator(chain_of(*two), issuer, folder, timeout=PATIENCE) as operator:
        terms = ("Harbour Street 12", "HARB12", 0, operator.address, NATIVE, NATIVE, [HOLDER])
        before = second.anvil.rpc("eth_getTransactionCount", operator.address, "latest")
        token = operator.send_one("token", deploy_call(artifact("ShareToken"), terms))
        operator.send(payments(3))
        assert len(first.heard) > after
        assert operator.chain.nonce(operator.address) == int(before, 16) + 4
        supply = function("ShareToken", "totalSupply").encode()
        assert int.from_bytes(operator.chain.call(token.contract_address, supply)) == 0


# ------------------------------------------------------------------------------------ each its own


def test_a_range_is_narrowed_where_the_node_is_alive_and_asked_of_another_where_not(two):
    first, second = two
    both = chain_of(*two)
    _ = both.chain_id
    first.down = True
    assert list(both.logs([HOLDER], 0, 3)) == []
    assert both.name == second.url
    assert second.heard.count("eth_getLogs") == 1


def test_each_node_has_its_own_limits(two):
    first, second = two
    both = chain_of(*two)
    _ = both.chain_id
    said = {"code": -32005, "message": "query exceeds max block range 2"}
    first.told["eth_getLogs"] = {"error": said}
    with pytest.raises(ChainError):
        list(both.logs([HOLDER], 0, 9))
    assert RpcChain(first.url).limits.logs.most == 2
    assert RpcChain(second.url).limits.logs.most == 10_000


def test_there_must_be_one():
    with pytest.raises(InputError, match="is no list of nodes; give the address of one"):
        RpcChain([])
