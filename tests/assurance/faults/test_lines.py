"""Connections, gateways and providers in trouble, at the points where it matters and others."""

from __future__ import annotations

import pytest

from prorata.chain import rpc
from prorata.chain.node import RpcChain
from prorata.errors import ChainError
from tests.assurance.faults.harness import TABLE
from tests.assurance.faults.lines import (
    LIMITS,
    LINES,
    PATIENCE,
    TOO_MANY,
    Belated,
    limited,
    limited_logs,
    refused,
)
from tests.assurance.faults.proxy import Answer
from tests.assurance.faults.retry_run import retry_until_done

pytestmark = pytest.mark.slow

STALLS = [name for name in LINES if name.startswith("time-out")]
NODE = "the node at http://127.0.0.1:"


@pytest.fixture
def prepared(harness, node):
    """The act ready to be played, and where in its exchanges it sends."""

    def prepare(act):
        harness.prepare(act)
        harness.play()
        wanted = harness.state()
        harness.again()
        node.calm()
        harness.play()
        sends = [
            n for n, methods in enumerate(node.moments, 1) if "eth_sendRawTransaction" in methods
        ]
        return wanted, sends, len(node.moments)

    return prepare


@pytest.mark.parametrize("act", ["issue", "push"])
def test_an_act_ends_the_same_whatever_the_line_does(harness, node, prepared, monkeypatch, act):
    """At a send until the act gives up, and once at a send or at the look that follows it.

    It carries on by itself, or is refused in a sentence with a remedy and resumed (Laws 4 and 20).
    """
    wanted, sends, _ = prepared(act)
    for name, fault in LINES.items():
        patience = PATIENCE if name in STALLS else 10.0
        monkeypatch.setattr(rpc, "TIMEOUT_SECONDS", patience)
        points = [(sends[1], 9), (sends[0] + 1, 1)] if act == "issue" else [(sends[0], 1)]
        for at, times in points:
            harness.again()
            node.arm(fault, at=at, times=times)
            assert retry_until_done(harness, node, wanted).met, name


@pytest.mark.parametrize("act", ["issue", "push"])
def test_an_act_needs_no_second_run_with_a_node_that_takes_little_at_once(
    harness, node, prepared, act
):
    """It is asked again for less, however it refuses too much, and nothing is done twice.

    (Laws 4 and 20.)
    """
    wanted, _, _ = prepared(act)
    for name, fault in LIMITS.items():
        harness.again()
        node.arm(fault, times=10**6)
        done = retry_until_done(harness, node, wanted)
        assert (done.messages, done.met > 0) == ([], True), name


def test_an_answer_that_comes_late_is_not_taken_for_that_of_another_question(
    harness, node, prepared
):
    """Each question has a number of its own, which a late answer does not have (Law 20)."""
    wanted, _, count = prepared("issue")
    for at in range(1, count, 3):
        harness.again()
        node.arm(Belated(), at=at, times=2)
        assert retry_until_done(harness, node, wanted).met == 2
    chain = RpcChain(node.url)
    node.arm(Belated(), times=2)
    assert chain.request("eth_chainId") == "0x7a69"
    with pytest.raises(ChainError) as late:
        chain.request("eth_blockNumber")
    assert str(late.value) == (
        f"{node.url} left eth_blockNumber without an answer; "
        "wait a minute and run the same command again"
    )


def test_a_wait_is_one_moment_however_often_it_looks(node, harness):
    """Else a fault would meet another question on a busy machine than on an idle one."""
    chain, nobody = RpcChain(node.url), TABLE.holdings[0].address
    for _ in range(3):
        chain.receipts(["0x" + "7" * 64])
        chain.nonce(nobody)
    assert (len(node.seen), len(node.moments)) == (6, 1)
    chain.request("eth_blockNumber")
    chain.nonce(nobody)
    assert node.moments[1:] == [["eth_blockNumber"], ["eth_getTransactionCount"]]


# --------------------------------------------------------------------------------- what is said


def message_of(chain, method="eth_chainId", *parameters):
    with pytest.raises(ChainError) as refusal:
        chain.request(method, *parameters)
    return str(refusal.value)


RUNNING = "check the address and that the node is running"
WAIT = "wait a minute and run the same command again"
TROUBLES = {
    "connection closed before the node": (
        f"does not answer (the connection closed before it answered); {RUNNING}"
    ),
    "answer broken off": (
        f"does not answer (the connection broke in the middle of its answer); {RUNNING}"
    ),
    "answer cut in half": f"answered half a sentence with HTTP 200; {WAIT}",
    "HTTP 429 page": f"answers no more for now (HTTP 429, too many requests); {WAIT}",
    "HTTP 429 error without id": f"answers no more for now: {TOO_MANY}; {WAIT}",
    "HTTP 502 page": f"is out of order for now (HTTP 502); {WAIT}",
    "HTTP 503 page": f"is out of order for now (HTTP 503); {WAIT}",
}
WORDS = {
    "internal error before the node": "Internal error",
    "error in words": "backend unavailable",
}


@pytest.mark.parametrize(("name", "sentence"), TROUBLES.items())
def test_a_line_in_trouble_is_named_with_what_to_do(node, harness, name, sentence):
    """Which node, what it did, and when to try again (Law 20)."""
    node.arm(LINES[name], times=99)
    assert message_of(RpcChain(node.url)) == f"the node at {node.url} {sentence}"


@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_an_error_of_the_node_is_told_in_its_words(node, harness, name, words):
    """Whatever form it has, with a remedy (Law 20)."""
    node.arm(LINES[name], times=99)
    assert message_of(RpcChain(node.url)) == (
        f"the node refused eth_chainId: {words}; run the same command again, or use another node"
    )


def test_a_node_that_knows_nothing_yet_is_refused_in_a_sentence(node, harness):
    """Nothing where a number belongs is no traceback (Law 20)."""
    node.arm(LINES["null for everything"], times=99)
    chain = RpcChain(node.url)
    wait = "wait a minute and run the same command again, or use another node"
    ready = "wait until the node is ready and run the same command again"
    holder = TABLE.holdings[0].address
    for ask, sentence in (
        (lambda: chain.chain_id, f"the node answered nothing where a number belongs; {wait}"),
        (lambda: chain.code(holder), f"the node answered nothing where bytes belong; {wait}"),
        (chain.fees, f"{node.url} has no block latest; {ready}"),
        (chain.now, f"{node.url} has no block latest; {ready}"),
    ):
        with pytest.raises(ChainError) as refusal:
            ask()
        assert str(refusal.value) == sentence


def test_a_provider_that_limits_a_batch_is_not_asked_for_each_of_its_parts(node, harness):
    """Who is told to ask less does not ask a hundred times as much (Law 20)."""
    node.arm(limited, times=10_000)
    with pytest.raises(ChainError) as refusal:
        RpcChain(node.url).receipts([f"0x{n:064x}" for n in range(100)])
    assert str(refusal.value) == (
        f"the node at {node.url} answers no more for now: {TOO_MANY}; "
        "wait a minute and run the same command again"
    )
    assert len(node.seen) == 3


def test_a_rate_limit_on_logs_is_no_reason_to_ask_for_shorter_ranges(node, harness):
    """A range is halved where it is too long, not where questions are too many (Law 20)."""
    chain, last = RpcChain(node.url), 100
    harness.anvil.rpc("anvil_mine", hex(last))
    node.arm(refused(-32005, TOO_MANY), times=10_000)
    with pytest.raises(ChainError) as refusal:
        list(chain.logs([TABLE.holdings[0].address], 0, last))
    assert str(refusal.value) == (
        f"the node at {node.url} answers no more for now: {TOO_MANY}; "
        "wait a minute and run the same command again"
    )
    assert len(node.seen) == 3
    node.arm(limited_logs, times=10_000)
    assert list(chain.logs([TABLE.holdings[0].address], 0, last)) == []


def test_a_refusal_under_way_says_that_it_was_sent_and_how_to_go_on(harness, node, prepared):
    """The person knows what may be mined, and that nothing is done twice (Law 20)."""
    _, sends, _ = prepared("issue")
    harness.again()
    node.arm(LINES["connection closed after the node"], at=sends[0], times=9)
    with pytest.raises(ChainError) as refusal:
        harness.play()
    message = str(refusal.value)
    assert message.startswith(
        f"the node at {node.url} does not answer (the connection closed before it answered), while "
        '2 signed transactions were under way, the first being "issue 64 to 2 holders" (0x'
    )
    assert message.endswith(
        "); check the address and that the node is running, and run the same command again, which "
        "resumes and sends nothing twice"
    )


def test_a_page_of_another_kind_is_no_node(node, harness):
    """What no waiting helps is not asked again (Law 20)."""
    node.arm(lambda exchange: Answer(b"forbidden", 403), times=99)
    assert message_of(RpcChain(f"{node.url}/v3/key")) == (
        f"the node at {node.url} answered HTTP 403, not JSON-RPC; "
        "check the address and, if it needs one, the key in it"
    )
    assert len(node.seen) == 1
