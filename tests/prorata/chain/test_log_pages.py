"""Logs from providers that take only so many blocks, answers or seconds at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from prorata.chain import log_pages, rpc
from prorata.chain.node import RpcChain
from prorata.errors import ChainError
from prorata.toolchain.anvil import Anvil
from tests.prorata.chain.test_node import provider

SPEAKER = "0x" + "ee" * 20
# Emits seventy empty events.
SPEAKS = "0x6046" + "5b5f5fa0600190038060025700"
DENSE, EMPTY, EVENTS = 8, 1_000, 70
PAGE = "<html><title>504 Gateway Time-out</title></html>"


@pytest.fixture(scope="module")
def busy() -> Iterator[Anvil]:
    """Eight blocks of seventy events, and a thousand blocks without any."""
    with Anvil() as node:
        node.rpc("anvil_setCode", SPEAKER, SPEAKS)
        sender = node.rpc("eth_accounts")[0]
        for _ in range(DENSE):
            node.rpc("eth_sendTransaction", {"from": sender, "to": SPEAKER, "gas": hex(10**6)})
        node.rpc("anvil_mine", hex(EMPTY))
        yield node


class Provider:
    """Refuses ranges as `refuse` says; `spans` are the lengths of all that it was asked for."""

    def __init__(self, node: Anvil, refuse: Callable[[int, list], object]) -> None:
        self.node, self.refuse = node, refuse
        self.spans: list[int] = []
        self.others = 0
        self.url = ""

    def answer(self, asked):
        if asked["method"] != "eth_getLogs":
            self.others += 1
            return None
        [span] = asked["params"]
        self.spans.append(int(span["toBlock"], 16) - int(span["fromBlock"], 16) + 1)
        refusal = self.refuse(self.spans[-1], asked["params"])
        if not isinstance(refusal, str) or refusal == PAGE:
            return None if refusal is None else (504, refusal)
        error = {"code": -32602, "message": refusal}
        return 200, {"jsonrpc": "2.0", "id": asked["id"], "error": error}

    def read(self) -> int:
        """How many logs there are, in their order, each once."""
        chain = RpcChain(self.url)
        logs = list(chain.logs([SPEAKER], 0, DENSE + EMPTY))
        places = [(log.block_number, log.log_index) for log in logs]
        assert places == sorted(set(places))
        return len(logs)


@pytest.fixture
def before(busy) -> Iterator[Callable[[Callable[[int, list], object]], Provider]]:
    opened = []

    def make(refuse):
        made = Provider(busy, refuse)
        opened.append(provider(busy.url, made.answer))
        made.url = opened[-1].__enter__()
        return made

    yield make
    for line in opened:
        line.__exit__(None, None, None)


def over(most: int, said: str) -> Callable[[int, list], object]:
    return lambda count, _: said if count > most else None


# -------------------------------------------------------------------------------- narrower, wider


@pytest.mark.attack("I2")
def test_a_range_grows_again_where_events_are_few(busy, before):
    """Below sixty requests for what took a thousand (Law 20)."""

    def capped(_, params):
        found = busy.rpc("eth_getLogs", *params)
        return "query returned more than 160 results" if len(found) > 160 else None

    node = before(capped)
    assert node.read() == DENSE * EVENTS
    assert len(node.spans) < 60
    # Other questions are none of the scan's.
    assert node.others == 0


def test_a_range_that_a_gateway_gives_up_is_narrowed_as_a_refused_one(before):
    node = before(over(200, PAGE))
    assert node.read() == DENSE * EVENTS
    assert node.spans[0] == DENSE + EMPTY + 1
    # It is not asked three times the same.
    assert node.spans.count(node.spans[0]) == 1
    assert len(node.spans) < 40


def test_a_range_that_takes_too_long_is_narrowed(before, monkeypatch):
    monkeypatch.setattr(rpc, "TIMEOUT_SECONDS", 0.4)
    node = before(lambda count, _: time.sleep(1) if count > 200 else None)
    started = time.monotonic()
    assert node.read() == DENSE * EVENTS
    assert node.spans.count(node.spans[0]) == 1
    assert time.monotonic() - started < 15


def test_the_limit_that_a_message_names_is_kept_to(before):
    node = before(over(100, "query exceeds max block range 100"))
    assert node.read() == DENSE * EVENTS
    assert node.spans[:2] == [DENSE + EMPTY + 1, 100]
    assert max(node.spans[1:]) == 100


def test_a_proposed_range_is_asked_for(before):
    node = before(over(300, "Try with this block range [0x0, 0x63]."))
    assert node.read() == DENSE * EVENTS
    assert node.spans[:2] == [DENSE + EMPTY + 1, 100]


def test_what_a_host_takes_is_remembered(before):
    node = before(over(100, "query exceeds max block range 100"))
    node.read()
    node.spans.clear()
    assert node.read() == DENSE * EVENTS
    assert max(node.spans) == 100


# ------------------------------------------------------------------------------------- no answer


def test_a_node_that_is_not_there_is_asked_for_no_lesser_range(busy):
    """Else each of a dozen ever narrower ranges would be waited for (Law 20)."""
    spans = []

    def answer(asked):
        spans.append(asked["method"])
        return 503, PAGE

    with provider(busy.url, answer) as url, pytest.raises(ChainError) as refused:
        list(RpcChain(url).logs([SPEAKER], 0, 100))
    assert str(refused.value) == (
        f"the node at {url} is out of order for now (HTTP 503); wait a minute and run the same "
        "command again"
    )
    assert spans == ["eth_getLogs", *["eth_chainId"] * 3]


def test_a_single_block_is_asked_for_with_all_patience(before):
    node = before(lambda *_: PAGE)
    with pytest.raises(ChainError, match="is out of order for now"):
        node.read()
    assert node.spans[-3:] == [1, 1, 1]
    assert node.spans[-4] > 1


def test_a_node_that_is_behind_is_waited_for_and_then_named(before, monkeypatch):
    """It is asked for nothing narrower, which it would have no more (Law 20)."""
    monkeypatch.setattr(log_pages, "AHEAD_AFTER_SECONDS", (0.0, 0.0))
    said = "block range extends beyond current head block: requested 1008, head 1005"
    node = before(lambda *_: said if len(node.spans) < 3 else None)
    assert node.read() == DENSE * EVENTS
    node = before(lambda *_: said)
    with pytest.raises(ChainError) as refused:
        node.read()
    assert str(refused.value) == (
        f"{node.url} is behind: it has no logs of block 1008 yet (the node refused eth_getLogs: "
        f"{said}); wait a minute and run the same command again, or use another node"
    )
    assert node.spans == [DENSE + EMPTY + 1] * 3
