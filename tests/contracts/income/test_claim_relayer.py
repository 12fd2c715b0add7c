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
    PaymentInstruction,
    desk_of,
)
from tests.contracts.token.test_roles import changing

COIN = 10**18
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()
TAKING, DENYING, SPEECHLESS, STAMMERING, REVERTING, BURNING, BOMBING, BOMBING_AS_REASON = range(8)
RECEIVER = person(7)


class Building:
    """A building of 10,000 shares, of which the holder of a key has 3,000, and its vault's desk."""

    def __init__(self, kit: RevmKit, holder: str = HOLDER.address) -> None:
        self.harness = Harness(kit)
        self.kit = kit
        self.vault, self.dollar = self.harness.vault, self.harness.dollar
        self.desk = desk_of(self.harness)
        self.holder = holder
        self.harness.issue({holder: 3_000, self.harness.ann: 7_000})
        self.record = self.harness.close()

    def rent(self, amount: int = 10_000, **terms: Any) -> int:
        """A distribution in dollars; the holder's net is 30 % of it."""
        return self.harness.declare(self.record, amount, **terms)

    def coins(self, amount: int = 10 * COIN) -> int:
        """A distribution of the native coin."""
        return self.harness.declare_native(self.record, amount)

    def instruct(self, *ids: int, **fields: Any) -> PaymentInstruction:
        """The holder signs: pay me at another wallet."""
        plain = PaymentInstruction(self.desk, self.holder, self.holder, ids, RECEIVER)
        return plain.but(**fields)

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
def building(kit) -> Building:
    """A record of this building, closed; nothing declared yet."""
    return Building(kit)


@pytest.fixture(scope="module")
def signing(codec) -> PaymentInstruction:
    """An instruction that nobody carries out."""
    building = Building(RevmKit(codec))
    return building.instruct(building.rent())


# -------------------------------------------------------------- what is signed


def test_the_vault_has_made_its_desk(building):
    """One desk, by the vault alone, which it can be asked for; anyone else's obeys no vault."""
    assert building.desk.call("vault") == building.vault.address
    assert building.vault.call("relayer") == building.desk.address
    own = building.kit.deploy("ClaimRelayer", sender=building.harness.stranger)
    assert own.call("vault") == building.harness.stranger


@pytest.mark.attack("F6")
def test_the_desk_has_no_roles(building):
    """Two functions change state: one asks for a signature, the other is about the caller's own."""
    assert changing(building.kit, "ClaimRelayer") == {"cancel(uint256)", "execute(tuple,bytes)"}


def test_the_desks_domain_is_told_as_erc5267_wants_it(building):
    """Name, version, chain and contract, no salt, no extension."""
    assert building.desk.call("eip712Domain") == (
        b"\x0f", "prorata ClaimRelayer", "1", 1, building.desk.address, b"\0" * 32, ()
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
    instruction = signing.but(**fields)
    digest = signing.desk.call("digestOf", instruction.encodable())
    assert digest == instruction.signable() == instruction.digest()


# ---------------------------------------------------------------- a claim to X


def test_a_signed_claim_pays_the_receiver_it_names(building):
    """Brought by a stranger, paid where the holder said, told in one event."""
    instruction = building.instruct(building.rent())
    assert building.desk.call("execute", instruction.encodable(), instruction.signed()) == 1
    receipt = instruction.send(sender=building.harness.stranger)
    assert receipt.named("Executed") == [
        {
            "claimant": building.holder, "nonce": 0, "holder": building.holder,
            "receiver": RECEIVER, "hook": ZERO,
        }
    ]  # fmt: skip
    assert receipt.named("Claimed") == [
        {"id": 1, "holder": building.holder, "payee": RECEIVER, "gross": 3_000, "tax": 0}
    ]
    assert (building.has(RECEIVER), building.has(building.holder)) == (3_000, 0)
    assert building.is_spent(0)


def test_a_signed_claim_takes_any_number_of_currencies(building):
    """Dollars and coins in one instruction, to one receiver; a payee set before stays unpaid."""
    ids = [building.rent(), building.coins(), building.rent(5)]
    building.vault.send("setPayee", person(8), sender=building.holder)
    instruction = building.instruct(*ids)
    assert building.desk.call("execute", instruction.encodable(), instruction.signed()) == 3
    instruction.send()
    assert (building.has(RECEIVER), building.kit.balance(RECEIVER)) == (3_001, 3 * COIN)
    assert (building.has(person(8)), building.kit.balance(person(8))) == (0, 0)


def test_a_signed_claim_takes_distributions_of_any_number_of_tokens(building):
    """Two buildings of one holder, if both would have it paid."""
    other = Building(building.kit)
    other.harness.vault = building.vault
    first, second = building.rent(), other.rent(20_000, currency=building.dollar)
    building.instruct(first, second, first).send()
    assert building.has(RECEIVER) == 9_000


def test_tax_is_withheld_from_what_the_receiver_gets(building):
    """An instruction changes who is paid, not what is due."""
    policy = building.kit.deploy("FlatTax", 1_000, building.harness.collector)
    building.instruct(building.rent(tax_policy=policy.address)).send()
    assert building.has(RECEIVER) == 2_700
    assert building.harness.figures(1)["withheld"] == 300


@pytest.mark.attack("G")
@pytest.mark.parametrize("to", ["zero", "vault", "desk"])
def test_money_that_would_be_lost_is_refused(building, to):
    """Neither the zero address nor vault or desk is a receiver, or a hook's."""
    lost = {"zero": ZERO, "vault": building.vault.address, "desk": building.desk.address}[to]
    number, hook = building.rent(), building.hook().address
    for instruction in (
        building.instruct(number, receiver=lost),
        building.instruct(number, receiver=lost, hook=hook),
    ):
        with refused("ClaimRelayer_InvalidReceiver", lost):
            instruction.send()
    if to != "zero":
        with refused("ClaimRelayer_InvalidReceiver", lost):
            building.instruct(number, hook=lost).send()
    assert building.is_untouched(number)


def test_a_receiver_that_refuses_leaves_the_claim(building):
    """The vault's refusal is passed on; the holder can say otherwise with the same nonce."""
    wall = building.kit.deploy("RejectingReceiver")
    number = building.coins()
    with refused("DividendVault_PaymentFailed", ZERO, wall.address, 3 * COIN):
        building.instruct(number, receiver=wall.address).send()
    assert building.is_untouched(number)
    building.instruct(number).send()
    assert building.kit.balance(RECEIVER) == 3 * COIN


def test_what_the_vault_refuses_is_passed_on(building):
    """Unknown, not payable yet, past its deadline: as in any claim, and nothing is spent."""
    now = building.kit.now
    early = building.rent(payable_from=now + 10)
    late = building.rent(deadline=now + 5, sweep_to=building.harness.issuer)
    with refused("DividendVault_UnknownDistribution", 3):
        building.instruct(3).send()
    with refused("DividendVault_NotPayableYet", early, now + 10, now):
        building.instruct(early).send()
    building.kit.now = now + 6
    with refused("DividendVault_Expired", late, now + 5, now + 6):
        building.instruct(late).send()
    assert building.is_untouched(early, late)


def test_only_the_claimant_and_the_desk_choose_where_money_goes(building):
    """The vault lets nobody else claim to a receiver: not a stranger, an agent, or another desk."""
    harness, number = building.harness, building.rent()
    for caller in (harness.stranger, harness.agent, harness.owner, OTHER.address):
        with refused("DividendVault_NotClaimant", caller, building.holder):
            building.vault.send(
                "claimTo", [number], *[building.holder] * 2, RECEIVER, sender=caller
            )
    with refused("DividendVault_NotClaimant", harness.ann, building.holder):
        building.vault.send(
            "claimTo", [number], building.holder, *[harness.ann] * 2, sender=harness.ann
        )
    building.vault.send("claimTo", [number], *[harness.ann] * 2, RECEIVER, sender=harness.ann)
    assert building.has(RECEIVER) == 7_000
    assert building.is_untouched(number)


# ------------------------------------------------------------- time and nonces


@pytest.mark.attack("G")
def test_an_instruction_holds_until_the_end_of_its_last_second(building):
    """In that second it is good, one second later it is not."""
    first, second = building.rent(), building.rent()
    until = building.kit.now + 60
    building.kit.now = until
    building.instruct(first, valid_until=until).send()
    building.kit.now = until + 1
    with refused("ClaimRelayer_Expired", until, until + 1):
        building.instruct(second, nonce=1, valid_until=until).send()
    assert building.is_untouched(second, nonce=1)


@pytest.mark.attack("G")
def test_an_instruction_is_carried_out_once(building):
    """The nonce is spent, for this and for every other instruction that has it. (Law 18)"""
    number, other = building.rent(), building.rent()
    instruction = building.instruct(number)
    instruction.send()
    for again in (instruction, building.instruct(other), building.instruct(number, other)):
        with refused("ClaimRelayer_NonceSpent", building.holder, 0):
            again.send()
    assert (building.has(RECEIVER), building.has(building.holder)) == (3_000, 0)


@pytest.mark.attack("G")
def test_nonces_are_used_in_any_order_and_with_any_gaps(building):
    """One instruction that has to wait stands in the way of no other."""
    for nonce in (5, 0, 2**256 - 1, 255, 256, 4, 1 << 255):
        building.instruct(building.rent(), nonce=nonce).send()
        assert building.is_spent(nonce)
    assert not any(building.is_spent(free) for free in (1, 2, 3, 6, 254, 257, 2**256 - 2))
    assert building.has(RECEIVER) == 7 * 3_000


@pytest.mark.attack("G")
def test_a_nonce_is_its_claimants_own(building):
    """What one has spent or cancelled, another has not."""
    building.desk.send("cancel", 0, sender=building.harness.stranger)
    assert building.is_spent(0, building.harness.stranger)
    building.instruct(building.rent()).send()
    assert not building.is_spent(0, OTHER.address)


@pytest.mark.attack("G")
def test_a_cancelled_instruction_is_never_carried_out(building):
    """By the claimant alone, before it is brought; the next nonce is as good as before."""
    instruction = building.instruct(building.rent())
    receipt = building.desk.send("cancel", 0, sender=building.holder)
    assert receipt.events == (("Cancelled", {"claimant": building.holder, "nonce": 0}),)
    with refused("ClaimRelayer_NonceSpent", building.holder, 0):
        instruction.send()
    instruction.but(nonce=1).send()
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_a_nonce_is_not_cancelled_when_it_is_too_late(building):
    """Who cancels what has been carried out, or cancelled, is told so."""
    building.instruct(building.rent()).send()
    building.desk.send("cancel", 1, sender=building.holder)
    for nonce in (0, 1):
        with refused("ClaimRelayer_NonceSpent", building.holder, nonce):
            building.desk.send("cancel", nonce, sender=building.holder)


# ---------------------------------------------------------------------- keys


@pytest.mark.attack("G")
def test_somebody_elses_signature_is_refused(building):
    """Whoever signs for another's income gets nothing of it."""
    instruction = building.instruct(building.rent(), receiver=OTHER.address)
    with refused("ClaimRelayer_NotSigned", building.holder):
        instruction.send(instruction.signed(OTHER))
    assert building.is_untouched(1)


@pytest.mark.attack("G")
def test_whoever_is_not_to_be_paid_signs_in_vain(building):
    """A claimant who signs well, and is not the holder's, is told who is."""
    instruction = building.instruct(building.rent(), claimant=OTHER.address)
    with refused("DividendVault_NotClaimant", OTHER.address, building.holder):
        instruction.send(instruction.signed(OTHER))
    assert building.is_untouched(1)


@pytest.mark.attack("G")
@given(instructions, st.data())
def test_no_word_of_an_instruction_can_be_changed(signing, fields, data):
    """Any other value in any one field is another instruction, which nobody has signed."""
    instruction = signing.but(hook=person(1), data=b"\1")
    name = data.draw(st.sampled_from(sorted(fields)))
    changed = instruction.but(**{name: fields[name]})
    assume(changed != instruction and ZERO not in {changed.receiver, changed.hook})
    assume(changed.valid_until >= instruction.valid_until)
    with refused("ClaimRelayer_NotSigned", changed.claimant):
        changed.send(instruction.signed())


@pytest.mark.attack("G")
@given(position=st.integers(0, 64), flip=st.integers(1, 255))
def test_no_byte_of_a_signature_can_be_changed(signing, position, flip):
    """There is one signature to an instruction, not many."""
    signature = bytearray(signing.signed())
    signature[position] ^= flip
    with refused("ClaimRelayer_NotSigned", HOLDER.address):
        signing.send(bytes(signature))


@pytest.mark.attack("G")
def test_other_forms_of_a_signature_are_refused(building):
    """High s, compact (ERC-2098), strange v, cut, lengthened, empty."""
    instruction = building.instruct(building.rent())
    signature = instruction.signed()
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    compact = r + (s | (v - 27) << 255).to_bytes(32, "big")
    high = r + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    strange = [signature[:64] + bytes([v]) for v in (0, 1, 26, 29, 255)]
    for form in (compact, high, *strange, signature[:64], signature + b"\0", b"", bytes(65)):
        with refused("ClaimRelayer_NotSigned", building.holder):
            instruction.send(form)
    instruction.send(signature)
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_nobody_signs_for_the_zero_address(building):
    """Not even while income waits and the token names nobody to be paid."""
    number = building.rent()
    building.freeze(building.holder)
    instruction = building.instruct(number, claimant=ZERO)
    for signature in (bytes(65), bytes(64) + b"\x1b", b"", instruction.signed()):
        with refused("ClaimRelayer_NotSigned", ZERO):
            instruction.send(signature)
    assert building.is_untouched(number)


@pytest.mark.attack("G")
def test_an_instruction_brought_ahead_by_another_is_harmless(building):
    """Whoever copies it from the mempool does what was signed, and pays for it."""
    instruction = building.instruct(building.rent())
    instruction.send(sender=building.harness.stranger)
    assert building.has(RECEIVER) == 3_000
    with refused("ClaimRelayer_NonceSpent", building.holder, 0):
        instruction.send(sender=building.harness.ben)
    assert building.has(RECEIVER) == 3_000


# -------------------------------------------------- chains, clones, other desks


@pytest.mark.attack("G")
@pytest.mark.parametrize(
    "domain",
    [{"chainId": 2}, {"name": "ClaimRelayer"}, {"version": "2"}, {"verifyingContract": ZERO}],
)
def test_an_instruction_for_another_domain_is_refused(building, domain):
    """Another chain, name, version or contract is another signature."""
    instruction = building.instruct(building.rent())
    with refused("ClaimRelayer_NotSigned", building.holder):
        instruction.send(instruction.but(domain=domain).signed())


@pytest.mark.attack("G")
def test_an_instruction_for_another_vaults_desk_is_refused(building):
    """Two vaults of one chain, one holder, the same ids: each needs a signature of its own."""
    another = Building(building.kit)
    instruction, other = building.instruct(building.rent()), another.instruct(another.rent())
    with refused("ClaimRelayer_NotSigned", building.holder):
        other.send(instruction.signed())
    assert another.is_untouched(1)
    other.send()
    assert (another.has(RECEIVER), building.has(RECEIVER)) == (3_000, 0)


def clone(kit: RevmKit, target: str) -> Deployed:
    """A minimal proxy (ERC-1167): the same code, and the same immutables, at another address."""
    head, tail = "3d602d80600a3d3981f3363d3d373d3d3d363d73", "5af43d82803e903d91602b57fd5bf3"
    receipt = kit.transact(kit.accounts[0], None, bytes.fromhex(head + target[2:] + tail))
    return kit.at("ClaimRelayer", receipt.address)


@pytest.mark.attack("G")
def test_a_clone_of_the_desk_has_a_domain_of_its_own_and_no_power(building):
    """What was signed for the desk is nothing to its clone, nor the other way."""
    another = clone(building.kit, building.desk.address)
    instruction = building.instruct(building.rent())
    assert another.call("vault") == building.vault.address
    assert another.call("eip712Domain")[4] == another.address
    with refused("ClaimRelayer_NotSigned", building.holder):
        instruction.but(desk=another).send(instruction.signed())
    with refused("ClaimRelayer_NotSigned", building.holder):
        instruction.send(instruction.but(desk=another).signed())
    with refused("DividendVault_NotClaimant", another.address, building.holder):
        instruction.but(desk=another).send()
    assert building.is_untouched(1)


@pytest.mark.attack("G")
def test_a_desk_that_somebody_else_made_has_no_power(building):
    """A contract that the vault did not make moves nothing, whoever signs."""
    other = building.kit.deploy("Puppet")
    call = building.kit.codec.call(
        "DividendVault", "claimTo", [building.rent()], *[building.holder] * 2, RECEIVER
    )
    with refused("DividendVault_NotClaimant", other.address, building.holder):
        other.send("say", building.vault.address, call)


@pytest.mark.attack("G")
def test_on_a_fork_the_old_signature_is_worth_nothing(artifacts):
    """The chain's id changes under a deployed desk: its domain follows, cached or not."""
    with Anvil() as node, AnvilKit(node, artifacts) as kit:
        owner, first = kit.accounts[:2]
        token = kit.deploy(
            "ShareToken", ("Harbour Street 12", "HARB", 0, owner, ZERO, ZERO, [owner])
        )
        vault, dollar = kit.deploy("DividendVault"), kit.deploy("Dollar", "D", "D", 6)
        desk = kit.at("ClaimRelayer", vault.call("relayer"))
        token.send("mint", HOLDER.address, 10)
        kit.next_block_at(RevmKit.START)
        token.send("scheduleRecord", RevmKit.START)
        kit.next_block_at(RevmKit.START + 1)
        dollar.send("mint", owner, 1_000)
        dollar.send("approve", vault.address, 1_000)
        terms = (0, 0, 0, ZERO, ZERO, b"\0" * 32, [])
        vault.send("declare", token.address, 1, dollar.address, 1_000, terms)
        instruction = PaymentInstruction(desk, HOLDER.address, HOLDER.address, [1], RECEIVER)
        here = instruction.but(domain={"chainId": 31_337})
        assert desk.call("digestOf", instruction.encodable()) == here.signable()

        kit.rpc("anvil_setChainId", 31_338)
        # Anvil's own accounts sign for the old chain.
        kit.impersonate(first)
        there = instruction.but(domain={"chainId": 31_338})
        assert desk.call("eip712Domain")[3] == 31_338
        assert desk.call("digestOf", instruction.encodable()) == there.signable()
        with refused("ClaimRelayer_NotSigned", HOLDER.address):
            here.send(sender=first)
        there.send(sender=first)
        assert dollar.call("balanceOf", RECEIVER) == 1_000


# --------------------------------------------------------------- wallet contracts


def test_a_wallet_contract_signs_by_erc1271(kit):
    """What the wallet says it has signed is carried out, whatever bytes come with it."""
    wallet = kit.deploy("ContractWallet")
    building = Building(kit, wallet.address)
    instruction = building.instruct(building.rent())
    wallet.send("sign", instruction.digest(), True)
    instruction.send(b"whatever")
    assert building.has(RECEIVER) == 3_000
    with refused("ClaimRelayer_NonceSpent", wallet.address, 0):
        instruction.send(b"something else")


@pytest.mark.attack("G")
def test_a_wallet_contract_is_asked_when_the_instruction_is_carried_out(kit):
    """Neither a refusal nor a change of mind leaves an instruction behind."""
    wallet = kit.deploy("ContractWallet")
    building = Building(kit, wallet.address)
    instruction = building.instruct(building.rent())
    with refused("ClaimRelayer_NotSigned", wallet.address):
        instruction.send()
    wallet.send("sign", instruction.digest(), True)
    wallet.send("sign", instruction.digest(), False)
    with refused("ClaimRelayer_NotSigned", wallet.address):
        instruction.send()
    assert building.is_untouched(1)
    wallet.send("sign", instruction.digest(), True)
    instruction.send()
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
def test_a_wallet_contract_cannot_sign_for_another(building):
    """A wallet that signed this very digest lends its word to no other claimant."""
    wallet = building.kit.deploy("ContractWallet")
    instruction = building.instruct(building.rent())
    wallet.send("sign", instruction.digest(), True)
    with refused("ClaimRelayer_NotSigned", building.holder):
        instruction.send(b"")
    own = instruction.but(claimant=wallet.address)
    wallet.send("sign", own.digest(), True)
    with refused("DividendVault_NotClaimant", wallet.address, building.holder):
        own.send(b"")
    assert building.is_untouched(1)


@pytest.mark.attack("G")
def test_one_key_of_two_wallet_contracts_signs_for_each_by_itself(kit):
    """Wallets that take any digest of their key's cannot be played against each other."""
    first, second = (kit.deploy("KeyWallet", HOLDER.address) for _ in range(2))
    building = Building(kit, first.address)
    instruction = building.instruct(building.rent())
    building.recover(first.address, second.address)
    with refused("DividendVault_NotClaimant", first.address, second.address):
        instruction.send()
    moved = instruction.but(claimant=second.address)
    with refused("ClaimRelayer_NotSigned", second.address):
        moved.send(instruction.signed())
    moved.send()
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("G")
@pytest.mark.parametrize("name", ["Dollar", "ShareToken", "GasBurningReceiver"])
def test_a_contract_that_does_not_know_erc1271_signs_nothing(kit, name):
    """A contract without the function, or one that burns the gas, is no signer."""
    harness = Harness(kit)
    holder = {"Dollar": harness.dollar, "ShareToken": harness.token}.get(name) or kit.deploy(name)
    building = Building(kit, holder.address)
    with refused("ClaimRelayer_NotSigned", holder.address):
        building.instruct(building.rent()).send()


# ------------------------------------------------------------ recovery and freeze


@pytest.mark.attack("C3")
def test_after_a_recovery_only_the_successor_signs(building):
    """What the lost wallet signed is dead; its income goes where the successor says (Law 13)."""
    number = building.rent()
    stolen = building.instruct(number, receiver=OTHER.address)
    building.recover(building.holder, SUCCESSOR.address)
    with refused("DividendVault_NotClaimant", building.holder, SUCCESSOR.address):
        stolen.send()
    with refused("ClaimRelayer_NotSigned", SUCCESSOR.address):
        stolen.but(claimant=SUCCESSOR.address).send()
    mine = building.instruct(number, claimant=SUCCESSOR.address)
    mine.send(mine.signed(SUCCESSOR))
    assert (building.has(RECEIVER), building.has(OTHER.address)) == (3_000, 0)
    assert building.is_spent(0, SUCCESSOR.address)
    assert not building.is_spent(0)


@pytest.mark.attack("C3")
def test_a_successor_cannot_sign_before_it_is_one(building):
    """What it signed in advance becomes good with the recovery, and not earlier."""
    instruction = building.instruct(building.rent(), claimant=SUCCESSOR.address)
    signature = instruction.signed(SUCCESSOR)
    with refused("DividendVault_NotClaimant", SUCCESSOR.address, building.holder):
        instruction.send(signature)
    building.recover(building.holder, SUCCESSOR.address)
    instruction.send(signature)
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("F1")
def test_income_of_a_frozen_holder_waits_whatever_it_has_signed(building):
    """Frozen between signing and carrying out: refused; released: the same bytes are good."""
    instruction = building.instruct(building.rent())
    signature = instruction.signed()
    building.freeze(building.holder)
    with refused("DividendVault_IncomeHeld", building.harness.token.address, building.holder):
        instruction.send(signature)
    assert building.is_untouched(1)
    building.freeze(building.holder, False)
    instruction.send(signature)
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("K6")
def test_who_is_to_be_paid_is_asked_once(building):
    """A token that is `IRecordToken` and `IRecordHoldings`, and knows no `claimantOf`: the lost key
    signs for itself and gets nothing by any way, its successor everything (Law 36)."""
    thief, successor, vault = building.holder, SUCCESSOR.address, building.vault
    token = building.kit.deploy("HoldingsToken")
    token.send("setTime", 1, building.record - 1)
    token.send("setSupply", 1, 10)
    token.send("setShares", thief, 1, 10)
    number = building.harness.declare(1, 1_000, token=token)
    token.send("setClaimant", thief, successor)
    stolen = building.instruct(number, receiver=OTHER.address)
    with refused("DividendVault_NotClaimant", thief, successor):
        stolen.send()
    for named in (thief, successor):
        with refused("DividendVault_NotClaimant", thief, successor):
            vault.send("claimTo", [number], thief, named, OTHER.address, sender=thief)
    assert (building.has(OTHER.address), building.is_spent(0)) == (0, False)
    own = building.instruct(number, claimant=successor)
    own.send(own.signed(SUCCESSOR))
    assert (building.has(OTHER.address), building.has(RECEIVER)) == (0, 1_000)


@pytest.mark.attack("G")
def test_every_token_is_asked_who_is_to_be_paid(building):
    """A token that names a thief has its own income to give away, and no other's."""
    liar = building.kit.deploy("RecoveringToken")
    liar.send("setTime", 1, building.record - 1)
    liar.send("setSupply", 1, 10)
    liar.send("setShares", building.holder, 1, 10)
    liar.send("setSuccessor", building.holder, OTHER.address)
    honest, lying = building.rent(), building.harness.declare(1, 500, token=liar)
    for ids in ([lying, honest], [honest, lying], [honest], [lying, honest, lying]):
        instruction = building.instruct(*ids, claimant=OTHER.address, receiver=OTHER.address)
        with refused("DividendVault_NotClaimant", OTHER.address, building.holder):
            instruction.send(instruction.signed(OTHER))
    with refused("DividendVault_NotClaimant", building.holder, OTHER.address):
        building.instruct(honest, lying).send()
    own = building.instruct(lying, claimant=OTHER.address, receiver=OTHER.address)
    own.send(own.signed(OTHER))
    assert building.has(OTHER.address) == 500
    assert building.is_untouched(honest)


# ------------------------------------------------------------------ paid before


@pytest.mark.attack("A13")
def test_what_was_claimed_before_has_gone_to_the_ordinary_payee(building):
    """Anyone may claim in the ordinary way first; the instruction pays what is left (Law 4)."""
    first, second = building.rent(), building.rent(50_000)
    instruction = building.instruct(first, second)
    building.harness.claim(building.holder, first)
    assert building.desk.call("execute", instruction.encodable(), instruction.signed()) == 1
    instruction.send()
    assert (building.has(building.holder), building.has(RECEIVER)) == (3_000, 15_000)


@pytest.mark.attack("A13")
def test_an_instruction_with_nothing_left_to_pay_is_refused(building):
    """Claimed before, without shares, or about nothing at all: its nonce stays unspent."""
    number = building.rent()
    building.harness.claim(building.holder, number)
    nobody = building.instruct(building.rent(), holder=OTHER.address, claimant=OTHER.address)
    with refused("ClaimRelayer_NothingToPay", OTHER.address):
        nobody.send(nobody.signed(OTHER))
    for instruction in (
        building.instruct(number),
        building.instruct(),
        building.instruct(number, hook=building.hook().address),
    ):
        with refused("ClaimRelayer_NothingToPay", building.holder):
            instruction.send()
    assert not building.is_spent(0)
    assert building.has(building.holder) == 3_000


def test_a_distribution_named_twice_is_paid_once(building):
    """The second time it is paid before (Law 4)."""
    number = building.rent()
    instruction = building.instruct(number, number)
    assert building.desk.call("execute", instruction.encodable(), instruction.signed()) == 1
    instruction.send()
    assert building.has(RECEIVER) == 3_000


# -------------------------------------------------------------------- reinvesting


def reported(hook: Deployed) -> tuple[Any, ...]:
    """What a hook was told last, and how often it was told."""
    parts = ("toldReceiver", "toldCurrency", "toldAmount", "toldData", "timesTold")
    return tuple(hook.call(part) for part in parts)


def test_a_hook_gets_the_exact_net_and_is_told_of_it(building):
    """Tax withheld, two distributions in one transfer, the signed data word for word."""
    policy = building.kit.deploy("FlatTax", 1_000, building.harness.collector)
    ids = [building.rent(tax_policy=policy.address), building.rent(7)]
    hook = building.hook()
    building.dollar.send("mint", hook.address, 11)
    receipt = building.instruct(*ids, hook=hook.address, data=b"as signed").send()
    net = 2_700 + 2
    assert reported(hook) == (RECEIVER, building.dollar.address, net, b"as signed", 1)
    assert receipt.named("Reinvested") == [
        {
            "hook": hook.address, "receiver": RECEIVER, "currency": building.dollar.address,
            "amount": net,
        }
    ]  # fmt: skip
    assert receipt.named("Executed")[0]["hook"] == hook.address
    purses = [
        building.has(a) for a in (hook.address, building.desk.address, RECEIVER, building.holder)
    ]
    assert purses == [11 + net, 0, 0, 0]


def test_a_hook_gets_the_native_coin(building):
    """What it held before is not counted."""
    hook, number = building.hook(), building.coins()
    building.kit.evm.set_balance(hook.address, 5 * COIN)
    building.instruct(number, hook=hook.address).send()
    assert reported(hook) == (RECEIVER, ZERO, 3 * COIN, b"", 1)
    assert building.kit.balance(hook.address) == 8 * COIN
    assert building.kit.balance(building.desk.address) == 0


@pytest.mark.attack("D")
@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 9_999))
def test_of_a_currency_with_a_fee_a_hook_is_told_what_arrived(codec, amount, before, fee):
    """Whatever the fee, the hook is told what its balance grew by, and the fee is taken once."""
    building = Building(RevmKit(codec))
    currency, hook = building.kit.deploy("FeeOnTransfer"), building.hook()
    number = building.rent(amount, currency=currency)
    currency.send("mint", hook.address, before)
    currency.send("setFee", fee)
    net = amount * 3_000 // 10_000
    arrives = net - net * fee // 10_000
    instruction = building.instruct(number, hook=hook.address)
    if arrives == 0:
        with refused("ClaimRelayer_NothingToPay", building.holder):
            instruction.send()
        return
    instruction.send()
    assert reported(hook) == (RECEIVER, currency.address, arrives, b"", 1)
    assert building.has(hook.address, currency) == before + arrives
    assert building.has(building.desk.address, currency) == 0


def test_income_in_two_currencies_is_not_reinvested_as_one(building):
    """A hook is told of one amount, so it is of one currency; two instructions do the same."""
    dollars, coins = building.rent(), building.coins()
    hook = building.hook()
    with refused("ClaimRelayer_TwoCurrencies", coins, ZERO, building.dollar.address):
        building.instruct(dollars, dollars, coins, hook=hook.address).send()
    assert building.is_untouched(dollars, coins)
    building.instruct(dollars, hook=hook.address).send()
    building.instruct(coins, hook=hook.address, nonce=1).send()
    assert reported(hook) == (RECEIVER, ZERO, 3 * COIN, b"", 2)


def test_data_that_no_hook_reads_is_refused(building):
    """Who signs it expects something of it."""
    with refused("ClaimRelayer_DataUnread", 3):
        building.instruct(building.rent(), data=b"\0\1\2").send()


@pytest.mark.attack("G")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("mood", [DENYING, SPEECHLESS, STAMMERING, BURNING, BOMBING_AS_REASON])
def test_a_hook_that_does_not_confirm_undoes_everything(building, native, mood):
    """No word, half a word, the wrong word, all gas burnt, a megabyte of reason: still owed."""
    hook = building.hook(mood)
    number = building.coins() if native else building.rent()
    with refused("ClaimRelayer_NotReinvested", hook.address):
        building.instruct(number, hook=hook.address).send()
    assert building.is_untouched(number)
    assert reported(hook)[-1] == 0
    assert (building.has(hook.address), building.kit.balance(hook.address)) == (0, 0)
    building.harness.claim(building.holder, number)
    assert (building.has(building.holder), building.kit.balance(building.holder)) in (
        (3_000, 0),
        (0, 3 * COIN),
    )


@pytest.mark.attack("G")
def test_a_hooks_reason_is_passed_on(building):
    """The signer learns why; the holder is owed as before."""
    hook, number = building.hook(REVERTING), building.rent()
    with refused("WilfulHook_Reverted", 3_000):
        building.instruct(number, hook=hook.address).send()
    assert building.is_untouched(number)


@pytest.mark.attack("G")
def test_a_hook_that_answers_with_a_megabyte_costs_no_more_for_it(building):
    """The answer is right, so it counts; only its first word is read."""
    hook = building.hook()
    first, second, third = building.rent(), building.rent(), building.rent()
    building.instruct(first, hook=hook.address).send()
    plain = building.instruct(second, hook=hook.address, nonce=1).send().gas
    hook.send("setMood", BOMBING)
    bombed = building.instruct(third, hook=hook.address, nonce=2).send().gas
    # What the hook spends on making it; copying it would cost as much again.
    making = 3 * 31_250 + 31_250**2 // 512
    assert making * 9 // 10 < bombed - plain < making * 3 // 2
    assert reported(hook)[-1] == 3


@pytest.mark.attack("G")
def test_an_address_without_code_is_no_hook(building):
    """Nobody is there to confirm; the money stays."""
    for number in (building.rent(), building.coins()):
        with refused("ClaimRelayer_NotReinvested", person(1)):
            building.instruct(number, hook=person(1)).send()
        assert building.is_untouched(number)


@pytest.mark.attack("G")
def test_a_hook_through_which_the_coins_run_has_nothing_to_tell_of(building):
    """What has left before it is told is not counted: refused, and so never left."""
    hook, number = building.hook(), building.coins()
    hook.send("setDrain", person(3))
    with refused("ClaimRelayer_NothingToPay", building.holder):
        building.instruct(number, hook=hook.address).send()
    assert building.kit.balance(person(3)) == 0
    assert building.is_untouched(number)


@pytest.mark.attack("G")
def test_a_hook_that_keeps_the_money_keeps_its_signers_only(building):
    """The holder chose it, as it might any receiver; nobody else's income is touched (Law 8)."""
    hook, number = building.hook(), building.rent()
    building.instruct(number, hook=hook.address).send()
    assert building.has(hook.address) == 3_000
    assert building.vault.call("claimable", number, building.harness.ann) == 7_000
    assert building.harness.figures(number)["owed"] == 7_000


@pytest.mark.attack("E3")
def test_a_hook_cannot_come_back_to_the_desk(building):
    """While one instruction is carried out no other is, not even a good one; afterwards it is."""
    hook, first, second = building.hook(), building.rent(), building.rent()
    other = building.instruct(second, nonce=1)
    again = building.kit.codec.call("ClaimRelayer", "execute", other.encodable(), other.signed())
    hook.send("prepare", building.desk.address, again)
    building.instruct(first, hook=hook.address).send()
    assert (hook.call("sprung"), hook.call("succeeded")) == (1, False)
    assert hook.call("answer").hex() == GUARDED
    assert building.is_untouched(second, nonce=1)
    other.send()
    assert building.has(RECEIVER) == 3_000


@pytest.mark.attack("E3")
def test_a_hook_that_comes_back_while_it_is_paid_finds_the_vault_closed(building):
    """In the middle of the payment in coins, neither desk nor vault can be used for another."""
    hook, first, second = building.hook(), building.coins(), building.coins()
    other = building.instruct(second, hook=hook.address, nonce=1)
    callees = {
        building.desk: ("execute", other.encodable(), other.signed()),
        building.vault: ("claim", [second], building.holder),
    }
    for callee, call in callees.items():
        before = building.kit.evm.snapshot()
        hook.send("prepare", callee.address, building.kit.codec.call(callee.name, *call))
        building.instruct(first, hook=hook.address).send()
        # Once while it is paid, once when it is told; by then the vault is open again.
        assert hook.call("sprung") == 2
        assert hook.call("toldAmount") == 3 * COIN
        assert building.vault.call("isClaimed", second, building.holder) is (
            callee is building.vault
        )
        building.kit.evm.revert(before)


@pytest.mark.attack("E3")
def test_a_hook_that_is_told_may_use_the_vault(building):
    """By then the money has been counted: an ordinary claim for the holder pays the holder."""
    hook, first, second = building.hook(), building.rent(), building.rent()
    call = building.kit.codec.call("DividendVault", "claim", [second], building.holder)
    hook.send("prepare", building.vault.address, call)
    building.instruct(first, hook=hook.address).send()
    assert hook.call("succeeded") is True
    assert (building.has(hook.address), building.has(building.holder)) == (3_000, 3_000)
    assert hook.call("toldAmount") == 3_000


@pytest.mark.attack("E3")
def test_a_currency_that_comes_back_gets_nowhere(building):
    """In the middle of its transfer neither another instruction nor the same is carried out."""
    currency, hook = building.kit.deploy("Reentrant"), building.hook()
    number, other = building.rent(currency=currency), building.rent()
    instruction = building.instruct(number, hook=hook.address)
    for inner in (instruction, building.instruct(other, nonce=1)):
        before = building.kit.evm.snapshot()
        call = building.kit.codec.call("ClaimRelayer", "execute", inner.encodable(), inner.signed())
        currency.send("prepare", building.desk.address, call)
        instruction.send()
        assert currency.call("succeeded") is False
        assert currency.call("answer").hex() == GUARDED
        assert reported(hook) == (RECEIVER, currency.address, 3_000, b"", 1)
        building.kit.evm.revert(before)


@pytest.mark.attack("E3")
def test_the_desks_views_are_honest_in_the_middle(building):
    """A hook that asks is told that the nonce is spent."""
    hook = building.hook()
    ask = building.kit.codec.call("ClaimRelayer", "isSpent", building.holder, 0)
    hook.send("prepare", building.desk.address, ask)
    building.instruct(building.rent(), hook=hook.address).send()
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
            return "ClaimRelayer_NotSigned"
        if (who, nonce) in self.spent:
            return "ClaimRelayer_NonceSpent"
        if {(who, place) for place in places} <= self.paid:
            return "ClaimRelayer_NothingToPay"
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
                with refused("ClaimRelayer_NonceSpent", people[who], rest[0]):
                    desk.send("cancel", rest[0], sender=people[who])
                continue
            desk.send("cancel", rest[0], sender=people[who])
            model.spent.add((who, rest[0]))
        else:
            places, nonce, to, lie = rest
            # One in three is signed by another than it should be.
            signer = (who + 1) % 3 if lie == 0 else who
            instruction = PaymentInstruction(
                desk, people[who], people[who], [ids[p] for p in places], receivers[to], nonce=nonce
            )  # fmt: skip
            why = model.refusal(who, places, nonce, signer)
            if why is not None:
                values = (
                    (people[who], nonce) if why == "ClaimRelayer_NonceSpent" else (people[who],)
                )
                with refused(why, *values):
                    instruction.send(instruction.signed(KEYS[signer]))
                continue
            instruction.send(instruction.signed(KEYS[signer]))
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
