"""Instructions on a real Anvil: drafted from the chain, signed offline, brought by another."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.contracts.relayer import PaymentInstruction, digest
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, RevertError
from prorata.income.claims import claim
from prorata.income.declarations import declare
from prorata.income.instruction_files import (
    SignedInstruction,
    read_instruction,
    sign_instruction,
    write_instruction,
)
from prorata.income.instructions import (
    Reinvested,
    cancel_instruction,
    check_instruction,
    draft_instruction,
    execute,
    relayer_of,
)
from prorata.register.captable import CapTable, read_csv
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
RENT = 85_000_000_003
HOLDER, OTHER = LocalSigner(rehearsal_key(5)), LocalSigner(rehearsal_key(6))
BANK = to_checksum_address("0x" + "ba" * 20)
SIGN_ANEW = "sign a new one with `prorata instruct`"


@pytest.fixture(scope="module")
def table() -> CapTable:
    return read_csv(BUILDING / "holders.csv", authorised=10_000)


@pytest.fixture
def closed(anvil, operator, folder, table) -> Deployment:
    """The building, issued, and record 1 has closed."""
    settings = Asset.load(BUILDING / "asset.yaml")
    found = deploy(operator, settings, folder, dollar=True)
    issue(operator, found, table)
    record = schedule_record(operator, found, operator.chain.now() + 100)
    pass_time(anvil, record.closes_at + 1)
    return found


@pytest.fixture
def rent(operator, closed, table) -> int:
    """Rent in dollars; what the holder gets of it."""
    declare(operator, closed, record_id=1, currency=closed.currency("USD"), amount=RENT)
    return RENT * table.balances[HOLDER.address] // 10_000


def pass_time(anvil, second: int) -> None:
    anvil.rpc("evm_setNextBlockTimestamp", second)
    anvil.rpc("evm_mine")


def drafted(closed: Deployment, **said) -> SignedInstruction:
    options = {"receiver": BANK, "valid_until": closed.chain.now() + 1_000} | said
    return draft_instruction(closed, HOLDER.address, **options)


def signed(closed: Deployment, **said) -> SignedInstruction:
    return sign_instruction(drafted(closed, **said), HOLDER)


def dollars(closed: Deployment, account: str) -> int:
    return closed.currency("USD").balance_of(account)


def refused(call, *arguments, **options) -> str:
    with pytest.raises(InputError) as refusal:
        call(*arguments, **options)
    return str(refusal.value)


def sent(operator) -> int:
    return operator.chain.nonce(operator.address)


def fund(anvil, account: str) -> None:
    anvil.rpc("anvil_setBalance", account, hex(10**18))


# -------------------------------------------------------------------------------------- the way


def test_an_instruction_goes_by_file_from_its_signer_to_the_chain(operator, closed, rent, tmp_path):
    """The holder signs offline and has no coin; the issuer pays the gas; the bank is paid once."""
    path = tmp_path / "to-my-bank.json"
    write_instruction(path, signed(closed))
    brought = read_instruction(path)
    done = execute(operator, closed, brought)
    assert [(p.distribution_id, p.payee, p.net) for p in done.payouts] == [(1, BANK, rent)]
    assert done.reinvested is None
    assert (dollars(closed, BANK), dollars(closed, HOLDER.address)) == (rent, 0)
    nonce = sent(operator)
    again = execute(operator, closed, brought)
    assert (again.receipt.hash, again.receipt.resumed) == (done.receipt.hash, True)
    assert sent(operator) == nonce


def test_the_chain_and_the_computer_agree_on_what_is_signed(closed, rent):
    draft = drafted(closed, data=b"", nonce=7)
    relayer = relayer_of(closed)
    assert (draft.relayer, draft.chain_id) == (relayer.address, closed.chain.chain_id)
    assert relayer.digest_of(draft.instruction) == draft.digest


def test_income_is_reinvested_through_a_hook(operator, closed, rent):
    """The claim relayer's deployment of the example: shares at 1,000.000000, the rest back."""
    token, usd = closed.token(), closed.currency("USD")
    arguments = (
        relayer_of(closed).address, operator.address, token.address, usd.address, 1_000 * 10**6
    )  # fmt: skip
    offer = operator.send_one("offer", deploy_call(artifact("PrimaryReinvestment"), *arguments))
    hook = offer.contract_address
    operator.send_one("stock", token.mint(hook, 3))
    order = signed(closed, hook=hook, data=(1).to_bytes(32, "big"))
    bought = min(rent // (1_000 * 10**6), 3)
    done = execute(operator, closed, order)
    assert done.reinvested == Reinvested(hook, BANK, usd.address, rent)
    assert token.balance_of(BANK) == bought >= 1
    assert dollars(closed, BANK) == rent - bought * 1_000 * 10**6


def test_a_wallet_contract_signs_what_it_likes(operator, closed, rent, artifacts):
    """ERC-1271 is asked before anything is sent, and its signature may be anything."""
    made = operator.send_one("wallet", Call(None, artifacts["ContractWallet"].bytecode))
    wallet = made.contract_address
    operator.send_one("recover", closed.token().recover(HOLDER.address, wallet))
    draft = drafted(closed)
    assert draft.instruction.claimant == wallet
    odd = replace(draft, signature=b"\1")
    assert refused(execute, operator, closed, odd) == (
        f'signature: "0x01" is not {wallet}\'s for what the file says; {SIGN_ANEW}'
    )
    sign = keccak(text="sign(bytes32,bool)")[:4] + draft.digest + (1).to_bytes(32, "big")
    operator.send_one("sign", Call(wallet, sign))
    assert [p.net for p in execute(operator, closed, odd).payouts] == [rent]


def test_another_wallet_signs_the_file_as_it_stands(anvil, operator, closed, table, tmp_path):
    """The node's own wallet, which is none of this code, is handed the unsigned file."""
    operator.send_one("sell", closed.token().mint(operator.address, 10))
    record = schedule_record(operator, closed, operator.chain.now() + 100)
    pass_time(anvil, record.closes_at + 1)
    declare(operator, closed, record_id=2, currency=closed.currency("ETH"), amount=10**18)
    said = {"receiver": BANK, "valid_until": operator.chain.now() + 1_000}
    draft = draft_instruction(closed, operator.address, **said)
    path = tmp_path / "unsigned.json"
    write_instruction(path, draft)
    typed = json.loads(path.read_text())
    typed["signature"] = anvil.rpc("eth_signTypedData_v4", operator.address, typed)
    path.write_text(json.dumps(typed))
    execute(operator, closed, read_instruction(path))
    assert operator.chain.balance(BANK) == 10**18 * 10 // 10_010


def test_a_device_that_counts_from_zero_is_understood(operator, closed, rent):
    """Some wallets write v as 0 or 1, which the claim relayer would refuse."""
    good = signed(closed)
    zero_based = good.signature[:-1] + bytes([good.signature[-1] - 27])
    assert execute(operator, closed, replace(good, signature=zero_based)).payouts[0].payee == BANK


# ------------------------------------------------------------------------------------- drafting


def test_a_draft_is_about_everything_that_is_open(operator, closed, rent):
    """In both currencies, not what was claimed; the same draft has the same nonce."""
    declare(operator, closed, record_id=1, currency=closed.currency("ETH"), amount=10**18)
    first, again = (drafted(closed, valid_until=2**40) for _ in range(2))
    assert first == again
    assert first.instruction.ids == (1, 2)
    claim(operator, closed, HOLDER.address, [1])
    second = drafted(closed, valid_until=2**40)
    assert second.instruction.ids == (2,)
    assert second.instruction.nonce != first.instruction.nonce
    claim(operator, closed, HOLDER.address)
    assert refused(drafted, closed) == (
        f'holder: "{HOLDER.address}" has nothing to claim now; name distributions to come with --id'
    )


def test_a_hook_takes_one_currency(operator, closed, rent):
    declare(operator, closed, record_id=1, currency=closed.currency("ETH"), amount=10**18)
    hook = closed.token().address
    assert refused(drafted, closed, hook=hook) == (
        'id: "1, 2" are paid in 2 currencies, and a hook takes one at a time; sign a payment '
        "instruction "
        "for each"
    )
    assert drafted(closed, hook=hook, ids=[2]).instruction.ids == (2,)


def test_a_draft_that_the_desk_would_refuse_is_refused(operator, closed, rent):
    vault, relayer, now = closed.vault().address, relayer_of(closed).address, closed.chain.now()
    lost = "where money would be lost; name another address"
    assert refused(drafted, closed, receiver=vault) == f'to: "{vault}" is the vault, {lost}'
    assert (
        refused(drafted, closed, hook=relayer) == f'hook: "{relayer}" is the claim relayer, {lost}'
    )
    assert refused(drafted, closed, hook=BANK) == (
        f'hook: "{BANK}" is no contract; check the address and the network'
    )
    assert refused(drafted, closed, data=b"\1") == (
        'data: "0x01" would be read by nobody; name a --hook'
    )
    assert refused(drafted, closed, valid_until=now).startswith(
        f'valid-until: "{moment(now)}" is not later than the chain\'s time, '
    )
    assert refused(drafted, closed, ids=[2]) == (
        'distribution: "2" was never declared: there are 1 to 1; check the id'
    )
    claim(operator, closed, HOLDER.address)
    assert refused(drafted, closed, ids=[1]) == (
        f'distribution: "1" was paid to {HOLDER.address} before; leave it out'
    )


def test_after_a_recovery_the_successor_signs(operator, closed, rent):
    """The draft knows whom to ask; what the lost wallet had signed is refused."""
    old = signed(closed)
    operator.send_one("recover", closed.token().recover(HOLDER.address, BANK))
    assert drafted(closed).instruction.claimant == BANK
    nonce = sent(operator)
    with pytest.raises(RevertError) as refusal:
        execute(operator, closed, old)
    assert refusal.value.error == "DividendVault_NotClaimant"
    assert refusal.value.arguments == {"given": HOLDER.address, "claimant": BANK}
    assert sent(operator) == nonce


# ------------------------------------------------------------------------------------- refusals


def test_an_instruction_for_somewhere_else_is_refused(operator, closed, rent):
    good, nonce = signed(closed), sent(operator)
    assert refused(execute, operator, closed, replace(good, chain_id=1)) == (
        'instruction: "1" is not chain 31337; choose its network'
    )
    assert refused(execute, operator, closed, replace(good, relayer=BANK)) == (
        f'instruction: "{BANK}" is not the claim relayer of this deployment\'s vault, '
        f"{relayer_of(closed).address}; choose its deployment with --deployment"
    )
    assert refused(execute, operator, closed, replace(good, signature=b"")) == (
        'signature: "" is missing; put what the wallet has signed into the file'
    )
    assert sent(operator) == nonce


def test_an_instruction_that_was_changed_is_refused(operator, closed, rent):
    good = signed(closed)
    other = replace(good, instruction=replace(good.instruction, receiver=OTHER.address))
    said = refused(check_instruction, closed, other)
    assert said.endswith(f"is not {HOLDER.address}'s for what the file says; {SIGN_ANEW}")


def test_an_instruction_that_is_too_old_is_refused(anvil, operator, closed, rent):
    good = signed(closed)
    until = good.instruction.valid_until
    pass_time(anvil, until + 1)
    assert refused(check_instruction, closed, good).startswith(
        f'validUntil: "{moment(until)}" has passed: the chain\'s time is '
    )


def test_a_cancelled_instruction_is_refused(anvil, operator, closed, rent, tmp_path):
    """Only its claimant can cancel; the same wish can be signed again, with another nonce."""
    good = signed(closed, valid_until=2**40)
    assert refused(cancel_instruction, operator, closed, good) == (
        f'account: "{operator.address}" is not {HOLDER.address}, who alone can cancel; use that '
        "account"
    )
    fund(anvil, HOLDER.address)
    cancelling = Operator(operator.chain, HOLDER)
    cancel_instruction(cancelling, closed, good)
    spent = (
        f'nonce: "{good.instruction.nonce}" of {HOLDER.address} is spent: a payment instruction '
        f"with it was executed or cancelled; {SIGN_ANEW}"
    )
    assert refused(execute, operator, closed, good) == spent
    assert refused(cancel_instruction, cancelling, closed, good) == spent
    assert refused(drafted, closed, nonce=good.instruction.nonce) == spent
    again = signed(closed, valid_until=2**40)
    assert again.instruction.nonce == good.instruction.nonce + 1
    assert execute(operator, closed, again).payouts[0].payee == BANK


def test_an_instruction_with_nothing_left_is_refused_in_words(operator, closed, rent):
    """Claimed in the ordinary way since: the money has gone to the holder."""
    good = signed(closed)
    claim(operator, closed, HOLDER.address)
    nonce = sent(operator)
    with pytest.raises(RevertError) as refusal:
        execute(operator, closed, good)
    assert refusal.value.error == "ClaimRelayer_NothingToPay"
    assert "there is nothing left to pay or to reinvest" in str(refusal.value)
    assert sent(operator) == nonce
    assert dollars(closed, HOLDER.address) == rent


def test_a_nonce_can_be_chosen(closed, rent):
    """Who wants two payment instructions to exclude each other gives them one nonce."""
    assert drafted(closed, nonce=0).instruction.nonce == 0
    plain = drafted(closed, valid_until=2**40).instruction
    words = replace(plain, nonce=0)
    expected = digest(words, closed.chain.chain_id, relayer_of(closed).address)
    assert plain.nonce == int.from_bytes(expected, "big")
    assert plain == PaymentInstruction(
        HOLDER.address, HOLDER.address, (1,), BANK, 2**40, ZERO_ADDRESS, b"", plain.nonce
    )
