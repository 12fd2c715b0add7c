"""ERC-2612 signatures on a real Anvil: the token takes them, a declaration needs no approval."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from prorata.chain.abi import function
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.cli.accounts import _ApeSigner
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.vault import DividendVault, Terms
from prorata.errors import ChainError
from prorata.income.declarations import Declaration, declare_all
from prorata.income.permits import sign_permit
from tests.prorata.conftest import put, refused, sent

SPENDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
FOREVER = 2**256 - 1


@pytest.fixture
def notes(operator) -> Currency:
    """A currency with permits that tells its domain: another share token, of which we hold 500."""
    terms = ("Notes", "NOTE", 0, operator.address, NATIVE, NATIVE, [operator.address])
    deployed = operator.send_one("notes", deploy_call(artifact("ShareToken"), terms))
    currency = Currency(operator.chain, deployed.contract_address)
    data = function("ShareToken", "mint").encode(operator.address, 500)
    operator.send_one("fund", Call(currency.address, data, 0, "make 500 notes"))
    return currency


def submit(operator, currency, spender, amount, permit) -> None:
    """Anybody may hand a permit in."""
    data = function("ShareToken", "permit").encode(
        operator.address, spender, amount, permit.deadline, permit.v, permit.r, permit.s
    )
    key = f"permit/{operator.chain.nonce(operator.address)}"
    operator.send_one(key, Call(currency.address, data, 0, "hand in a permit"))


def test_a_token_takes_the_signature_and_each_only_once(operator, notes):
    for amount in (7, 9):
        permit = sign_permit(operator, notes, SPENDER, amount, FOREVER)
        submit(operator, notes, SPENDER, amount, permit)
        assert notes.allowance(operator.address, SPENDER) == amount


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_domain_that_is_not_told_is_guessed_and_held_against_the_token(
    operator, artifacts, version
):
    currency = Currency(operator.chain, put(operator, artifacts, "GuessedPermit", version))
    submit(operator, currency, SPENDER, 7, sign_permit(operator, currency, SPENDER, 7, FOREVER))
    assert currency.allowance(operator.address, SPENDER) == 7


def test_an_account_of_ape_signs_the_same_or_nothing(issuer, operator, notes):
    """A hardware wallet whose owner says no leaves everything as it was."""
    plain = sign_permit(operator, notes, SPENDER, 7, FOREVER)
    wallet = Wallet(issuer)
    operator.signer = _ApeSigner(wallet)
    assert sign_permit(operator, notes, SPENDER, 7, FOREVER) == plain
    wallet.willing = False
    with pytest.raises(ChainError) as refusal:
        sign_permit(operator, notes, SPENDER, 7, FOREVER)
    assert str(refusal.value) == (
        f"{issuer.address} did not sign the message, so nothing was sent; "
        "run the same command again and sign"
    )


class Wallet:
    """As ape shows an account: its signature has parts, or there is none."""

    def __init__(self, signer) -> None:
        self.address, self._signer, self.willing = signer.address, signer, True

    def sign_message(self, message):
        signed = self._signer._account.sign_message(message)
        return Signature(bytes(signed.signature)) if self.willing else None


@dataclass(frozen=True)
class Signature:
    rsv: bytes

    def encode_rsv(self) -> bytes:
        return self.rsv


def test_a_currency_without_permits_is_refused(operator, found, artifacts):
    nonce = sent(operator)
    for currency in (found.currency("USD"), found.currency("ETH")):
        assert refused(sign_permit, operator, currency, SPENDER, 7, FOREVER) == (
            f'permit: "{currency.symbol()}" takes no permits (ERC-2612), as far as it tells; '
            "leave --permit out, and an approval is sent first"
        )
    assert sent(operator) == nonce
    strange = Currency(operator.chain, put(operator, artifacts, "GuessedPermit", "3"))
    assert refused(sign_permit, operator, strange, SPENDER, 7, FOREVER).startswith(
        'permit: "GUESS" takes no permits'
    )


def test_a_declaration_by_permit_sends_no_approval_and_is_made_once(
    operator, closed, notes, monkeypatch
):
    """Somebody else hands the permit in first, which helps the declaration rather than harms it."""
    vault = closed.vault().address

    def handed_in(self, *what, permit):
        submit(operator, notes, vault, what[3], permit)
        return self.declare(*what)

    monkeypatch.setattr(DividendVault, "declare_with_permit", handed_in)
    nonce, what = sent(operator), Declaration(1, notes, 400, Terms())
    [declared] = declare_all(operator, closed, [what], permit=True)
    assert sent(operator) == nonce + 2
    assert [e.label for e in operator.journal.entries[-2:]] == [
        "hand in a permit",
        "declare dividend of 400 at record 1",
    ]
    for permit in (True, False):
        [again] = declare_all(operator, closed, [what], permit=permit)
        assert (again.id, again.receipt.hash) == (declared.id, declared.receipt.hash)
    assert sent(operator) == nonce + 2
    assert notes.allowance(operator.address, vault) == 0
