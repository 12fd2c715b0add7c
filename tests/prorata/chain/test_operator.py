"""The operator on a real Anvil: each step once, whatever happens in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from eth_account import Account

from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.operator import WINDOW, Operator
from prorata.chain.signers import LocalSigner
from prorata.chain.steps import GAS_LIMIT, Intent
from prorata.chain.transactions.adoption import adopt
from prorata.chain.transactions.outside import find_outside
from prorata.contracts.base import NATIVE
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import open_operator
from prorata.errors import ChainError, InputError, JournalError, RevertError
from tests.assurance.faults.proxy import Answer, faulty_node
from tests.prorata.conftest import ISSUER_KEY, PATIENCE

TRANSACTION = "eth_getTransactionByHash"
HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def token(operator) -> ShareToken:
    terms = ("Harbour Street 12", "HARB12", 0, operator.address, NATIVE, NATIVE, [operator.address])
    deployed = operator.send_one("token", deploy_call(artifact("ShareToken"), terms))
    return ShareToken(operator.chain, deployed.contract_address)


def mints(token, count, first=0):
    return [Intent(f"mint/{n}", token.mint(HOLDER, n + 1)) for n in range(first, first + count)]


# ------------------------------------------------------------------------------------- sending


def test_steps_are_sent_in_order_with_consecutive_nonces(operator, token):
    steps = mints(token, 2 * WINDOW + 3)
    receipts = operator.send(steps)
    assert [r.key for r in receipts] == [s.key for s in steps]
    assert [e.nonce for e in operator.journal.entries] == list(range(len(steps) + 1))
    places = [(r.mined.block_number, r.logs[0].log_index) for r in receipts]
    assert places == sorted(places)
    assert token.balance_of(HOLDER) == sum(range(len(steps) + 1))


def test_a_second_run_sends_nothing(operator, token):
    first = operator.send(mints(token, 3))
    nonce = operator.chain.nonce(operator.address)
    second = operator.send(mints(token, 3))
    assert [r.hash for r in second] == [r.hash for r in first]
    assert [r.resumed for r in first + second] == [False] * 3 + [True] * 3
    assert operator.chain.nonce(operator.address) == nonce


def test_only_what_is_new_is_sent(operator, token):
    operator.send(mints(token, 2))
    receipts = operator.send(mints(token, 4))
    assert [r.resumed for r in receipts] == [True, True, False, False]
    assert token.total_supply() == 1 + 2 + 3 + 4


def test_progress_names_every_step(chain, issuer, operator, token):
    seen = []
    teller = Operator(chain, issuer, on_progress=seen.append)
    teller.send(mints(token, 2))
    assert [(p.label, p.done, p.total) for p in seen] == [
        (f"issue 1 to {HOLDER}", 1, 2),
        (f"issue 2 to {HOLDER}", 2, 2),
    ]


@pytest.mark.slow
def test_confirmations_are_waited_for(anvil, chain, issuer, operator, token):
    anvil.rpc("evm_setIntervalMining", 1)
    try:
        patient = Operator(chain, issuer, confirmations=2, timeout=20)
        mined = patient.send_one("m", token.mint(HOLDER, 1)).mined
        assert chain.block().number >= mined.block_number + 2
    finally:
        anvil.rpc("evm_setIntervalMining", 0)
        anvil.rpc("evm_setAutomine", True)


def test_what_anvil_left_in_its_pool_is_mined_all_the_same(anvil, operator, token, monkeypatch):
    """It mines at once what fits one block, and leaves the rest to a next transaction."""
    send_raw = RpcChain.send_raw

    def all_at_once(self, signed):
        anvil.rpc("evm_setAutomine", False)
        try:
            return send_raw(self, signed)
        finally:
            anvil.rpc("evm_setAutomine", True)

    monkeypatch.setattr(RpcChain, "send_raw", all_at_once)
    anvil.rpc("evm_setBlockGasLimit", 120_000)
    try:
        steps = [Intent(f"mint/{n}", token.mint(HOLDER, 1), 100_000) for n in range(5)]
        receipts = operator.send(steps)
    finally:
        anvil.rpc("evm_setBlockGasLimit", 30_000_000)
    assert len({receipt.mined.block_number for receipt in receipts}) == 5
    assert token.balance_of(HOLDER) == 5


def test_what_was_mined_and_undone_is_waited_for_again(anvil, chain, issuer, token, monkeypatch):
    """Seen in a block, gone at the next look, there again: only then is it done."""
    looks, true_receipts = [], chain.receipts

    def receipts(hashes):
        found = true_receipts(hashes)
        looks.append(len(hashes))
        return [None, *found[1:]] if len(looks) == 2 else found

    anvil.rpc("evm_setIntervalMining", 1)
    try:
        monkeypatch.setattr(chain, "receipts", receipts)
        patient = Operator(chain, issuer, confirmations=1, timeout=20)
        done = patient.send(mints(token, 3))
    finally:
        anvil.rpc("evm_setIntervalMining", 0)
        anvil.rpc("evm_setAutomine", True)
    assert all(receipt.mined.success for receipt in done)
    assert looks[-1] == 3
    assert token.total_supply() == 6


def test_a_receipt_is_read_once(chain, issuer, token, monkeypatch):
    """A page of payments has hundreds of logs: what was read is not asked for again."""
    read, true_receipts = [], chain.receipts

    def receipts(hashes):
        found = true_receipts(hashes)
        read.extend(mined.transaction_hash for mined in found if mined is not None)
        return found

    monkeypatch.setattr(chain, "receipts", receipts)
    operator = Operator(chain, issuer)
    done = operator.send(mints(token, WINDOW))
    assert sorted(read) == sorted(receipt.hash for receipt in done)


# ------------------------------------------------------------------------------- refusals before


def nothing_was_sent(operator, nonce):
    return operator.chain.nonce(operator.address, block="pending") == nonce


def test_a_step_that_would_fail_is_explained_and_nothing_is_sent(operator, token):
    nonce = operator.chain.nonce(operator.address)
    bad = Intent("t", token.transfer(HOLDER, 5))
    with pytest.raises(RevertError) as refused:
        operator.send([*mints(token, 1), bad])
    assert str(refused.value) == (
        f"the contract refused: ERC20InsufficientBalance(sender={operator.address}, balance=0, "
        f"needed=5); nothing was sent for the step to transfer 5 to {HOLDER}"
    )
    assert nothing_was_sent(operator, nonce)
    assert operator.journal.find("mint/0") is None


def test_an_account_without_funds_is_refused(chain, token):
    pauper = LocalSigner(Account.create())
    with pytest.raises(ChainError) as refused:
        Operator(chain, pauper).send_one("give", Call(HOLDER, b"", 10**18, "give an ether"))
    said = str(refused.value)
    assert said.startswith(
        f"the account {pauper.address} holds 0 ETH on chain 31337 and this may cost up to 1."
    )
    assert said.endswith(" ETH, so nothing was sent; fund it or use another account")


def test_a_transaction_over_the_gas_cap_is_refused(operator, token):
    holders = [Account.from_key(n.to_bytes(32, "big")).address for n in range(1, 701)]
    nonce = operator.chain.nonce(operator.address)
    with pytest.raises(InputError) as refused:
        operator.send_one("big", token.batch_mint(holders, [1] * len(holders)))
    said = str(refused.value)
    assert f"is more than the {GAS_LIMIT:,} that one transaction may use (EIP-7825)" in said
    assert said.endswith("for the step to issue 700 to 700 holders; divide it into smaller steps")
    with pytest.raises(InputError, match=r"700 to 700 holders; lower --batch$"):
        operator.send_one("issue/all/1500/0", token.batch_mint(holders, [1] * len(holders)))
    assert nothing_was_sent(operator, nonce)


def test_what_no_gas_of_the_node_is_enough_for_is_refused_with_a_way_on(operator, token):
    """Anvil estimates with 30 million at most: another node would help nobody."""
    holders = [Account.from_key(n.to_bytes(32, "big")).address for n in range(1, 1_501)]
    nonce = operator.chain.nonce(operator.address)
    with pytest.raises(InputError) as refused:
        operator.send_one("issue/all/1500/0", token.batch_mint(holders, [1] * len(holders)))
    assert str(refused.value) == (
        f'step: "issue 1,500 to 1,500 holders" needs more gas than the {GAS_LIMIT:,} that one '
        "transaction may use (EIP-7825); lower --batch"
    )
    assert nothing_was_sent(operator, nonce)


def test_a_key_cannot_stand_for_two_steps(operator, token):
    with pytest.raises(InputError) as refused:
        operator.send([*mints(token, 1), *mints(token, 1)])
    assert str(refused.value) == 'step: "mint/0" occurs twice; give each step its own key'


def test_a_key_cannot_change_its_meaning(operator, token, folder):
    done = operator.send_one("a", token.mint(HOLDER, 1))
    with pytest.raises(JournalError) as refused:
        operator.send_one("a", token.mint(HOLDER, 2))
    assert str(refused.value) == (
        f'the step "a" was sent before with other contents, as {done.hash}; give the same inputs '
        f"again, or use another folder than {folder}"
    )


@pytest.mark.attack("I2")
def test_another_chain_is_refused(anvil):
    with pytest.raises(ChainError) as refused:
        _ = RpcChain(anvil.url, expected_chain_id=1).chain_id
    assert str(refused.value) == (
        f"{anvil.url} is chain 31337, not chain 1; choose the network of that chain"
    )


def test_a_node_that_is_not_there_is_one_sentence():
    with pytest.raises(ChainError) as refused:
        _ = RpcChain("http://127.0.0.1:1/v3/secret-key").chain_id
    assert str(refused.value) == (
        "the node at http://127.0.0.1:1 does not answer (connection refused); "
        "check the address and that the node is running"
    )


# ------------------------------------------------------------------------------- refusals after


def test_a_step_that_fails_on_the_chain_is_explained_by_a_replay(operator, token):
    with pytest.raises(RevertError) as refused:
        operator.send_one("t", token.transfer(HOLDER, 5), gas_limit=100_000)
    sent = operator.journal.find("t").hash
    assert str(refused.value) == (
        f"the contract refused: ERC20InsufficientBalance(sender={operator.address}, balance=0, "
        f'needed=5); "transfer 5 to {HOLDER}" failed on the chain ({sent})'
    )


def test_a_failed_step_is_explained_by_what_was_signed_whatever_the_node_knows(
    anvil, operator, token
):
    """Anvil calls it pending for a moment after it has told the receipt; others may not find it."""
    with faulty_node(anvil.url) as node:
        node.arm(
            lambda exchange: Answer(exchange.each(lambda part: {"result": None})),
            times=99,
            among=lambda exchange: TRANSACTION in exchange.methods,
        )
        operator.chain = RpcChain(node.url)
        with pytest.raises(RevertError, match="ERC20InsufficientBalance"):
            operator.send_one("t", token.transfer(HOLDER, 5), gas_limit=100_000)


def test_a_failed_step_that_cannot_be_run_again_says_so(anvil, operator, token):
    forgotten = {"error": {"code": -32000, "message": "missing trie node"}}
    with faulty_node(anvil.url) as node:
        node.arm(
            lambda exchange: Answer(exchange.each(lambda part: forgotten)),
            times=99,
            among=lambda exchange: "eth_call" in exchange.methods,
        )
        operator.chain = RpcChain(node.url)
        with pytest.raises(ChainError) as refused:
            operator.send_one("t", token.transfer(HOLDER, 5), gas_limit=100_000)
    entry = operator.journal.find("t")
    (mined,) = RpcChain(anvil.url).receipts([entry.hash])
    assert str(refused.value) == (
        f'"transfer 5 to {HOLDER}" failed on the chain ({entry.hash}) after {mined.gas_used} gas, '
        "and a replay was not possible: the node refused eth_call: missing trie node; give it more "
        "gas, or look the transaction up in an explorer"
    )


def test_a_failed_step_can_be_tried_again(operator, token):
    with pytest.raises(RevertError):
        operator.send_one("t", token.transfer(HOLDER, 5), gas_limit=100_000)
    operator.send_one("m", token.mint(operator.address, 5))
    receipt = operator.send_one("t", token.transfer(HOLDER, 5))
    assert not receipt.resumed
    assert token.balance_of(HOLDER) == 5


@pytest.mark.attack("I2")
def test_what_is_not_mined_in_time_says_so_and_the_next_run_waits_on(anvil, operator, token):
    anvil.rpc("evm_setAutomine", False)
    operator.timeout = 0.3
    with pytest.raises(ChainError) as refused:
        operator.send(mints(token, 3))
    first = operator.journal.find("mint/0").hash
    assert str(refused.value) == (
        "3 of 3 transactions were not mined within 0.3 seconds, the first being "
        f'"issue 1 to {HOLDER}" ({first}); run the same command again, which resumes and sends '
        "nothing twice"
    )
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("evm_mine")
    operator.timeout = PATIENCE
    receipts = operator.send(mints(token, 3))
    assert all(r.resumed for r in receipts)
    assert token.total_supply() == 6


# ------------------------------------------------------------------------------------ resuming


def signed_but_not_sent(anvil, operator, steps):
    """What a run leaves behind that is killed between writing and sending."""
    anvil.rpc("evm_setAutomine", False)
    operator.timeout = 0
    with pytest.raises(ChainError):
        operator.send(steps)
    anvil.rpc("anvil_dropAllTransactions")
    anvil.rpc("evm_setAutomine", True)
    operator.timeout = PATIENCE
    return [operator.journal.find(step.key) for step in steps]


@pytest.mark.attack("I1")
def test_signed_but_not_sent_is_sent_as_the_same_bytes(anvil, operator, token):
    entries = signed_but_not_sent(anvil, operator, mints(token, 3))
    receipts = operator.send(mints(token, 3))
    assert [r.hash for r in receipts] == [e.hash for e in entries]
    assert token.total_supply() == 6


def test_the_leftovers_of_another_step_are_sent_first(anvil, operator, token):
    entries = signed_but_not_sent(anvil, operator, mints(token, 2))
    operator.send_one("other", token.mint(HOLDER, 10))
    assert all(mined.success for mined in operator.chain.receipts([e.hash for e in entries]))
    assert [e.nonce for e in operator.journal.live()] == [0, 1, 2, 3]
    assert token.total_supply() == 13


def test_leftovers_below_the_base_fee_are_signed_anew_with_their_nonces(anvil, operator, token):
    """Killed while gas was cheap, run again when it is dear: the next run is not stuck."""
    entries = signed_but_not_sent(anvil, operator, mints(token, 2))
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * 10**9))
    try:
        anvil.rpc("evm_mine")
        operator.send_one("other", token.mint(HOLDER, 10))
    finally:
        # No snapshot takes it back.
        anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    again = [operator.journal.find(entry.key) for entry in entries]
    assert [(e.nonce, e.label, e.digest) for e in again] == [
        (e.nonce, e.label, e.digest) for e in entries
    ]
    assert not {e.hash for e in again} & {e.hash for e in entries}
    assert token.total_supply() == 13


def test_the_cheaper_version_of_a_step_that_is_mined_after_all_is_the_step(anvil, operator, token):
    """Signed anew at another price, and a miner takes the first bytes: done, once (Law 20)."""
    (first,) = signed_but_not_sent(anvil, operator, mints(token, 1))
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * 10**9))
    try:
        anvil.rpc("evm_mine")
        (dearer,) = signed_but_not_sent(anvil, operator, mints(token, 1))
    finally:
        anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    anvil.rpc("evm_mine")
    assert (dearer.hash != first.hash, dearer.nonce) == (True, first.nonce)
    operator.chain.request("eth_sendRawTransaction", f"0x{first.raw.hex()}")
    (receipt,) = operator.send(mints(token, 1))
    assert (receipt.hash, receipt.resumed) == (first.hash, True)
    assert operator.earlier("mint/0").hash == first.hash
    with pytest.raises(JournalError, match=f"its transaction {first.hash} was mined"):
        operator.abandon("mint/0")
    assert token.total_supply() == 1


def test_leftovers_that_no_price_helps_are_named(operator, token):
    with pytest.raises(ChainError):
        operator.send_one("m", token.mint(HOLDER, 1), gas_limit=10_000)
    with pytest.raises(ChainError) as refused:
        operator.send_one("other", token.mint(HOLDER, 1))
    assert str(refused.value) == (
        f'"issue 1 to {HOLDER}", which an earlier run signed, was not taken: the node refused '
        "eth_sendRawTransaction: intrinsic gas too low; run that step again first, or give it up "
        'with --abandon "m"'
    )


@pytest.mark.slow
@pytest.mark.attack("I2")
def test_a_nonce_used_elsewhere_stops_the_run_and_can_be_given_up(
    anvil, chain, issuer, operator, token
):
    (entry,) = signed_but_not_sent(anvil, operator, mints(token, 1))
    Operator(chain, issuer).send_one("elsewhere", token.mint(HOLDER, 100))
    with pytest.raises(JournalError) as refused:
        operator.send(mints(token, 1))
    assert str(refused.value) == (
        f"nonce 1 of {operator.address} was used by another transaction, so {entry.hash} "
        f'("issue 1 to {HOLDER}") can never be mined; see what that was with `prorata journal '
        "adopt`, which takes it in; if the step is still to be done, run again with --abandon "
        '"mint/0"'
    )
    with pytest.raises(JournalError):
        operator.send_one("next", token.mint(HOLDER, 1))
    operator.abandon("mint/0")
    with pytest.raises(JournalError, match=r"does not know: nonce 1 \(mint to 0x"):
        operator.send(mints(token, 1))
    adopt(operator.journal, find_outside(chain, operator.journal, operator.home))
    operator.send(mints(token, 1))
    assert token.total_supply() == 101


def test_a_step_that_can_still_be_mined_is_not_given_up(operator, token):
    done = operator.send_one("m", token.mint(HOLDER, 1))
    with pytest.raises(JournalError) as refused:
        operator.abandon("m")
    assert str(refused.value) == (
        f'the step "m" cannot be given up: its transaction {done.hash} was mined; '
        "run again without --abandon"
    )


def test_a_step_that_was_mined_is_not_pending_though_the_node_calls_it_so(anvil, operator, token):
    """Anvil does so for a moment after it has told the receipt, and nodes behind one address do."""

    def still_pending(exchange):
        answer = json.loads(exchange.ask())
        answer["result"] |= {"blockNumber": None, "blockHash": None, "transactionIndex": None}
        return Answer(json.dumps(answer).encode())

    done = operator.send_one("m", token.mint(HOLDER, 1))
    with faulty_node(anvil.url) as node:
        node.arm(still_pending, among=lambda exchange: exchange.methods == [TRANSACTION])
        operator.chain = RpcChain(node.url)
        with pytest.raises(JournalError, match=f"its transaction {done.hash} was mined"):
            operator.abandon("m")
        assert node.met


def test_bytes_that_the_node_no_longer_takes_are_signed_anew_with_the_same_nonce(operator, token):
    with pytest.raises(ChainError) as refused:
        operator.send_one("m", token.mint(HOLDER, 1), gas_limit=10_000)
    assert str(refused.value) == (
        f'"issue 1 to {HOLDER}" was not taken: the node refused eth_sendRawTransaction: intrinsic '
        "gas too low; see to that and run the same command again, which resumes"
    )
    receipt = operator.send_one("m", token.mint(HOLDER, 1))
    assert [e.nonce for e in operator.journal.entries if e.key == "m"] == [1, 1]
    assert receipt.hash == operator.journal.find("m").hash
    assert token.total_supply() == 1


def test_what_another_account_has_signed_is_not_signed_anew_by_this_one(
    anvil, chain, issuer, operator, folder
):
    """With the other's nonce it could be mined twice, once from each account (Law 20)."""
    give = Call(HOLDER, b"", 1, "give a wei")
    with pytest.raises(ChainError):
        operator.send_one("give", give, gas_limit=10_000)
    entry, nonce = operator.journal.find("give"), chain.nonce(operator.address)
    other = LocalSigner(Account.create())
    anvil.rpc("anvil_setBalance", other.address, hex(10**18))
    operator.journal.close()
    with open_operator(chain, other, folder, timeout=PATIENCE) as its_own:
        with pytest.raises(ChainError) as refused:
            its_own.send_one("give", give)
        assert its_own.journal.find("give") == entry
        assert chain.nonce(other.address, block="pending") == 0
    assert str(refused.value) == (
        '"give a wei" was not taken: the node refused eth_sendRawTransaction: intrinsic gas too '
        f'low; run it as {issuer.address} again, or give it up with --abandon "give"'
    )
    with open_operator(chain, issuer, folder, timeout=PATIENCE) as again:
        receipt = again.send_one("give", give)
    assert (receipt.mined.success, chain.nonce(issuer.address)) == (True, nonce + 1)


@pytest.mark.attack("I1")
@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(
    chain, issuer, operator, token, folder
):
    """`kill -9` as soon as the journal has grown, again and again; each holder is paid once."""
    operator.journal.close()
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from eth_account import Account
        from prorata.chain.node import RpcChain
        from prorata.chain.signers import LocalSigner
        from prorata.chain.steps import Intent
        from prorata.contracts.share_token import ShareToken
        from prorata.deployments.deployment import open_operator
        chain = RpcChain({chain_url(chain)!r})
        token = ShareToken(chain, {token.address!r})
        steps = [Intent(f"mint/{{n}}", token.mint({HOLDER!r}, n + 1), 200_000) for n in range(200)]
        signer = LocalSigner(Account.from_key({ISSUER_KEY!r}))
        with open_operator(chain, signer, Path({str(folder)!r})) as operator:
            print("ready", flush=True)
            operator.send(steps)
    """)
    path = folder / "journal.jsonl"
    killed, lines = 0, path.read_bytes().count(b"\n")
    # The first moment is between writing and sending, the others come later and later after it.
    for pause in (0, 0.01, 0.03, 0.1):
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        ) as run:
            assert run.stdout.readline() == "ready\n"
            while path.read_bytes().count(b"\n") <= lines and run.poll() is None:
                time.sleep(0.001)
            time.sleep(pause)
            run.kill()
        killed += run.returncode == -signal.SIGKILL
        lines = path.read_bytes().count(b"\n")
    assert killed >= 2
    steps = [Intent(f"mint/{n}", token.mint(HOLDER, n + 1)) for n in range(200)]
    with open_operator(chain, issuer, folder, timeout=20) as again:
        receipts = again.send(steps)
    assert any(r.resumed for r in receipts)
    assert token.total_supply() == sum(range(201))


def chain_url(chain: RpcChain) -> str:
    return chain.name
