"""What our accounts sent without the journal is found, whatever the node has kept."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from prorata.chain.calls import Call
from prorata.chain.journal import Journal, Mark
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signed import read_signed, signed_bytes
from prorata.chain.transactions.adoption import adopt
from prorata.chain.transactions.outside import Home, find_outside
from prorata.errors import ChainError, JournalError
from tests.assurance.faults.proxy import Answer, Exchange, faulty_node
from tests.prorata.chain.test_operator import HOLDER, mints, token
from tests.prorata.conftest import sent_by_node

__all__ = ["token"]

BY_NONCE = "eth_getTransactionBySenderAndNonce"
COUNT = "eth_getTransactionCount"


@pytest.fixture
def elsewhere(operator) -> Operator:
    """The same account, from a place that has no journal."""
    return Operator(operator.chain, operator.signer)


def without(methods: Collection[str]) -> Callable[[Exchange], Answer | None]:
    """A node that does not have these; of a count, none of the past."""

    def fault(exchange: Exchange) -> Answer | None:
        def lacks(part: dict) -> bool:
            past = part["method"] != COUNT or part["params"][1].startswith("0x")
            return part["method"] in methods and past

        if not any(map(lacks, exchange.parts)):
            return None
        failed = {"code": -32601, "message": "the method does not exist or the state is pruned"}
        return Answer(exchange.each(lambda part: {"error": failed}))

    return fault


@pytest.mark.parametrize(
    "lacking",
    [(), (BY_NONCE,), (BY_NONCE, COUNT)],
    ids=["an index by nonce", "the state of the past", "events"],
)
def test_what_was_sent_is_found_by_what_the_node_has(anvil, operator, token, elsewhere, lacking):
    operator.send(mints(token, 1))
    elsewhere.send_one("payment", Call(HOLDER, b"", 1, "pay"))
    hashes = [receipt.hash for receipt in elsewhere.send(mints(token, 3, first=1))]
    with faulty_node(anvil.url) as node:
        node.arm(without(lacking), times=10_000)
        [finding] = find_outside(RpcChain(node.url), operator.journal, Home())
    payment, *minted = finding.found
    assert (payment.nonce, payment.ours) == (2, False)
    assert [one.hash for one in minted] == hashes
    assert [(one.nonce, one.ours) for one in minted] == [(3, True), (4, True), (5, True)]
    assert minted[0].what == f"mint to {token.address}"
    # Where there are events only, what made no contract of ours speak is not seen.
    assert (payment.hash is None) == (lacking == (BY_NONCE, COUNT))


def test_without_a_difference_one_question_is_asked(operator, token):
    operator.send(mints(token, 2))
    asked = []
    chain = operator.chain
    nonce, chain.nonce = chain.nonce, lambda account: asked.append(account) or nonce(account)
    assert find_outside(chain, operator.journal, Home()) == []
    assert asked == [operator.address]


def test_an_allowance_for_our_contract_is_ours_and_a_failure_is_not(operator, token, elsewhere):
    """What names a contract of ours can act on it later; what failed did nothing."""
    other = elsewhere.send_one("copy", Call(None, token_code(operator), 0, "another token"))
    assert other.contract_address
    approve = token.approve(token.address, 5)
    elsewhere.send_one("allow", Call(other.contract_address, approve.data, 0, "approve"))
    raw = {"from": operator.address, "to": token.address, "data": "0xdeadbeef", "gas": "0x30000"}
    sent_by_node(operator.chain, raw)
    [finding] = find_outside(operator.chain, operator.journal, Home())
    assert [one.ours for one in finding.found] == [False, True, False]
    assert finding.found[2].what.endswith("which failed")


def token_code(operator) -> bytes:
    """What the first step of the journal created."""
    return read_signed(operator.journal.entries[0].raw).data


def test_what_is_adopted_counts_once_for_equal_steps_in_order(operator, token, elsewhere):
    """Two of the same that were sent elsewhere are two steps here, and a third is sent."""
    call = token.mint(HOLDER, 5)
    sent = [elsewhere.send_one(f"{n}", call).hash for n in range(2)]
    with pytest.raises(JournalError, match="2 transactions for this asset"):
        operator.send_one("a", call)
    adopt(operator.journal, find_outside(operator.chain, operator.journal, Home()))
    assert [entry.hash for entry in operator.journal.adopted()] == sent
    first, second = operator.send_one("a", call), operator.send_one("b", call)
    assert [first.hash, second.hash] == sent
    assert first.resumed
    assert token.total_supply() == 10
    assert not operator.send_one("c", call).resumed
    assert token.total_supply() == 15


def test_the_journal_remembers_what_was_adopted(operator, token, elsewhere):
    elsewhere.send(mints(token, 2))
    adopt(operator.journal, find_outside(operator.chain, operator.journal, Home()))
    bound = operator.send(mints(token, 1))[0]
    path, chain = operator.journal.path, operator.chain
    place = {"chain_id": chain.chain_id, "genesis_hash": chain.genesis_hash, "read_only": True}
    with Journal(path, **place) as journal:
        assert journal.entries == operator.journal.entries
        assert journal.live() == operator.journal.live()
        assert journal.find("mint/0").hash == bound.hash
        assert len(journal.adopted()) == 1
        assert find_outside(chain, journal, Home()) == []


def test_the_same_step_sent_elsewhere_with_the_same_nonce_is_that_step(
    anvil, operator, token, elsewhere
):
    """Signed here and never sent; sent from a copy: done once, and no abandoning helps."""
    anvil.rpc("evm_setAutomine", False)
    operator.timeout = 0
    with pytest.raises(Exception, match="were not mined"):
        operator.send(mints(token, 1))
    anvil.rpc("anvil_dropAllTransactions")
    assert anvil.rpc("txpool_status")["pending"] == "0x0"
    anvil.rpc("evm_setAutomine", True)
    operator.timeout = 20
    # At the price of before it would be the same transaction to the bit.
    price = anvil.rpc("eth_getBlockByNumber", "latest", False)["baseFeePerGas"]
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(2 * 10**9))
    anvil.rpc("evm_mine")
    dearer = elsewhere.send_one("same", Call(token.address, token.mint(HOLDER, 1).data, 0, "x"))
    with pytest.raises(JournalError, match="was used by another transaction"):
        operator.send(mints(token, 1))
    operator.abandon("mint/0")
    with pytest.raises(JournalError, match="does not know: nonce 1"):
        operator.send(mints(token, 1))
    adopt(operator.journal, find_outside(operator.chain, operator.journal, Home()))
    assert operator.send(mints(token, 1))[0].hash == dearer.hash
    assert token.total_supply() == 1
    # Anvil keeps a price when the blocks that led to it are taken back.
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", price)


def test_a_transaction_of_another_kind_is_noted_and_is_no_step(operator, token):
    """A wallet of before EIP-1559 sent it: its bytes are none that we would sign."""
    call = {"from": operator.address, "to": token.address, "gasPrice": hex(3 * 10**9)}
    minted = {**call, "data": f"0x{token.mint(HOLDER, 1).data.hex()}"}
    hashed = sent_by_node(operator.chain, minted)
    with pytest.raises(JournalError, match="does not know: nonce 1"):
        operator.send_one("next", token.mint(HOLDER, 2))
    adopt(operator.journal, find_outside(operator.chain, operator.journal, Home()))
    [note] = operator.journal.notes
    assert (note["transaction"], note["adopted"]) == (hashed, f"mint to {token.address}")
    assert operator.journal.adopted() == []
    operator.send_one("next", token.mint(HOLDER, 2))
    assert token.total_supply() == 3


def test_what_waits_in_the_pool_and_is_not_ours_stops_the_run(anvil, operator, token):
    """It may be a payment that a copy of the folder has just sent."""
    anvil.rpc("evm_setAutomine", False)
    call = {"from": operator.address, "to": token.address}
    waiting = {**call, "data": f"0x{token.mint(HOLDER, 1).data.hex()}"}
    operator.chain.request("eth_sendTransaction", waiting)
    with pytest.raises(ChainError) as refused:
        operator.send(mints(token, 1))
    assert str(refused.value) == (
        f"a transaction of {operator.address} with nonce 1 waits to be mined, and the journal does "
        "not know it, so nothing was sent; wait until it is mined and run the same command again, "
        "which then says whether it concerns this asset"
    )
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("evm_mine")
    with pytest.raises(JournalError, match="does not know: nonce 1"):
        operator.send(mints(token, 1))
    assert token.total_supply() == 1


def test_nonces_before_the_first_look_are_no_difference(operator, token):
    """An account that was busy before it came to this asset."""
    journal = operator.journal
    assert journal.unknown(HOLDER, 7) is None
    journal.mark(Mark(HOLDER, 7, 1, {}))
    assert journal.unknown(HOLDER, 7) == []
    assert journal.unknown(HOLDER, 9) == [7, 8]
    journal.mark(Mark(HOLDER, 9, 2, {7: None, 8: "0x" + "ab" * 32}))
    assert journal.unknown(HOLDER, 9) == []


def test_signed_bytes_are_rebuilt_from_a_node_s_answer_or_not_at_all(operator, token):
    [receipt] = operator.send(mints(token, 1))
    answer = operator.chain.request("eth_getTransactionByHash", receipt.hash)
    assert signed_bytes(answer) == operator.journal.find("mint/0").raw
    assert signed_bytes({**answer, "value": "0x1"}) is None
    assert signed_bytes({**answer, "type": "0x0"}) is None
