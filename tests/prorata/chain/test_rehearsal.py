"""What a rehearsal says is what sending does, to the address and the log; and nothing is sent."""

from __future__ import annotations

import time

import pytest
from eth_account import Account

from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.rehearsal import Rehearsal, RehearsalEndError, RehearsedChain
from prorata.chain.rehearsed_steps import CALLED_ALONE, SIMULATED, UNTRIED
from prorata.chain.signed import created_address
from prorata.chain.signers import LocalSigner
from prorata.chain.steps import Intent
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.errors import ChainError, JournalError, RevertError

HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
DOLLAR = ("Rehearsal Dollar", "USD", 6)


@pytest.fixture
def rehearsal(operator) -> Rehearsal:
    return Rehearsal(RehearsedChain(operator.chain), operator.signer, operator.journal)


def played(operator):
    """Two contracts, money and a payment of it, each on top of the one before."""
    [first, second] = operator.send(
        [Intent(key, deploy_call(artifact("Dollar"), *DOLLAR)) for key in ("one", "two")]
    )
    dollar = Currency(operator.chain, second.contract_address)
    operator.send_one("mint", dollar.mint(operator.address, 700))
    paid = operator.send_one("pay", Call(HOLDER, b"", 5, "pay"))
    return first, second, dollar, paid


def test_a_rehearsal_says_what_sending_does_and_sends_nothing(operator, rehearsal):
    nonce, balance = operator.chain.nonce(operator.address), operator.chain.balance(HOLDER)
    first, second, dollar, _ = played(rehearsal)
    assert [step.grade for step in rehearsal.steps] == [SIMULATED] * 4
    assert [step.key for step in rehearsal.steps] == ["one", "two", "mint", "pay"]
    assert dollar.balance_of(operator.address) == 700
    assert rehearsal.chain.balance(HOLDER) == balance + 5
    assert (operator.chain.nonce(operator.address), operator.journal.entries) == (nonce, ())
    assert operator.chain.code(first.contract_address) == b""

    really, again, money, _ = played(operator)
    assert (really.contract_address, again.contract_address) == (
        first.contract_address,
        second.contract_address,
    )
    assert created_address(operator.address, nonce) == first.contract_address
    assert money.balance_of(operator.address) == 700
    assert rehearsal.digest != Rehearsal(rehearsal.rehearsed, operator.signer).digest


def test_gas_is_enough_and_not_much_more(operator, rehearsal):
    played(rehearsal)
    really = played(operator)
    used = {receipt.key: receipt.mined.gas_used for receipt in (really[0], really[1], really[3])}
    for step in rehearsal.steps:
        if step.key in used:
            assert used[step.key] <= step.gas <= used[step.key] * 2


def test_what_is_read_in_between_is_as_it_will_be(operator, rehearsal):
    terms = ("Harbour 12", "HARB12", 0, operator.address, NATIVE, NATIVE, [operator.address])
    placed = rehearsal.send_one("token", deploy_call(artifact("ShareToken"), terms))
    token = ShareToken(rehearsal.chain, placed.contract_address)
    before = rehearsal.chain.block().number
    minted = rehearsal.send_one("mint", token.mint(HOLDER, 40))
    block = rehearsal.chain.block()
    assert block.number == before + 1 == minted.mined.block_number
    assert rehearsal.chain.now() >= block.timestamp >= operator.chain.now()
    assert token.balances_of([HOLDER, operator.address]) == [40, 0]
    assert ShareToken(rehearsal.chain, token.address, block=before).balance_of(HOLDER) == 0
    logs = list(rehearsal.chain.logs([token.address], 0, block.number))
    assert [log.transaction_hash for log in logs][-1] == minted.hash
    assert logs[-1] == minted.logs[-1]
    assert rehearsal.chain.nonce(operator.address) == operator.chain.nonce(operator.address) + 2
    assert len(rehearsal.chain.code(token.address)) == len(artifact("ShareToken").runtime)


def test_the_real_logs_of_the_last_block_are_still_there(operator, rehearsal):
    dollars = operator.send_one("one", deploy_call(artifact("Dollar"), *DOLLAR))
    dollar = Currency(operator.chain, dollars.contract_address)
    really = operator.send_one("mint", dollar.mint(HOLDER, 1))
    rehearsal.send_one("more", dollar.mint(HOLDER, 2))
    last = rehearsal.chain.block().number
    found = list(rehearsal.chain.logs([dollar.address], really.mined.block_number, last))
    assert [int.from_bytes(log.data, "big") for log in found] == [1, 2]


def test_blocks_that_come_meanwhile_change_no_answer(anvil, operator, rehearsal):
    placed = rehearsal.send_one("one", deploy_call(artifact("Dollar"), *DOLLAR))
    before = rehearsal.chain.block()
    anvil.rpc("evm_mine")
    operator.send_one("mine", Call(HOLDER, b"", 1, "pay"))
    dollar = Currency(rehearsal.chain, placed.contract_address)
    rehearsal.send_one("mint", dollar.mint(HOLDER, 3))
    assert rehearsal.chain.block().number == before.number + 1
    assert dollar.balance_of(HOLDER) == 3


def test_an_idle_chain_is_as_late_as_the_clock(anvil, operator, rehearsal):
    terms = ("Harbour 12", "HARB12", 0, operator.address, NATIVE, NATIVE, [operator.address])
    placed = operator.send_one("token", deploy_call(artifact("ShareToken"), terms))
    anvil.rpc("evm_increaseTime", 5_000)
    time.sleep(1)
    now = operator.chain.now()
    token = ShareToken(operator.chain, placed.contract_address)
    rehearsal.send_one("record", token.schedule_record(now + 60))
    with pytest.raises(RevertError, match="Past"):
        rehearsal.send_one("late", token.schedule_record(now - 60))


# ------------------------------------------------------------------------------------ refusals


def test_a_step_that_would_fail_is_refused_as_sending_refuses_it(operator, rehearsal):
    placed = rehearsal.send_one("one", deploy_call(artifact("Dollar"), *DOLLAR))
    dollar = Currency(rehearsal.chain, placed.contract_address)
    with pytest.raises(RevertError, match="nothing was sent for the step to"):
        rehearsal.send_one("pay", dollar.transfer(HOLDER, 1))
    # Its gas is given, so that nobody estimates it.
    blind = [Intent("pay", dollar.transfer(HOLDER, 1), gas_limit=100_000)]
    with pytest.raises(RevertError, match="nothing was sent for the step to"):
        rehearsal.send(blind)
    assert [step.key for step in rehearsal.steps] == ["one"]


def test_an_account_without_money_for_all_of_it_is_refused(operator):
    poor = Account.create()
    operator.send_one("fund", Call(poor.address, b"", 10**15, "fund"))
    rehearsal = Rehearsal(RehearsedChain(operator.chain), LocalSigner.of_key(poor.key))
    with pytest.raises(ChainError, match=r"holds 0\.001 ETH .* so nothing was sent"):
        rehearsal.send_one("pay", Call(HOLDER, b"", 10**15, "pay"))
    half = Call(HOLDER, b"", 6 * 10**14, "pay")
    rehearsal.send_one("half", half)
    with pytest.raises(ChainError, match="so nothing was sent"):
        rehearsal.send_one("half again", half)


def test_a_key_that_was_used_for_something_else_is_refused(operator, rehearsal):
    operator.send_one("pay", Call(HOLDER, b"", 1, "pay"))
    done = rehearsal.send_one("pay", Call(HOLDER, b"", 1, "pay"))
    assert (done.resumed, rehearsal.steps) == (True, ())
    with pytest.raises(JournalError, match="with other contents"):
        rehearsal.send_one("pay", Call(HOLDER, b"", 2, "pay"))


def test_attempts_count_what_this_run_has_tried(operator, rehearsal):
    for number in range(2):
        assert rehearsal.attempts("pay") == number
        rehearsal.send_one(f"pay/{number}", Call(HOLDER, b"", 1, "pay"))
    assert operator.attempts("pay") == 0


def test_nothing_leaves_through_a_rehearsed_chain(operator, rehearsal):
    rehearsal.send_one("pay", Call(HOLDER, b"", 1, "pay"))
    really = Operator(rehearsal.chain, operator.signer)
    with pytest.raises(AssertionError, match="sends nothing"):
        really.send_one("pay", Call(HOLDER, b"", 1, "pay"))


# ------------------------------------------------------------------- a node that cannot simulate


class Simple(RpcChain):
    """A node of before eth_simulateV1."""

    def try_many(self, questions, **options):
        if any(method == "eth_simulateV1" for method, _ in questions):
            return [ChainError("the node refused eth_simulateV1: there is no such method")]
        return super().try_many(questions, **options)


class RehearsedSimple(RehearsedChain, Simple):
    """The same, rehearsed on."""


def test_without_simulation_the_first_steps_are_called_alone(anvil, operator):
    chain = RehearsedSimple(Simple(anvil.url))
    rehearsal = Rehearsal(chain, operator.signer)
    steps = [
        Intent("one", Call(HOLDER, b"", 1, "pay")),
        Intent("two", Call(HOLDER, b"", 1, "pay"), gas_limit=50_000),
    ]
    with pytest.raises(RehearsalEndError, match="eth_simulateV1"):
        rehearsal.send(steps)
    assert [step.grade for step in rehearsal.steps] == [CALLED_ALONE, UNTRIED]
