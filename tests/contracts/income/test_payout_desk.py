"""The desk: income goes where its holder has signed for it to go, once, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit, Deployed, RevmKit
from tests.contracts.harness import Harness, person, refused
from tests.contracts.relayer import (
    CURVE_ORDER,
    HOLDER,
    OTHER,
    SUCCESSOR,
    Instruction,
    desk_of,
)
from tests.contracts.token.test_roles import changing

COIN = 10**18
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()
TAKING, DENYING, SPEECHLESS, STAMMERING, REVERTING, BURNING, BOMBING, BOMBING_AS_REASON = range(8)
RECEIVER = person(7)


class House:
    """A building of 10,000 shares, of which the holder of a key has 3,000, and its vault's desk."""

    def __init__(self, kit: RevmKit, holder: str = HOLDER.address) -> None:
        self.harness = Harness(kit)
        self.kit = kit
        self.vault, self.dollar = self.harness.vault, self.harness.dollar
        self.desk = desk_of(self.harness)
        self.holder = holder
        self.harness.issue({holder: 3_000, self.harness.ann: 7_000})
        self.record = self.harness.close()

    def rent(self, amount: int = 10_000, **said: Any) -> int:
        """A distribution in dollars; the holder's net is 30 % of it."""
        return self.harness.declare(self.record, amount, **said)

    def coins(self, amount: int = 10 * COIN) -> int:
        """A distribution of the native coin."""
        return self.harness.declare_native(self.record, amount)

    def say(self, *ids: int, **said: Any) -> Instruction:
        """The holder says: pay me at another wallet."""
        plain = Instruction(self.desk, self.holder, self.holder, ids, RECEIVER)
        return plain.but(**said)

    def hook(self, mood: int = TAKING) -> Deployed:
        """A contract that takes income as it likes."""
        hook = self.kit.deploy("WilfulHook")
        hook.send("setMood", mood)
        return hook

    def recover(self, lost: str, successor: str) -> None:
        """Put a wallet in another's place."""
        self.harness.token.send(
            "recoveryAddress", lost, successor, ZERO, sender=self.harness.agent
        )  # fmt: skip

    def freeze(self, wallet: str, on: bool = True) -> None:
        """Freeze a wallet, or release it."""
        self.harness.token.send("setAddressFrozen", wallet, on, sender=self.harness.agent)

    def has(self, account: str, currency: Deployed | None = None) -> int:
        """What an account has of the dollar, or of another currency."""
        return int((currency or self.dollar).call("balanceOf", account))

    def is_spent(self, nonce: int, claimant: str | None = None) -> bool:
        """Whether the holder's nonce is spent."""
        return bool(self.desk.call("isSpent", claimant or self.holder, nonce))

    def is_untouched(self, *ids: int, nonce: int = 0) -> bool:
        """Whether the holder is owed as before and can sign as before."""
        claimed = [self.vault.call("isClaimed", number, self.holder) for number in ids]
        return not any(claimed) and not self.is_spent(nonce)


@pytest.fixture
def house(kit) -> House:
    """A record of this building, closed; nothing declared yet."""
    return House(kit)


@pytest.fixture(scope="module")
def signing(codec) -> Instruction:
    """An instruction that nobody carries out."""
    house = House(RevmKit(codec))
    return house.say(house.rent())


# -------------------------------------------------------------- what is signed


def test_the_vault_has_made_its_desk(house):
    """One desk, by the vault alone, which it can be asked for; anyone else's obeys no vault."""
    assert house.desk.call("vault") == house.vault.address
    assert house.vault.call("desk") == house.desk.address
    own = house.kit.deploy("PayoutDesk", sender=house.harness.stranger)
    assert own.call("vault") == house.harness.stranger


@pytest.mark.attack("F6")
def test_the_desk_has_no_roles(house):
    """Two functions change state: one asks for a signature, the other is about the caller's own."""
    assert changing(house.kit, "PayoutDesk") == {"cancel(uint256)", "carryOut(tuple,bytes)"}


def test_the_desks_domain_is_told_as_erc5267_wants_it(house):
    """Name, version, chain and contract, no salt, no extension."""
    assert house.desk.call("eip712Domain") == (
        b"\x0f", "prorata PayoutDesk", "1", 1, house.desk.address, b"\0" * 32, ()
    )  # fmt: skip


addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
words = st.integers(0, 2**256 - 1)


instructions = st.fixed_dictionaries(
    {
        "holder": addresses,
        "claimant": addresses,
        "ids": st.lists(words, max_size=5).map(tuple),
        "receiver": addresses,
        "hook": addresses,
        "data": st.binary(max_size=100),
        "nonce": words,
        "valid_until": words,
    }
)


@given(instructions)
def test_the_digest_is_what_a_wallet_signs(signing, fields):
    """For any instruction, the desk, eth-account and EIP-712 by hand agree."""
    said = signing.but(**fields)
    digest = signing.desk.call("digestOf", said.encodable())
    assert digest == said.signable() == said.digest()


# ---------------------------------------------------------------- a claim to X


def test_a_signed_claim_pays_the_receiver_it_names(house):
    """Brought by a stranger, paid where the holder said, told in one event."""
    said = house.say(house.rent())
    assert house.desk.call("carryOut", said.encodable(), said.signed()) == 1
    receipt = said.send(sender=house.harness.stranger)
    assert receipt.named("CarriedOut") == [
        {
            "claimant": house.holder, "nonce": 0, "holder": house.holder,
            "receiver": RECEIVER, "hook": ZERO,
        }
    ]  # fmt: skip
    assert receipt.named("Claimed") == [
        {"id": 1, "holder": house.holder, "payee": RECEIVER, "gross": 3_000, "tax": 0}
    ]
    assert (house.has(RECEIVER), house.has(house.holder)) == (3_000, 0)
    assert house.is_spent(0)


def test_a_signed_claim_takes_any_number_of_currencies(house):
    """Dollars and coins in one instruction, to one receiver; a payee set before stays unpaid."""
    ids = [house.rent(), house.coins(), house.rent(5)]
    house.vault.send("setPayee", person(8), sender=house.holder)
    said = house.say(*ids)
    assert house.desk.call("carryOut", said.encodable(), said.signed()) == 3
    said.send()
    assert (house.has(RECEIVER), house.kit.balance(RECEIVER)) == (3_001, 3 * COIN)
    assert (house.has(person(8)), house.kit.balance(person(8))) == (0, 0)


def test_a_signed_claim_takes_distributions_of_any_number_of_tokens(house):
    """Two buildings of one holder, if both would have it paid."""
    other = House(house.kit)
    other.harness.vault = house.vault
    first, second = house.rent(), other.rent(20_000, currency=house.dollar)
    house.say(first, second, first).send()
    assert house.has(RECEIVER) == 9_000


def test_tax_is_withheld_from_what_the_receiver_gets(house):
    """An instruction changes who is paid, not what is due."""
    policy = house.kit.deploy("FlatTax", 1_000, house.harness.collector)
    house.say(house.rent(tax_policy=policy.address)).send()
    assert house.has(RECEIVER) == 2_700
    assert house.harness.figures(1)["withheld"] == 300


@pytest.mark.attack("G")
@pytest.mark.parametrize("to", ["zero", "vault", "desk"])
def test_money_that_would_be_lost_is_refused(house, to):
    """Neither the zero address nor vault or desk is a receiver, or a hook's."""
    lost = {"zero": ZERO, "vault": house.vault.address, "desk": house.desk.address}[to]
    number, hook = house.rent(), house.hook().address
    for said in (house.say(number, receiver=lost), house.say(number, receiver=lost, hook=hook)):
        with refused("PayoutDesk_InvalidReceiver", lost):
            said.send()
    if to != "zero":
        with refused("PayoutDesk_InvalidReceiver", lost):
            house.say(number, hook=lost).send()
    assert house.is_untouched(number)


def test_a_receiver_that_refuses_leaves_the_claim(house):
    """The vault's refusal is passed on; the holder can say otherwise with the same nonce."""
    wall = house.kit.deploy("RejectingReceiver")
    number = house.coins()
    with refused("DividendVault_PaymentFailed", ZERO, wall.address, 3 * COIN):
        house.say(number, receiver=wall.address).send()
    assert house.is_untouched(number)
    house.say(number).send()
    assert house.kit.balance(RECEIVER) == 3 * COIN


def test_what_the_vault_refuses_is_passed_on(house):
    """Unknown, not payable yet, past its deadline: as in any claim, and nothing is spent."""
    now = house.kit.now
    early = house.rent(payable_from=now + 10)
    late = house.rent(deadline=now + 5, sweep_to=house.harness.issuer)
    with refused("DividendVault_UnknownDistribution", 3):
        house.say(3).send()
    with refused("DividendVault_NotPayableYet", early, now + 10, now):
        house.say(early).send()
    house.kit.now = now + 6
    with refused("DividendVault_Expired", late, now + 5, now + 6):
        house.say(late).send()
    assert house.is_untouched(early, late)


def test_only_the_claimant_and_the_desk_choose_where_money_goes(house):
    """The vault lets nobody else claim to a receiver: not a stranger, an agent, or another desk."""
    harness, number = house.harness, house.rent()
    for caller in (harness.stranger, harness.agent, harness.owner, OTHER.address):
        with refused("DividendVault_NotClaimant", caller, house.holder):
            house.vault.send("claimTo", [number], house.holder, RECEIVER, sender=caller)
    with refused("DividendVault_NotClaimant", harness.ann, house.holder):
        house.vault.send("claimTo", [number], house.holder, harness.ann, sender=harness.ann)
    house.vault.send("claimTo", [number], harness.ann, RECEIVER, sender=harness.ann)
    assert house.has(RECEIVER) == 7_000
    assert house.is_untouched(number)


# ------------------------------------------------------------- time and nonces


@pytest.mark.attack("G")
def test_an_instruction_holds_until_the_end_of_its_last_second(house):
    """In that second it is good, one second later it is not."""
    first, second = house.rent(), house.rent()
    until = house.kit.now + 60
    house.kit.now = until
    house.say(first, valid_until=until).send()
    house.kit.now = until + 1
    with refused("PayoutDesk_Expired", until, until + 1):
        house.say(second, nonce=1, valid_until=until).send()
    assert house.is_untouched(second, nonce=1)


@pytest.mark.attack("G")
def test_an_instruction_is_carried_out_once(house):
    """The nonce is spent, for this and for every other instruction that has it. (Law 18)"""
    number, other = house.rent(), house.rent()
    said = house.say(number)
    said.send()
    for again in (said, house.say(other), house.say(number, other)):
        with refused("PayoutDesk_NonceSpent", house.holder, 0):
            again.send()
    assert (house.has(RECEIVER), house.has(house.holder)) == (3_000, 0)


@pytest.mark.attack("G")
def test_nonces_are_used_in_any_order_and_with_any_gaps(house):
    """One instruction that has to wait stands in the way of no other."""
    for nonce in (5, 0, 2**256 - 1, 255, 256, 4, 1 << 255):
        house.say(house.rent(), nonce=nonce).send()
        assert house.is_spent(nonce)
    assert not any(house.is_spent(free) for free in (1, 2, 3, 6, 254, 257, 2**256 - 2))
    assert house.has(RECEIVER) == 7 * 3_000


@pytest.mark.attack("G")
def test_a_nonce_is_its_claimants_own(house):
    """What one has spent or cancelled, another has not."""
    house.desk.send("cancel", 0, sender=house.harness.stranger)
    assert house.is_spent(0, house.harness.stranger)
    house.say(house.rent()).send()
    assert not house.is_spent(0, OTHER.address)


@pytest.mark.attack("G")
def test_a_cancelled_instruction_is_never_carried_out(house):
    """By the claimant alone, before it is brought; the next nonce is as good as before."""
    said = house.say(house.rent())
    receipt = house.desk.send("cancel", 0, sender=house.holder)
    assert receipt.events == (("Cancelled", {"claimant": house.holder, "nonce": 0}),)
    with refused("PayoutDesk_NonceSpent", house.holder, 0):
        said.send()
    said.but(nonce=1).send()
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_a_nonce_is_not_cancelled_when_it_is_too_late(house):
    """Who cancels what has been carried out, or cancelled, is told so."""
    house.say(house.rent()).send()
    house.desk.send("cancel", 1, sender=house.holder)
    for nonce in (0, 1):
        with refused("PayoutDesk_NonceSpent", house.holder, nonce):
            house.desk.send("cancel", nonce, sender=house.holder)


# ---------------------------------------------------------------------- keys


@pytest.mark.attack("G")
def test_somebody_elses_signature_is_refused(house):
    """Whoever signs for another's income gets nothing of it."""
    said = house.say(house.rent(), receiver=OTHER.address)
    with refused("PayoutDesk_NotSigned", house.holder):
        said.send(said.signed(OTHER))
    assert house.is_untouched(1)


@pytest.mark.attack("G")
def test_whoever_is_not_to_be_paid_signs_in_vain(house):
    """A claimant who signs well, and is not the holder's, is told who is."""
    said = house.say(house.rent(), claimant=OTHER.address)
    with refused("PayoutDesk_NotClaimant", 1, OTHER.address, house.holder):
        said.send(said.signed(OTHER))
    assert house.is_untouched(1)


@pytest.mark.attack("G")
@given(instructions, st.data())
def test_no_word_of_an_instruction_can_be_changed(signing, fields, data):
    """Any other value in any one field is another instruction, which nobody has signed."""
    said = signing.but(hook=person(1), data=b"\1")
    name = data.draw(st.sampled_from(sorted(fields)))
    changed = said.but(**{name: fields[name]})
    assume(changed != said and ZERO not in {changed.receiver, changed.hook})
    assume(changed.valid_until >= said.valid_until)
    with refused("PayoutDesk_NotSigned", changed.claimant):
        changed.send(said.signed())


@pytest.mark.attack("G")
@given(position=st.integers(0, 64), flip=st.integers(1, 255))
def test_no_byte_of_a_signature_can_be_changed(signing, position, flip):
    """There is one signature to an instruction, not many."""
    signature = bytearray(signing.signed())
    signature[position] ^= flip
    with refused("PayoutDesk_NotSigned", HOLDER.address):
        signing.send(bytes(signature))


@pytest.mark.attack("G")
def test_other_forms_of_a_signature_are_refused(house):
    """High s, compact (ERC-2098), strange v, cut, lengthened, empty."""
    said = house.say(house.rent())
    signature = said.signed()
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    compact = r + (s | (v - 27) << 255).to_bytes(32, "big")
    high = r + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    strange = [signature[:64] + bytes([v]) for v in (0, 1, 26, 29, 255)]
    for form in (compact, high, *strange, signature[:64], signature + b"\0", b"", bytes(65)):
        with refused("PayoutDesk_NotSigned", house.holder):
            said.send(form)
    said.send(signature)
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_nobody_signs_for_the_zero_address(house):
    """Not even while income waits and the token names nobody to be paid."""
    number = house.rent()
    house.freeze(house.holder)
    said = house.say(number, claimant=ZERO)
    for signature in (bytes(65), bytes(64) + b"\x1b", b"", said.signed()):
        with refused("PayoutDesk_NotSigned", ZERO):
            said.send(signature)
    assert house.is_untouched(number)


@pytest.mark.attack("G")
def test_an_instruction_brought_ahead_by_another_is_harmless(house):
    """Whoever copies it from the mempool does what was signed, and pays for it."""
    said = house.say(house.rent())
    said.send(sender=house.harness.stranger)
    assert house.has(RECEIVER) == 3_000
    with refused("PayoutDesk_NonceSpent", house.holder, 0):
        said.send(sender=house.harness.ben)
    assert house.has(RECEIVER) == 3_000


# -------------------------------------------------- chains, clones, other desks


@pytest.mark.attack("G")
@pytest.mark.parametrize(
    "domain",
    [{"chainId": 2}, {"name": "PayoutDesk"}, {"version": "2"}, {"verifyingContract": ZERO}],
)
def test_an_instruction_for_another_domain_is_refused(house, domain):
    """Another chain, name, version or contract is another signature."""
    said = house.say(house.rent())
    with refused("PayoutDesk_NotSigned", house.holder):
        said.send(said.but(domain=domain).signed())


@pytest.mark.attack("G")
def test_an_instruction_for_another_vaults_desk_is_refused(house):
    """Two vaults of one chain, one holder, the same ids: each needs a signature of its own."""
    twin = House(house.kit)
    said, other = house.say(house.rent()), twin.say(twin.rent())
    with refused("PayoutDesk_NotSigned", house.holder):
        other.send(said.signed())
    assert twin.is_untouched(1)
    other.send()
    assert (twin.has(RECEIVER), house.has(RECEIVER)) == (3_000, 0)


def clone(kit: RevmKit, target: str) -> Deployed:
    """A minimal proxy (ERC-1167): the same code, and the same immutables, at another address."""
    head, tail = "3d602d80600a3d3981f3363d3d373d3d3d363d73", "5af43d82803e903d91602b57fd5bf3"
    receipt = kit.transact(kit.accounts[0], None, bytes.fromhex(head + target[2:] + tail))
    return kit.at("PayoutDesk", receipt.address)


@pytest.mark.attack("G")
def test_a_clone_of_the_desk_has_a_domain_of_its_own_and_no_power(house):
    """What was signed for the desk is nothing to its clone, nor the other way."""
    twin = clone(house.kit, house.desk.address)
    said = house.say(house.rent())
    assert twin.call("vault") == house.vault.address
    assert twin.call("eip712Domain")[4] == twin.address
    with refused("PayoutDesk_NotSigned", house.holder):
        said.but(desk=twin).send(said.signed())
    with refused("PayoutDesk_NotSigned", house.holder):
        said.send(said.but(desk=twin).signed())
    with refused("DividendVault_NotClaimant", twin.address, house.holder):
        said.but(desk=twin).send()
    assert house.is_untouched(1)


@pytest.mark.attack("G")
def test_a_desk_that_somebody_else_made_has_no_power(house):
    """A contract that the vault did not make moves nothing, whoever signs."""
    other = house.kit.deploy("Puppet")
    call = house.kit.codec.call("DividendVault", "claimTo", [house.rent()], house.holder, RECEIVER)
    with refused("DividendVault_NotClaimant", other.address, house.holder):
        other.send("say", house.vault.address, call)


@pytest.mark.attack("G")
def test_on_a_fork_the_old_signature_is_worth_nothing(artifacts):
    """The chain's id changes under a deployed desk: its domain follows, cached or not."""
    with Anvil() as node, AnvilKit(node, artifacts) as kit:
        owner, first = kit.accounts[:2]
        token = kit.deploy("ShareToken", ("Harbour Street 12", "HARB", 0, owner, ZERO, ZERO))
        vault, dollar = kit.deploy("DividendVault"), kit.deploy("Dollar", "D", "D", 6)
        desk = kit.at("PayoutDesk", vault.call("desk"))
        token.send("mint", HOLDER.address, 10)
        kit.next_block_at(RevmKit.START)
        token.send("scheduleRecord", RevmKit.START)
        kit.next_block_at(RevmKit.START + 1)
        dollar.send("mint", owner, 1_000)
        dollar.send("approve", vault.address, 1_000)
        terms = (0, 0, 0, ZERO, ZERO, b"\0" * 32, [])
        vault.send("declare", token.address, 1, dollar.address, 1_000, terms)
        said = Instruction(desk, HOLDER.address, HOLDER.address, [1], RECEIVER)
        here = said.but(domain={"chainId": 31_337})
        assert desk.call("digestOf", said.encodable()) == here.signable()

        kit.rpc("anvil_setChainId", 31_338)
        # Anvil's own accounts sign for the old chain.
        kit.impersonate(first)
        there = said.but(domain={"chainId": 31_338})
        assert desk.call("eip712Domain")[3] == 31_338
        assert desk.call("digestOf", said.encodable()) == there.signable()
        with refused("PayoutDesk_NotSigned", HOLDER.address):
            here.send(sender=first)
        there.send(sender=first)
        assert dollar.call("balanceOf", RECEIVER) == 1_000


# --------------------------------------------------------------- wallet contracts


def test_a_wallet_contract_signs_by_erc1271(kit):
    """What the wallet says it has signed is carried out, whatever bytes come with it."""
    wallet = kit.deploy("ContractWallet")
    house = House(kit, wallet.address)
    said = house.say(house.rent())
    wallet.send("sign", said.digest(), True)
    said.send(b"whatever")
    assert house.has(RECEIVER) == 3_000
    with refused("PayoutDesk_NonceSpent", wallet.address, 0):
        said.send(b"something else")


@pytest.mark.attack("G")
def test_a_wallet_contract_is_asked_when_the_instruction_is_carried_out(kit):
    """Neither a refusal nor a change of mind leaves an instruction behind."""
    wallet = kit.deploy("ContractWallet")
    house = House(kit, wallet.address)
    said = house.say(house.rent())
    with refused("PayoutDesk_NotSigned", wallet.address):
        said.send()
    wallet.send("sign", said.digest(), True)
    wallet.send("sign", said.digest(), False)
    with refused("PayoutDesk_NotSigned", wallet.address):
        said.send()
    assert house.is_untouched(1)
    wallet.send("sign", said.digest(), True)
    said.send()
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_a_wallet_contract_cannot_sign_for_another(house):
    """A wallet that signed this very digest lends its word to no other claimant."""
    wallet = house.kit.deploy("ContractWallet")
    said = house.say(house.rent())
    wallet.send("sign", said.digest(), True)
    with refused("PayoutDesk_NotSigned", house.holder):
        said.send(b"")
    own = said.but(claimant=wallet.address)
    wallet.send("sign", own.digest(), True)
    with refused("PayoutDesk_NotClaimant", 1, wallet.address, house.holder):
        own.send(b"")
    assert house.is_untouched(1)


@pytest.mark.attack("G")
def test_one_key_of_two_wallet_contracts_signs_for_each_by_itself(kit):
    """Wallets that take any digest of their key's cannot be played against each other."""
    first, second = (kit.deploy("KeyWallet", HOLDER.address) for _ in range(2))
    house = House(kit, first.address)
    said = house.say(house.rent())
    house.recover(first.address, second.address)
    with refused("PayoutDesk_NotClaimant", 1, first.address, second.address):
        said.send()
    moved = said.but(claimant=second.address)
    with refused("PayoutDesk_NotSigned", second.address):
        moved.send(said.signed())
    moved.send()
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
@pytest.mark.parametrize("name", ["Dollar", "ShareToken", "GasBurningReceiver"])
def test_a_contract_that_does_not_know_erc1271_signs_nothing(kit, name):
    """A contract without the function, or one that burns the gas, is no signer."""
    harness = Harness(kit)
    holder = {"Dollar": harness.dollar, "ShareToken": harness.token}.get(name) or kit.deploy(name)
    house = House(kit, holder.address)
    with refused("PayoutDesk_NotSigned", holder.address):
        house.say(house.rent()).send()


# ------------------------------------------------------------ recovery and freeze


@pytest.mark.attack("C3")
def test_after_a_recovery_only_the_successor_signs(house):
    """What the lost wallet signed is dead; its income goes where the successor says (Law 13)."""
    number = house.rent()
    stolen = house.say(number, receiver=OTHER.address)
    house.recover(house.holder, SUCCESSOR.address)
    with refused("PayoutDesk_NotClaimant", number, house.holder, SUCCESSOR.address):
        stolen.send()
    with refused("PayoutDesk_NotSigned", SUCCESSOR.address):
        stolen.but(claimant=SUCCESSOR.address).send()
    mine = house.say(number, claimant=SUCCESSOR.address)
    mine.send(mine.signed(SUCCESSOR))
    assert (house.has(RECEIVER), house.has(OTHER.address)) == (3_000, 0)
    assert house.is_spent(0, SUCCESSOR.address)
    assert not house.is_spent(0)


@pytest.mark.attack("C3")
def test_a_successor_cannot_sign_before_it_is_one(house):
    """What it signed in advance becomes good with the recovery, and not earlier."""
    said = house.say(house.rent(), claimant=SUCCESSOR.address)
    signature = said.signed(SUCCESSOR)
    with refused("PayoutDesk_NotClaimant", 1, SUCCESSOR.address, house.holder):
        said.send(signature)
    house.recover(house.holder, SUCCESSOR.address)
    said.send(signature)
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("F1")
def test_income_of_a_frozen_holder_waits_whatever_it_has_signed(house):
    """Frozen between signing and carrying out: refused; released: the same bytes are good."""
    said = house.say(house.rent())
    signature = said.signed()
    house.freeze(house.holder)
    with refused("PayoutDesk_NotClaimant", 1, house.holder, ZERO):
        said.send(signature)
    assert house.is_untouched(1)
    house.freeze(house.holder, False)
    said.send(signature)
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_every_token_is_asked_who_is_to_be_paid(house):
    """A token that names a thief has its own income to give away, and no other's."""
    liar = house.kit.deploy("RecoveringToken")
    liar.send("setTime", 1, house.record - 1)
    liar.send("setSupply", 1, 10)
    liar.send("setShares", house.holder, 1, 10)
    liar.send("setSuccessor", house.holder, OTHER.address)
    honest, lying = house.rent(), house.harness.declare(1, 500, token=liar)
    for ids in ([lying, honest], [honest, lying], [honest], [lying, honest, lying]):
        said = house.say(*ids, claimant=OTHER.address, receiver=OTHER.address)
        with refused("PayoutDesk_NotClaimant", honest, OTHER.address, house.holder):
            said.send(said.signed(OTHER))
    with refused("PayoutDesk_NotClaimant", lying, house.holder, OTHER.address):
        house.say(honest, lying).send()
    own = house.say(lying, claimant=OTHER.address, receiver=OTHER.address)
    own.send(own.signed(OTHER))
    assert house.has(OTHER.address) == 500
    assert house.is_untouched(honest)


# ------------------------------------------------------------------ paid before


@pytest.mark.attack("A13")
def test_what_was_claimed_before_has_gone_to_the_ordinary_payee(house):
    """Anyone may claim in the ordinary way first; the instruction pays what is left (Law 4)."""
    first, second = house.rent(), house.rent(50_000)
    said = house.say(first, second)
    house.harness.claim(house.holder, first)
    assert house.desk.call("carryOut", said.encodable(), said.signed()) == 1
    said.send()
    assert (house.has(house.holder), house.has(RECEIVER)) == (3_000, 15_000)


@pytest.mark.attack("A13")
def test_an_instruction_with_nothing_left_to_pay_is_refused(house):
    """Claimed before, without shares, or about nothing at all: its nonce stays unspent."""
    number = house.rent()
    house.harness.claim(house.holder, number)
    nobody = house.say(house.rent(), holder=OTHER.address, claimant=OTHER.address)
    with refused("PayoutDesk_NothingToPay", OTHER.address):
        nobody.send(nobody.signed(OTHER))
    for said in (house.say(number), house.say(), house.say(number, hook=house.hook().address)):
        with refused("PayoutDesk_NothingToPay", house.holder):
            said.send()
    assert not house.is_spent(0)
    assert house.has(house.holder) == 3_000


def test_a_distribution_named_twice_is_paid_once(house):
    """The second time it is paid before (Law 4)."""
    number = house.rent()
    said = house.say(number, number)
    assert house.desk.call("carryOut", said.encodable(), said.signed()) == 1
    said.send()
    assert house.has(RECEIVER) == 3_000


# -------------------------------------------------------------------- reinvesting


def told(hook: Deployed) -> tuple[Any, ...]:
    """What a hook was told last, and how often it was told."""
    parts = ("toldReceiver", "toldCurrency", "toldAmount", "toldData", "timesTold")
    return tuple(hook.call(part) for part in parts)


def test_a_hook_gets_the_exact_net_and_is_told_of_it(house):
    """Tax withheld, two distributions in one transfer, the signed data word for word."""
    policy = house.kit.deploy("FlatTax", 1_000, house.harness.collector)
    ids = [house.rent(tax_policy=policy.address), house.rent(7)]
    hook = house.hook()
    house.dollar.send("mint", hook.address, 11)
    receipt = house.say(*ids, hook=hook.address, data=b"as signed").send()
    net = 2_700 + 2
    assert told(hook) == (RECEIVER, house.dollar.address, net, b"as signed", 1)
    assert receipt.named("Reinvested") == [
        {
            "hook": hook.address, "receiver": RECEIVER, "currency": house.dollar.address,
            "amount": net,
        }
    ]  # fmt: skip
    assert receipt.named("CarriedOut")[0]["hook"] == hook.address
    purses = [house.has(a) for a in (hook.address, house.desk.address, RECEIVER, house.holder)]
    assert purses == [11 + net, 0, 0, 0]


def test_a_hook_gets_the_native_coin(house):
    """What it held before is not counted."""
    hook, number = house.hook(), house.coins()
    house.kit.evm.set_balance(hook.address, 5 * COIN)
    house.say(number, hook=hook.address).send()
    assert told(hook) == (RECEIVER, ZERO, 3 * COIN, b"", 1)
    assert house.kit.balance(hook.address) == 8 * COIN
    assert house.kit.balance(house.desk.address) == 0


@pytest.mark.attack("D")
@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 9_999))
def test_of_a_currency_with_a_fee_a_hook_is_told_what_arrived(codec, amount, before, fee):
    """Whatever the fee, the hook is told what its balance grew by, and the fee is taken once."""
    house = House(RevmKit(codec))
    currency, hook = house.kit.deploy("FeeOnTransfer"), house.hook()
    number = house.rent(amount, currency=currency)
    currency.send("mint", hook.address, before)
    currency.send("setFee", fee)
    net = amount * 3_000 // 10_000
    arrives = net - net * fee // 10_000
    said = house.say(number, hook=hook.address)
    if arrives == 0:
        with refused("PayoutDesk_NothingToPay", house.holder):
            said.send()
        return
    said.send()
    assert told(hook) == (RECEIVER, currency.address, arrives, b"", 1)
    assert house.has(hook.address, currency) == before + arrives
    assert house.has(house.desk.address, currency) == 0


def test_income_in_two_currencies_is_not_reinvested_as_one(house):
    """A hook is told of one amount, so it is of one currency; two instructions do the same."""
    dollars, coins = house.rent(), house.coins()
    hook = house.hook()
    with refused("PayoutDesk_TwoCurrencies", coins, ZERO, house.dollar.address):
        house.say(dollars, dollars, coins, hook=hook.address).send()
    assert house.is_untouched(dollars, coins)
    house.say(dollars, hook=hook.address).send()
    house.say(coins, hook=hook.address, nonce=1).send()
    assert told(hook) == (RECEIVER, ZERO, 3 * COIN, b"", 2)


def test_data_that_no_hook_reads_is_refused(house):
    """Who signs it expects something of it."""
    with refused("PayoutDesk_DataUnread", 3):
        house.say(house.rent(), data=b"\0\1\2").send()


@pytest.mark.attack("G")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("mood", [DENYING, SPEECHLESS, STAMMERING, BURNING, BOMBING_AS_REASON])
def test_a_hook_that_does_not_confirm_undoes_everything(house, native, mood):
    """No word, half a word, the wrong word, all gas burnt, a megabyte of reason: still owed."""
    hook = house.hook(mood)
    number = house.coins() if native else house.rent()
    with refused("PayoutDesk_NotReinvested", hook.address):
        house.say(number, hook=hook.address).send()
    assert house.is_untouched(number)
    assert told(hook)[-1] == 0
    assert (house.has(hook.address), house.kit.balance(hook.address)) == (0, 0)
    house.harness.claim(house.holder, number)
    assert (house.has(house.holder), house.kit.balance(house.holder)) in ((3_000, 0), (0, 3 * COIN))


@pytest.mark.attack("G")
def test_a_hooks_reason_is_passed_on(house):
    """The signer learns why; the holder is owed as before."""
    hook, number = house.hook(REVERTING), house.rent()
    with refused("WilfulHook_Reverted", 3_000):
        house.say(number, hook=hook.address).send()
    assert house.is_untouched(number)


@pytest.mark.attack("G")
def test_a_hook_that_answers_with_a_megabyte_costs_no_more_for_it(house):
    """The answer is right, so it counts; only its first word is read."""
    hook = house.hook()
    first, second, third = house.rent(), house.rent(), house.rent()
    house.say(first, hook=hook.address).send()
    plain = house.say(second, hook=hook.address, nonce=1).send().gas
    hook.send("setMood", BOMBING)
    bombed = house.say(third, hook=hook.address, nonce=2).send().gas
    # What the hook spends on making it; copying it would cost as much again.
    making = 3 * 31_250 + 31_250**2 // 512
    assert making * 9 // 10 < bombed - plain < making * 3 // 2
    assert told(hook)[-1] == 3


@pytest.mark.attack("G")
def test_an_address_without_code_is_no_hook(house):
    """Nobody is there to confirm; the money stays."""
    for number in (house.rent(), house.coins()):
        with refused("PayoutDesk_NotReinvested", person(1)):
            house.say(number, hook=person(1)).send()
        assert house.is_untouched(number)


@pytest.mark.attack("G")
def test_a_hook_through_which_the_coins_run_has_nothing_to_tell_of(house):
    """What has left before it is told is not counted: refused, and so never left."""
    hook, number = house.hook(), house.coins()
    hook.send("setDrain", person(3))
    with refused("PayoutDesk_NothingToPay", house.holder):
        house.say(number, hook=hook.address).send()
    assert house.kit.balance(person(3)) == 0
    assert house.is_untouched(number)


@pytest.mark.attack("G")
def test_a_hook_that_keeps_the_money_keeps_its_signers_only(house):
    """The holder chose it, as it might any receiver; nobody else's income is touched (Law 8)."""
    hook, number = house.hook(), house.rent()
    house.say(number, hook=hook.address).send()
    assert house.has(hook.address) == 3_000
    assert house.vault.call("claimable", number, house.harness.ann) == 7_000
    assert house.harness.figures(number)["owed"] == 7_000


@pytest.mark.attack("E3")
def test_a_hook_cannot_come_back_to_the_desk(house):
    """While one instruction is carried out no other is, not even a good one; afterwards it is."""
    hook, first, second = house.hook(), house.rent(), house.rent()
    other = house.say(second, nonce=1)
    again = house.kit.codec.call("PayoutDesk", "carryOut", other.encodable(), other.signed())
    hook.send("prepare", house.desk.address, again)
    house.say(first, hook=hook.address).send()
    assert (hook.call("sprung"), hook.call("succeeded")) == (1, False)
    assert hook.call("answer").hex() == GUARDED
    assert house.is_untouched(second, nonce=1)
    other.send()
    assert house.has(RECEIVER) == 3_000


@pytest.mark.attack("E3")
def test_a_hook_that_comes_back_while_it_is_paid_finds_the_vault_closed(house):
    """In the middle of the payment in coins, neither desk nor vault can be used for another."""
    hook, first, second = house.hook(), house.coins(), house.coins()
    other = house.say(second, hook=hook.address, nonce=1)
    doors = {
        house.desk: ("carryOut", other.encodable(), other.signed()),
        house.vault: ("claim", [second], house.holder),
    }
    for door, call in doors.items():
        before = house.kit.evm.snapshot()
        hook.send("prepare", door.address, house.kit.codec.call(door.name, *call))
        house.say(first, hook=hook.address).send()
        # Once while it is paid, once when it is told; by then the vault is open again.
        assert hook.call("sprung") == 2
        assert hook.call("toldAmount") == 3 * COIN
        assert house.vault.call("isClaimed", second, house.holder) is (door is house.vault)
        house.kit.evm.revert(before)


@pytest.mark.attack("E3")
def test_a_hook_that_is_told_may_use_the_vault(house):
    """By then the money has been counted: an ordinary claim for the holder pays the holder."""
    hook, first, second = house.hook(), house.rent(), house.rent()
    call = house.kit.codec.call("DividendVault", "claim", [second], house.holder)
    hook.send("prepare", house.vault.address, call)
    house.say(first, hook=hook.address).send()
    assert hook.call("succeeded") is True
    assert (house.has(hook.address), house.has(house.holder)) == (3_000, 3_000)
    assert hook.call("toldAmount") == 3_000


@pytest.mark.attack("E3")
def test_a_currency_that_comes_back_gets_nowhere(house):
    """In the middle of its transfer neither another instruction nor the same is carried out."""
    currency, hook = house.kit.deploy("Reentrant"), house.hook()
    number, other = house.rent(currency=currency), house.rent()
    said = house.say(number, hook=hook.address)
    for inner in (said, house.say(other, nonce=1)):
        before = house.kit.evm.snapshot()
        call = house.kit.codec.call("PayoutDesk", "carryOut", inner.encodable(), inner.signed())
        currency.send("prepare", house.desk.address, call)
        said.send()
        assert currency.call("succeeded") is False
        assert currency.call("answer").hex() == GUARDED
        assert told(hook) == (RECEIVER, currency.address, 3_000, b"", 1)
        house.kit.evm.revert(before)


@pytest.mark.attack("E3")
def test_the_desks_views_are_honest_in_the_middle(house):
    """A hook that asks is told that the nonce is spent."""
    hook = house.hook()
    ask = house.kit.codec.call("PayoutDesk", "isSpent", house.holder, 0)
    hook.send("prepare", house.desk.address, ask)
    house.say(house.rent(), hook=hook.address).send()
    assert int.from_bytes(hook.call("answer"), "big") == 1


# --------------------------------------------------------------------- any history

KEYS = (HOLDER, OTHER, SUCCESSOR)
SHARES = (3_000, 1, 6_999)
AMOUNTS = (10_003, 7, 999_999)

steps = st.one_of(
    st.tuples(st.just("claim"), st.integers(0, 2), st.lists(st.integers(0, 2), max_size=3)),
    st.tuples(st.just("cancel"), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(
        st.just("carry"), st.integers(0, 2), st.lists(st.integers(0, 2), max_size=3),
        st.integers(0, 3), st.integers(0, 2), st.integers(0, 2),
    ),
)  # fmt: skip


class Model:
    """Who has been paid what, and which nonces are spent, by plain bookkeeping."""

    def __init__(self) -> None:
        self.paid: set[tuple[int, int]] = set()
        self.spent: set[tuple[int, int]] = set()
        self.purses: dict[str, int] = {}

    def pay(self, who: int, places: list[int], to: str) -> int:
        """Settle what has not been settled; how many were."""
        fresh = {(who, place) for place in places} - self.paid
        self.paid |= fresh
        due = sum(AMOUNTS[place] * SHARES[who] // sum(SHARES) for _, place in fresh)
        self.purses[to] = self.purses.get(to, 0) + due
        return len(fresh)

    def refusal(self, who: int, places: list[int], nonce: int, signer: int) -> str | None:
        """Why an instruction is not carried out."""
        if signer != who:
            return "PayoutDesk_NotSigned"
        if (who, nonce) in self.spent:
            return "PayoutDesk_NonceSpent"
        if {(who, place) for place in places} <= self.paid:
            return "PayoutDesk_NothingToPay"
        return None


@given(st.lists(steps, max_size=12))
def test_any_history_of_claims_and_instructions_pays_everyone_once(codec, history):
    """Nobody is paid twice by any path or order, and all of it goes where it was due or signed for
    (Laws 3, 4 and 8, 18).
    """
    kit = RevmKit(codec)
    harness, model = Harness(kit), Model()
    desk = desk_of(harness)
    people = [key.address for key in KEYS]
    harness.issue(dict(zip(people, SHARES, strict=True)))
    record = harness.close()
    ids = [harness.declare(record, amount) for amount in AMOUNTS]
    receivers = [person(i) for i in range(3)]
    for what, who, *rest in history:
        if what == "claim":
            harness.claim(people[who], *(ids[place] for place in rest[0]))
            model.pay(who, rest[0], people[who])
        elif what == "cancel":
            if (who, rest[0]) in model.spent:
                with refused("PayoutDesk_NonceSpent", people[who], rest[0]):
                    desk.send("cancel", rest[0], sender=people[who])
                continue
            desk.send("cancel", rest[0], sender=people[who])
            model.spent.add((who, rest[0]))
        else:
            places, nonce, to, lie = rest
            # One in three is signed by another than it should be.
            signer = (who + 1) % 3 if lie == 0 else who
            said = Instruction(
                desk, people[who], people[who], [ids[p] for p in places], receivers[to], nonce=nonce
            )  # fmt: skip
            why = model.refusal(who, places, nonce, signer)
            if why is not None:
                values = (people[who], nonce) if why == "PayoutDesk_NonceSpent" else (people[who],)
                with refused(why, *values):
                    said.send(said.signed(KEYS[signer]))
                continue
            said.send(said.signed(KEYS[signer]))
            model.pay(who, places, receivers[to])
            model.spent.add((who, nonce))
        for account in (*people, *receivers):
            assert harness.dollar.call("balanceOf", account) == model.purses.get(account, 0)
    for who, address in enumerate(people):
        for nonce in range(4):
            assert desk.call("isSpent", address, nonce) is ((who, nonce) in model.spent)
        for place, number in enumerate(ids):
            assert harness.vault.call("isClaimed", number, address) is ((who, place) in model.paid)
    left = sum(AMOUNTS) - sum(model.purses.values())
    assert harness.dollar.call("balanceOf", harness.vault.address) == left
