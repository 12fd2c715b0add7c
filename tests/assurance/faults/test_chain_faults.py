"""The chain itself goes wrong under an act: reorganisations, lost transactions, dear gas."""

from __future__ import annotations

import re

import pytest

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, ChainError, DeploymentError, JournalError
from prorata.income.push_report import report_push
from prorata.ledger.audits import audit
from prorata.register.holders import holders_at
from prorata.toolchain.anvil import Anvil
from tests.assurance.faults.chain_faults import CHAIN_FAULTS, ground_of, times_of
from tests.assurance.faults.harness import ACTS, TABLE
from tests.assurance.faults.proxy import Answer
from tests.assurance.faults.retry_run import retry_until_done

pytestmark = pytest.mark.slow

REORGANISATIONS = [name for name in CHAIN_FAULTS if name.startswith("reorg")]
SENDING = [name for name in CHAIN_FAULTS if name not in REORGANISATIONS]


def sends(exchange) -> bool:
    return exchange.sends


def prepared(harness, node, act, ground=3):
    harness.prepare(act)
    harness.play()
    wanted = harness.state()
    harness.again(ground)
    node.calm()
    harness.play()
    return wanted, len(node.moments), sum("eth_sendRawTransaction" in seen for seen in node.seen)


@pytest.mark.parametrize("act", ["issue", "push"])
def test_a_reorganisation_of_1_to_64_blocks_changes_nothing_in_the_end(
    harness, node, chain_faults, act
):
    """Transactions fall out, or return in other blocks; each is there once (Laws 4 and 20)."""
    wanted, count, _ = prepared(harness, node, act)
    for number, name in enumerate(REORGANISATIONS):
        # Another moment for each: all together they are spread over the whole act.
        harness.again(ground_of(name))
        at = 1 + 7 * number % (count - times_of(name))
        node.arm(CHAIN_FAULTS[name](chain_faults, harness), at=at, times=times_of(name))
        assert retry_until_done(harness, node, wanted, undone="lost" in name).met, (name, at)


@pytest.mark.parametrize("act", ["issue", "push"])
@pytest.mark.parametrize("name", SENDING)
def test_what_happens_to_a_transaction_on_its_way_happens_to_no_step(
    harness, node, chain_faults, act, name
):
    """Dropped, priced out, replaced or robbed of its nonce: done once (Laws 4 and 20)."""
    wanted, _, windows = prepared(harness, node, act)
    for at in range(1, windows + 1):
        harness.again()
        node.arm(CHAIN_FAULTS[name](chain_faults, harness), at=at, among=sends)
        retry_run = retry_until_done(harness, node, wanted)
        assert retry_run.met == 1
        if name == "nonce taken by someone else":
            assert re.fullmatch(
                r"nonce \d+ of 0x\w+ was used by another transaction, so 0x\w+ "
                r'\("[^"]+"\) can never be mined; see what that was with `prorata journal '
                r"adopt`, which takes it in; if the step is still to be done, run again with "
                r'--abandon "[^"]+"',
                retry_run.messages[0],
            )


@pytest.mark.parametrize("act", ACTS)
def test_a_reorganisation_right_after_the_last_word_is_healed_by_running_again(
    harness, node, chain_faults, act
):
    """No program can notice it any more; the same command sends the same bytes again (Law 20)."""
    wanted, _, _ = prepared(harness, node, act, ground=12)
    undone = CHAIN_FAULTS["reorganisation of 8, all lost"](chain_faults, harness)
    undone(None)
    before = harness.anvil.rpc("eth_getTransactionCount", harness.signer.address, "latest")
    harness.play()
    after = harness.anvil.rpc("eth_getTransactionCount", harness.signer.address, "latest")
    assert harness.state() == wanted
    assert int(after, 16) > int(before, 16)


def test_payments_undone_before_the_account_is_written_are_told(harness, node, chain_faults):
    """The account never says that somebody was paid who no longer is (Law 20)."""
    wanted, count, _ = prepared(harness, node, "push")
    last = max(n for n, seen in enumerate(node.moments, 1) if "eth_sendRawTransaction" in seen)
    reported = []
    for at in range(last + 4, count + 1, 3):
        harness.again(8)
        node.arm(CHAIN_FAULTS["reorganisation of 8, all lost"](chain_faults, harness), at=at)
        reported += retry_until_done(harness, node, wanted, undone=True).messages
    assert any(
        re.fullmatch(
            r"\d+ payments of distribution 1, which were mined, were undone by a reorganisation of "
            r"the chain, such as the one to 0x\w+; run the same command again, which sends the "
            r"same transactions again",
            message,
        )
        for message in reported
    )


# --------------------------------------------------------------------------- under the books


def test_books_that_are_read_during_a_reorganisation_are_those_of_one_chain(
    harness, node, chain_faults
):
    """At whatever question it comes, events and answers are of the same blocks (Laws 20 and 21)."""
    harness.prepare("remit")
    harness.again(5)
    harness.play()
    chain = RpcChain(node.url)
    found = Deployment.open(chain, harness.folder)
    vault, token = found.vault().address, found.token().address

    def read():
        return audit(chain, vault, [token], found.manifest.first_block).books.differences

    node.calm()
    assert read() == []
    count = len(node.moments)
    for at in range(1, count + 1, 2):
        harness.again(5)
        harness.play()
        name = f"reorganisation of 4, all {'lost' if at % 4 == 1 else 'back at once'}"
        node.arm(CHAIN_FAULTS[name](chain_faults, harness), at=at)
        assert read() == [], (name, at)
        assert node.met == 1
        node.calm()


def test_a_chain_that_never_settles_is_a_sentence_and_no_difference(harness, node, chain_faults):
    """What is read over and over in vain is not called an error in the books (Laws 20 and 21)."""
    harness.prepare("remit")
    harness.again(5)
    chain = RpcChain(node.url)
    found = Deployment.open(chain, harness.folder)
    again = CHAIN_FAULTS["reorganisation of 4, all lost"](chain_faults, harness)

    def at_each_log(exchange):
        return again(exchange) if "eth_getLogs" in exchange.methods else None

    for read in (
        lambda: audit(chain, found.vault().address, [found.token().address], 0),
        lambda: holders_at(found, 1),
        lambda: report_push(found, 1, TABLE.balances),
    ):
        node.arm(at_each_log, times=10_000)
        with pytest.raises(ChainError) as refusal:
            read()
        assert re.fullmatch(
            r"the chain was reorganised 3 times while it was read: block \d+ was 0x\w+, and is "
            r"another one now; wait until it has settled and run the same command again",
            str(refusal.value),
        )
    node.calm()
    assert sum(holders_at(found, 1).values()) == TABLE.total


def test_an_error_in_the_books_of_a_quiet_chain_is_told_at_once(harness, node):
    """Reading again is for reorganisations alone (Law 21)."""
    harness.prepare("push")
    found = Deployment.open(RpcChain(node.url), harness.folder)
    node.calm()
    with pytest.raises(BooksError):
        report_push(found, 1, {TABLE.holdings[0].address: 1})
    assert sum("eth_getLogs" in seen for seen in node.seen) == 1


# ------------------------------------------------------------------------- found by the faults


def test_a_version_that_was_priced_out_and_mined_after_all_is_the_step(harness, node, chain_faults):
    """Signed anew at another price while the node had the first bytes: done, once (Law 20)."""
    harness.prepare("issue")
    harness.play()
    wanted = harness.state()
    harness.again()
    node.arm(chain_faults.dear_in_the_pool(100_000), among=sends)
    with pytest.raises(ChainError) as refusal:
        harness.play()
    assert re.fullmatch(
        r'2 of 2 transactions were not mined within 1.5 seconds, the first being "issue 64 to 2 '
        r'holders" \(0x\w+\), which offers at most [\d.,]+ gwei where gas costs [\d.,]+ gwei; run '
        r"the same command again, which resumes and offers more for the same steps",
        str(refusal.value),
    )

    sender = harness.signer.address
    before = harness.anvil.rpc("eth_getTransactionCount", sender, "latest")

    def first_bytes_win(exchange):
        # The node hears the dearer bytes, answers so, and a miner takes the first ones.
        while harness.anvil.rpc("eth_getTransactionCount", sender, "latest") == before:
            harness.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**8))
            harness.anvil.rpc("evm_mine")
        return Answer(exchange.each(lambda part: {"result": f"0x{'00' * 32}"}))

    with harness.operator(harness.anvil.url) as operator:
        first = {f"0x{entry.raw.hex()}" for entry in operator.journal.entries}

    def is_dearer(exchange):
        return exchange.sends and not {part["params"][0] for part in exchange.parts} & first

    node.arm(first_bytes_win, among=is_dearer)
    assert retry_until_done(harness, node, wanted).met == 1
    with (
        harness.operator(harness.anvil.url) as operator,
        pytest.raises(JournalError) as kept,
    ):
        operator.abandon(operator.journal.entries[-1].key)
    assert "was mined; run again without --abandon" in str(kept.value)


def test_a_nonce_of_the_journal_is_never_given_out_again(harness, node, chain_faults):
    """What a reorganisation has taken out comes back before anything new is signed (Law 20)."""
    wanted, _, _ = prepared(harness, node, "issue")
    signing = [n for n, seen in enumerate(node.moments, 1) if seen == ["eth_getTransactionCount"]]
    for at in signing:
        harness.again(4)
        node.arm(CHAIN_FAULTS["reorganisation of 4, all lost"](chain_faults, harness), at=at)
        assert retry_until_done(harness, node, wanted).messages == [], at
        with harness.operator(harness.anvil.url) as operator:
            nonces = [entry.nonce for entry in operator.journal.live()]
        assert len(set(nonces)) == len(nonces)


def test_a_step_undone_while_the_last_one_is_awaited_is_done_again(harness, node, chain_faults):
    """A run that ends well has every step in the chain at its end, without a word (Law 20)."""
    wanted, count, _ = prepared(harness, node, "issue", ground=4)
    assert node.moments[-1][0] == "eth_getBlockByNumber"
    harness.again(4)
    node.arm(CHAIN_FAULTS["reorganisation of 4, all lost"](chain_faults, harness), at=count)
    harness.play()
    assert node.met == 1
    node.calm()
    assert harness.state() == wanted


# --------------------------------------------------------------------- another chain behind it


def test_another_chain_behind_the_same_address_is_noticed_before_a_window_is_signed(
    harness, node, tmp_path
):
    """Nothing is signed for a chain that was not there when the run began (Law 20)."""
    harness.prepare("issue")
    harness.play()
    wanted = harness.state()
    harness.again()
    for stranger_id in (31338, 31337):
        # Two that begin in the same second have the same genesis.
        with Anvil(
            chain_id=stranger_id, accounts=1, extra=("--timestamp", "1700000000")
        ) as stranger:
            stranger.rpc("anvil_setNonce", harness.signer.address, "0x1")

            def moved(exchange, stranger=stranger):
                raw = exchange.raw
                node.target = node.target._replace(netloc=stranger.url.removeprefix("http://"))
                node.hang_up()
                return Answer(node.forward(raw))

            home = node.target
            node.arm(moved, among=lambda e: e.methods == ["eth_chainId", "eth_getBlockByNumber"])
            with pytest.raises(ChainError) as refusal:
                harness.play()
            assert str(refusal.value).startswith(f"{node.url} was chain 31337 with genesis 0x")
            assert f"and now is chain {stranger_id} with genesis 0x" in str(refusal.value)
            assert str(refusal.value).endswith(
                "; start the node of the first chain again and run the same command again, which "
                "resumes"
            )
            if stranger_id != 31337:
                with pytest.raises(DeploymentError) as elsewhere:
                    harness.play()
                assert f"is on chain 31337, and the network is chain {stranger_id}; " in str(
                    elsewhere.value
                )
            node.target = home
            assert stranger.rpc("eth_getBlockByNumber", "latest", False)["transactions"] == []
    node.calm()
    assert retry_until_done(harness, node, wanted).messages == []
