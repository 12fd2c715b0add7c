"""Allowances by signature: ERC-2612 over the ERC-5267 domain, by key and by ERC-1271 wallet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import DAY, Harness, refused
from tests.contracts.permits import HOLDER, OTHER, Permit, separator

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def permit(harness) -> Permit:
    """The holder lets Ben take 30, for a day."""
    harness.issue({HOLDER.address: 100})
    return Permit(harness.token, HOLDER.address, harness.ben, 30, 0, harness.kit.now + DAY)


def allowance(permit: Permit) -> int:
    """What the spender may take."""
    return int(permit.token.call("allowance", permit.owner, permit.spender))


def test_the_domain_is_told_as_erc5267_wants_it(harness):
    """Name, version, chain and contract, no salt, no extension; the separator follows from them."""
    domain = harness.token.call("eip712Domain")
    assert domain == (
        b"\x0f", "Harbour Street 12", "1", 1, harness.token.address, b"\0" * 32, ()
    )  # fmt: skip
    assert harness.token.call("DOMAIN_SEPARATOR") == separator(harness.token)


def test_a_signed_permit_is_an_approval(harness, permit):
    """Anyone may bring it; the allowance can be spent; the nonce goes up by one (Law 26)."""
    receipt = permit.send(permit.signed())
    approval = {"owner": permit.owner, "spender": permit.spender, "value": 30}
    assert receipt.events == (("Approval", approval),)
    assert harness.token.call("nonces", permit.owner) == 1
    harness.token.send("transferFrom", permit.owner, harness.cid, 30, sender=harness.ben)
    assert harness.token.call("balanceOf", harness.cid) == 30
    assert allowance(permit) == 0


@pytest.mark.attack("G")
def test_a_permit_works_until_the_end_of_its_deadline(harness, permit):
    """In the deadline's own second it is good, one second later it is not (Law 26)."""
    harness.kit.now = permit.deadline
    permit.send(permit.signed())
    late = replace(permit, nonce=1, value=5)
    harness.kit.now = permit.deadline + 1
    with refused("ERC2612ExpiredSignature", permit.deadline):
        late.send(late.signed())
    assert allowance(permit) == 30
    assert harness.token.call("nonces", permit.owner) == 1


@pytest.mark.attack("G")
def test_a_permit_cannot_be_used_twice(harness, permit):
    """The nonce it was signed for is spent, even when the allowance has been (Law 26)."""
    signature = permit.signed()
    permit.send(signature)
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(signature)
    harness.token.send("transferFrom", permit.owner, harness.cid, 30, sender=harness.ben)
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(signature)
    assert allowance(permit) == 0


@pytest.mark.attack("G")
@pytest.mark.parametrize("nonce", [1, 2, 2**256 - 1])
def test_a_permit_for_a_later_nonce_waits_its_turn(permit, nonce):
    """A nonce cannot be skipped."""
    early = replace(permit, nonce=nonce)
    with refused("ERC2612InvalidSigner", permit.owner):
        early.send(early.signed())
    permit.send(permit.signed())
    second = replace(permit, nonce=1, value=7)
    second.send(second.signed())
    assert allowance(permit) == 7


@pytest.mark.attack("G")
def test_somebody_elses_signature_is_refused(permit):
    """Whoever signs for another's shares gives nothing away (Law 26)."""
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(permit.signed(OTHER))


@pytest.mark.attack("G")
@pytest.mark.parametrize(
    "changed", [{"value": 31}, {"spender": "0x" + "11" * 20}, {"deadline": 2**40}]
)
def test_a_permit_changed_after_signing_is_refused(permit, changed):
    """Every field is part of what was signed."""
    with refused("ERC2612InvalidSigner", permit.owner):
        replace(permit, **changed).send(permit.signed())


@pytest.mark.attack("G")
@pytest.mark.parametrize("domain", [{"chain_id": 2}, {"name": "Harbour Street"}, {"version": "2"}])
def test_a_permit_for_another_domain_is_refused(permit, domain):
    """Another chain, name or version is another signature (Law 26)."""
    elsewhere = replace(permit, **domain)
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(elsewhere.signed())


@pytest.mark.attack("G")
def test_a_permit_for_a_twin_token_is_refused(kit, permit):
    """The same name, symbol and chain at another address is another domain."""
    another = Harness(kit).token
    assert another.address != permit.token.address
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(permit.signed(), token=another)


@pytest.mark.attack("G")
def test_the_malleable_twin_of_a_signature_is_refused(permit):
    """The same point with the high s is not a second key to the same permit."""
    v, r, s = permit.signed()
    another = (55 - v, r, (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big"))
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(another)
    assert permit.token.call("nonces", permit.owner) == 0


@pytest.mark.attack("G")
@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_a_signature_with_a_strange_v_is_refused(permit, v):
    """Only 27 and 28 are signatures."""
    _, r, s = permit.signed()
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send((v, r, s))


@pytest.mark.attack("G")
def test_nobody_signs_for_the_zero_address(harness, permit):
    """A signature that recovers to nobody is no permit of nobody."""
    nobody = replace(permit, owner=ZERO)
    for signature in ((27, b"\0" * 32, b"\0" * 32), (0, b"\0" * 32, b"\0" * 32), nobody.signed()):
        with refused("ERC2612InvalidSigner", ZERO):
            nobody.send(signature)


def test_a_permit_for_no_spender_is_refused(harness, permit):
    """The zero address cannot be approved by signature either."""
    nobody = replace(permit, spender=ZERO)
    with refused("ERC20InvalidSpender", ZERO):
        nobody.send(nobody.signed())
    assert harness.token.call("nonces", permit.owner) == 0


@pytest.mark.attack("G")
def test_a_permit_sent_ahead_by_another_is_harmless(harness, permit):
    """Whoever copies it from the mempool only sets the very allowance that was meant."""
    signature = permit.signed()
    permit.token.send(
        "permit", permit.owner, permit.spender, permit.value, permit.deadline, *signature,
        sender=harness.stranger,
    )  # fmt: skip
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send(signature)
    assert allowance(permit) == 30
    harness.token.send("transferFrom", permit.owner, harness.ben, 30, sender=harness.ben)
    assert harness.token.call("balanceOf", harness.ben) == 30


def test_a_wallet_contract_signs_by_erc1271(kit, permit):
    """What the wallet says it has signed is a permit, whatever bytes come with it; once."""
    wallet = kit.deploy("ContractWallet")
    theirs = replace(permit, owner=wallet.address)
    wallet.send("sign", theirs.digest(), True)
    theirs.send((27, b"\1" * 32, b"\2" * 32))
    assert allowance(theirs) == 30
    with refused("ERC2612InvalidSigner", wallet.address):
        theirs.send((27, b"\1" * 32, b"\2" * 32))


@pytest.mark.attack("G")
def test_a_wallet_contract_that_does_not_sign_is_believed(kit, permit):
    """Neither a refusal nor a change of mind leaves a permit behind."""
    wallet = kit.deploy("ContractWallet")
    theirs = replace(permit, owner=wallet.address)
    with refused("ERC2612InvalidSigner", wallet.address):
        theirs.send(theirs.signed())
    wallet.send("sign", theirs.digest(), True)
    wallet.send("sign", theirs.digest(), False)
    with refused("ERC2612InvalidSigner", wallet.address):
        theirs.send(theirs.signed())
    assert allowance(theirs) == 0


@pytest.mark.attack("G")
def test_a_wallet_contract_cannot_sign_for_another(kit, permit):
    """A wallet that signed this digest lends its word to no other owner."""
    wallet = kit.deploy("ContractWallet")
    wallet.send("sign", permit.digest(), True)
    with refused("ERC2612InvalidSigner", permit.owner):
        permit.send((27, b"\1" * 32, b"\2" * 32))


@pytest.mark.attack("G")
@pytest.mark.parametrize("name", ["Dollar", "ShareToken"])
def test_a_contract_that_does_not_know_erc1271_signs_nothing(harness, permit, name):
    """A contract without the function, or one that answers something else, is no signer."""
    contract = harness.dollar if name == "Dollar" else harness.token
    theirs = replace(permit, owner=contract.address)
    with refused("ERC2612InvalidSigner", contract.address):
        theirs.send(theirs.signed())
