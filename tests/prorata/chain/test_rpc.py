"""The chain's own layer before nodes that answer badly: each is one sentence, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from prorata.chain import rpc
from prorata.chain.node import RpcChain
from prorata.chain.transports import providers
from prorata.errors import ChainError, ProrataError, RevertError

SOMEBODY = "0x" + "a5" * 20
HASH = "0x" + "7" * 64
BLOCK = {"number": "0x10", "timestamp": "0x77359400", "hash": HASH}
NO_REASON = "NoReason(); the contract gave none; check the address and the gas"
Answer = Callable[[list[Any]], object]


class Refusal(Exception):  # noqa: N818 - what a node answers
    """An error object of JSON-RPC."""


LATER = "wait a minute and run the same command again"
AGAIN = "run the same command again, or use another node"


def node(**answers: object) -> RpcChain:
    """A node that answers each method so; a function is asked with the parameters."""

    def make_request(method: str, params: list[Any]) -> Mapping[str, object]:
        answer = answers[method]
        try:
            return {"result": answer(params) if callable(answer) else answer}
        except Refusal as refusal:
            return {"error": refusal.args[0]}

    return RpcChain(SimpleNamespace(provider=SimpleNamespace(make_request=make_request)))


def refuses(message: str, **more: object) -> Answer:
    """A method that is refused."""

    def refuse(_: list[Any]) -> object:
        raise Refusal({"code": -32000, "message": message, **more})

    return refuse


def sentence(call: Callable[..., object], *arguments: object) -> str:
    """What is said where the chain cannot be asked."""
    with pytest.raises(ChainError) as error:
        call(*arguments)
    return str(error.value)


# ------------------------------------------------------------------------------ no answer


def test_a_borrowed_connection_that_breaks_is_one_sentence():
    def breaks(_: list[Any]) -> object:
        raise ConnectionResetError("the password is hunter2")

    chain = node(eth_chainId=breaks)
    assert sentence(lambda: chain.chain_id) == "the node does not answer (ConnectionResetError)"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ReadTimeout("key"), f"no answer within {rpc.TIMEOUT_SECONDS} seconds"),
        (requests.ConnectionError("key"), "connection refused"),
        (requests.exceptions.InvalidURL("key"), "bad address"),
    ],
)
def test_why_a_node_does_not_answer_is_said_without_its_address(error, reason):
    assert providers.reason(error, rpc.TIMEOUT_SECONDS) == reason


def test_a_question_left_out_of_a_batch_is_named(monkeypatch):
    chain = node()
    monkeypatch.setattr(rpc.Wire, "__call__", lambda *_, **__: [{"result": "0x1"}, None])
    asked = [("eth_chainId", ()), ("eth_gasPrice", ())]
    told = sentence(chain.try_many, asked)
    assert told == f"the node left eth_gasPrice without an answer; {LATER}"


# ------------------------------------------------------------------------- answers that are none


def test_what_is_no_number_or_no_bytes_is_named():
    chain = node(eth_chainId=None, eth_getCode=7)
    number = f"the node answered nothing where a number belongs; {LATER}, or use another node"
    assert sentence(lambda: chain.chain_id) == number
    code = f"the node answered 7 where bytes belong; {LATER}, or use another node"
    assert sentence(chain.code, SOMEBODY) == code


def test_a_block_that_is_not_there_is_named():
    known = {"0x10": BLOCK}
    chain = node(eth_getBlockByNumber=lambda params: known.get(params[0]))
    assert chain.block(16).timestamp == 2_000_000_000
    missing = "the node has no block 17; choose an earlier one"
    assert sentence(chain.block, 17) == missing
    assert sentence(chain.blocks, [16, 17]) == missing


def test_a_node_that_does_not_know_the_time_says_why():
    chain = node(eth_getBlockByNumber=refuses("syncing."))
    assert sentence(chain.now) == f"the node refused eth_getBlockByNumber: syncing; {AGAIN}"


def test_a_single_block_that_is_too_much_is_the_providers_refusal():
    """Halving ends there; what was asked for stays as it was said, with any of the topics."""
    asked = []

    def logs(params):
        asked.append(params[0])
        raise Refusal({"message": "too many results"})

    chain = node(eth_getLogs=logs)
    topics = [b"\1" * 32, None, [b"\2" * 32, b"\3" * 32]]
    told = sentence(lambda: list(chain.logs([SOMEBODY], 5, 6, topics)))
    assert told == f"the node refused eth_getLogs: too many results; {AGAIN}"
    words = ["0x" + f"0{digit}" * 32 for digit in (1, 2, 3)]
    assert [page["topics"] for page in asked] == [[words[0], None, words[1:]]] * 2
    assert [(page["fromBlock"], page["toBlock"]) for page in asked] == [
        ("0x5", "0x6"),
        ("0x5",) * 2,
    ]


# ----------------------------------------------------------------------------------- sending


def test_fees_need_a_chain_that_has_them():
    tip = {"eth_maxPriorityFeePerGas": refuses("unknown method")}
    assert sentence(node(eth_getBlockByNumber=refuses("busy"), **tip).fees) == (
        f"the node refused eth_getBlockByNumber: busy; {AGAIN}"
    )
    assert sentence(node(eth_getBlockByNumber=BLOCK, **tip).fees) == (
        "the node knows no EIP-1559 fees; choose a chain that does"
    )
    fees = node(eth_getBlockByNumber={**BLOCK, "baseFeePerGas": "0x7"}, **tip).fees()
    assert (fees.most, fees.tip) == (1_000_000_014, 1_000_000_000)


def test_gas_is_estimated_on_the_latest_block_where_no_other_is_taken():
    def estimate(params):
        if len(params) > 1:
            raise Refusal({"message": "expected 1 parameter"})
        return "0x5208"

    assert node(eth_estimateGas=estimate).estimate([{"to": SOMEBODY}] * 2) == [21_000, 21_000]


def test_a_failed_transaction_is_played_again_on_the_state_before_its_block():
    asked = []
    node(eth_call=lambda params: asked.append(params) or "0x").replay({"to": SOMEBODY}, 17)
    assert asked == [[{"to": SOMEBODY}, "0x10"]]


# --------------------------------------------------------------------- where revert data hides


@pytest.mark.parametrize(
    "error",
    [
        {"message": "execution reverted", "data": "0x4e487b71" + "11".zfill(64)},
        {"message": "execution reverted", "data": {"data": "0x4e487b71" + "11".zfill(64)}},
        {"message": "VM Exception", "data": {"result": "0x4e487b71" + "11".zfill(64)}},
        {"message": "VM Exception", "data": "Reverted 0x4e487b71" + "11".zfill(64)},
    ],
)
def test_revert_data_is_found_in_each_of_its_places(error):
    chain = node(eth_call=refuses(**error))
    with pytest.raises(RevertError) as refused:
        chain.call(SOMEBODY, b"")
    assert str(refused.value) == "the contract refused: Panic(code=17)"


def test_a_revert_without_data_is_one_only_where_a_call_was_made():
    with pytest.raises(RevertError) as refused:
        node(eth_call=refuses("execution reverted")).call(SOMEBODY, b"")
    assert str(refused.value) == f"the contract refused: {NO_REASON}"
    told = sentence(node(eth_getLogs=refuses("index reverted.")).request, "eth_getLogs")
    assert told == f"the node refused eth_getLogs: index reverted; {AGAIN}"


def test_a_simulated_call_that_fails_says_why_by_what_it_returned():
    failed = {
        "error": {"message": "execution reverted"},
        "returnData": "0x4e487b71" + "11".zfill(64),
    }
    calls = [{**failed, "gasUsed": "0x7", "logs": []}, {"gasUsed": "0x8", "logs": []}]
    [broken, fine] = node(eth_simulateV1=[{"calls": calls}]).simulate([])
    assert str(broken.error) == "the contract refused: Panic(code=17)"
    assert (fine.error, fine.gas_used) == (None, 8)
    assert isinstance(broken.error, ProrataError)
