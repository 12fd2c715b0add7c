"""Recovery follows the person: shares, freezes, lots, registration, and past or waiting income."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import FRANCE, Compliant, investor, rules_refused
from tests.contracts.harness import DAY, SKIPPED_CLAIMED, Harness, person, refused
from tests.model.register import Code

MAX = 2**256 - 1
SKIPPED_WAITING = 4


def recover(harness: Harness, lost: str, successor: str):
    """Put a wallet in the place of a lost one."""
    return harness.token.send("recoveryAddress", lost, successor, person(99), sender=harness.agent)


# ------------------------------------------------------------------------------ what moves


@pytest.mark.attack("C3")
def test_a_recovery_moves_the_shares_and_tells_who_follows_whom(harness):
    """One movement and one event; the lost wallet is closed for ever."""
    token, ann, new = harness.token, harness.ann, person(1)
    harness.issue({ann: 100})
    receipt = recover(harness, ann, new)
    assert receipt.events == (
        ("Transfer", {"from": ann, "to": new, "value": 100}),
        ("RecoverySuccess",
         {"lostWallet": ann, "newWallet": new, "investorOnchainID": person(99)}),
    )  # fmt: skip
    assert [token.call("balanceOf", who) for who in (ann, new)] == [0, 100]
    assert token.call("totalSupply") == 100
    assert token.call("successorOf", ann) == token.call("successorOf", new) == new
    assert (token.call("canSend", ann), token.call("canReceive", ann)) == (False, False)
    assert token.call("isFrozen", ann) is False
    assert token.call("recoveryAddress", harness.ben, new, ZERO, sender=harness.agent) is True


@pytest.mark.attack("C3")
def test_a_wallet_without_shares_can_be_recovered(harness):
    """It may be owed income, or be sent shares by somebody who does not know."""
    recover(harness, harness.ann, person(1))
    assert harness.token.call("successorOf", harness.ann) == person(1)
    harness.issue({harness.ben: 10})
    with refused("ERC7943CannotReceive", harness.ann):
        harness.move(harness.ben, harness.ann, 1)
    with refused("ERC7943CannotReceive", harness.ann):
        harness.issue({harness.ann: 1})
    with refused("ERC7943CannotReceive", harness.ann):
        harness.token.send("forcedTransfer", harness.ben, harness.ann, 1, sender=harness.agent)


@pytest.mark.attack("C4")
def test_a_wallet_that_already_holds_keeps_both(harness):
    """Shares and frozen amounts add up."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100, ben: 7})
    token.send("setFrozenTokens", ann, 60, sender=agent)
    token.send("setFrozenTokens", ben, 5, sender=agent)
    recover(harness, ann, ben)
    assert token.call("balanceOf", ben) == 107
    assert [token.call("getFrozenTokens", who) for who in (ann, ben)] == [0, 65]
    with refused("ERC7943InsufficientUnfrozenBalance", ben, 43, 42):
        harness.move(ben, harness.cid, 43)


@pytest.mark.attack("C3")
def test_a_frozen_amount_is_told_before_it_moves(harness):
    """`Frozen` of both wallets comes before the movement."""
    token, ann, new = harness.token, harness.ann, person(1)
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, 150, sender=harness.agent)
    receipt = recover(harness, ann, new)
    assert [name for name, _ in receipt.events] == [
        "Frozen", "TokensFrozen", "Frozen", "TokensUnfrozen", "Transfer", "RecoverySuccess",
    ]  # fmt: skip
    assert receipt.named("Frozen") == [
        {"account": new, "amount": 150}, {"account": ann, "amount": 0},
    ]  # fmt: skip


@pytest.mark.attack("C3")
def test_a_freeze_without_limit_stays_one(harness):
    """Two of them do not overflow into a small one."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    harness.issue({ann: 100})
    for wallet, amount in ((ann, MAX), (ben, 5)):
        token.send("setFrozenTokens", wallet, amount, sender=harness.agent)
    recover(harness, ann, ben)
    assert token.call("getFrozenTokens", ben) == MAX


@pytest.mark.attack("C3")
def test_the_freeze_of_a_wallet_goes_along(harness):
    """Losing the key is no way out of a freeze."""
    token, ann, new = harness.token, harness.ann, person(1)
    harness.issue({ann: 100})
    token.send("setAddressFrozen", ann, True, sender=harness.agent)
    receipt = recover(harness, ann, new)
    assert receipt.named("AddressFrozen") == [
        {"userAddress": new, "isFrozen": True, "owner": harness.agent}
    ]
    assert token.call("isFrozen", new) is True
    with refused("ERC7943CannotSend", new):
        harness.move(new, harness.ben, 1)


@pytest.mark.attack("C3")
def test_old_allowances_are_dead(harness):
    """Neither does the lost wallet's spender reach anything, nor does it spend for others."""
    token, ann, ben, cid = harness.token, harness.ann, harness.ben, harness.cid
    harness.issue({ann: 100, ben: 100})
    token.send("approve", cid, MAX, sender=ann)
    token.send("approve", ann, MAX, sender=ben)
    recover(harness, ann, person(1))
    for amount in (0, 1):
        with refused("ERC7943CannotSend", ann):
            token.send("transferFrom", ann, cid, amount, sender=cid)
    with refused("ERC20InsufficientAllowance", cid, 0, 1):
        token.send("transferFrom", person(1), cid, 1, sender=cid)
    with refused("ShareToken_SpenderBlocked", ann):
        token.send("transferFrom", ben, cid, 1, sender=ann)
    with refused("ERC7943CannotSend", ann):
        harness.move(ann, ben, 0)


def test_chains_of_recoveries_lead_to_the_last_wallet(harness):
    """From every wallet that was lost on the way."""
    harness.issue({harness.ann: 100})
    chain = [harness.ann, *(person(i) for i in range(5))]
    for lost, successor in pairwise(chain):
        recover(harness, lost, successor)
    assert {harness.token.call("successorOf", wallet) for wallet in chain} == {chain[-1]}
    assert harness.token.call("balanceOf", chain[-1]) == 100


@pytest.mark.attack("C4")
def test_a_recovery_that_makes_no_sense_is_refused(harness):
    """Onto itself, twice, onto a lost wallet, in a circle, of nobody, onto nobody or the token."""
    ann, ben, cid = harness.ann, harness.ben, harness.cid
    harness.issue({ann: 100})
    recover(harness, ann, ben)
    for lost, successor in (
        (cid, cid), (ann, cid), (ann, ben), (ben, ann), (cid, ann), (ZERO, cid), (cid, ZERO),
        (cid, harness.token.address),
    ):  # fmt: skip
        with refused("ShareToken_InvalidRecovery", lost, successor):
            recover(harness, lost, successor)
    recover(harness, ben, cid)
    with refused("ShareToken_InvalidRecovery", cid, ben):
        recover(harness, cid, ben)


# ------------------------------------------------------------------------------ the person


@pytest.mark.attack("C3")
def test_a_new_wallet_of_the_person_takes_the_place(kit):
    """It was registered before, by who keeps the register; no holder more or less is counted."""
    harness = Compliant(kit, maxHolders=2)
    known = investor(1, FRANCE, 2, kit.now + DAY)
    harness.know({harness.ann: known})
    harness.issue({harness.ann: 100, harness.ben: 5})
    with refused("InvestorRegistry_UnknownWallet", person(1)):
        harness.report(harness.ann, person(1))
    harness.know({person(1): known})
    receipt = harness.report(harness.ann, person(1))
    reported = {"token": harness.token.address, "lost": harness.ann, "successor": person(1)}
    assert receipt.named("LossReported") == [{**reported, "person": 1}]
    assert receipt.named("InvestorRegistered") == receipt.named("WalletRecovered") == []
    assert harness.registry.call("investorOf", harness.ann) == known
    assert harness.registry.call("successorOf", harness.ann) == ZERO
    assert (harness.persons(), harness.holding(1)) == (2, 100)
    harness.move(person(1), harness.ben, 100)
    assert (harness.persons(), harness.holding(1), harness.holding(2)) == (1, 0, 105)


@pytest.mark.attack("C3")
def test_a_wallet_of_another_person_is_no_successor(kit):
    """A recovery gives nobody another person's shares."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    with refused("InvestorRegistry_OtherPerson", harness.ben, 2, 1):
        harness.recover(harness.ann, harness.ben)
    with refused("InvestorRegistry_UnknownWallet", person(5)):
        harness.recover(person(5), harness.ben)
    assert harness.held(harness.ann, harness.ben) == [100, 0]


@pytest.mark.attack("C3")
def test_a_wallet_that_nobody_knows_has_no_successor(kit):
    """Whose it was is not known: it is registered first, and then its new wallet."""
    harness = Compliant(kit)
    for known in ({}, {person(6): investor(9)}):
        harness.know(known)
        with refused("InvestorRegistry_UnknownWallet", person(5)):
            harness.report(person(5), person(6))
    harness.know({person(5): investor(9, until=0)})
    harness.report(person(5), person(6))
    assert harness.token.call("successorOf", person(5)) == person(6)


@pytest.mark.attack("C3")
def test_another_wallet_of_the_person_is_a_successor_as_it_is(kit):
    """What is known of it stays; the person is counted once, before and after."""
    harness = Compliant(kit, maxHolding=500)
    harness.know({harness.cid: investor(1, FRANCE)})
    harness.issue({harness.ann: 100, harness.cid: 7})
    harness.recover(harness.ann, harness.cid)
    assert harness.registry.call("investorOf", harness.cid) == investor(1, FRANCE)
    assert (harness.persons(), harness.holding(1)) == (1, 107)


def test_an_expired_person_can_be_recovered_and_stays_expired(kit):
    """It holds already; the new wallet is no more eligible than the old."""
    harness = Compliant(kit)
    end = kit.now + DAY
    harness.know({harness.ann: investor(1, until=end)})
    harness.issue({harness.ann: 100, harness.ben: 1})
    kit.now = end + 1
    harness.recover(harness.ann, person(1))
    with rules_refused(Code.NOT_ELIGIBLE, end, end + 1):
        harness.move(harness.ben, person(1), 1)
    harness.move(person(1), harness.ben, 100)


def test_two_assets_report_the_same_loss(kit):
    """Each moves its own shares, and each says so."""
    harness = Compliant(kit, maxHolders=9)
    second = harness.another_asset(harness.owner, maxHolders=9)
    harness.issue({harness.ann: 100})
    second.send("mint", harness.ann, 50, sender=harness.owner)
    harness.recover(harness.ann, person(1))
    receipt = second.send("recoveryAddress", harness.ann, person(1), ZERO, sender=harness.owner)
    assert [event["token"] for event in receipt.named("LossReported")] == [second.address]
    assert second.call("balanceOf", person(1)) == 50
    assert harness.registry.call("holdingOf", second.address, 1) == 50
    second.send("transfer", harness.ben, 50, sender=person(1))
    assert harness.registry.call("holderCount", second.address) == 1


def test_a_second_asset_may_name_another_wallet_of_the_person(kit):
    """Its shares go there; the first asset's stay where they are."""
    harness = Compliant(kit, maxHolders=9)
    second = harness.another_asset(harness.owner, maxHolders=9)
    harness.issue({harness.ann: 100})
    second.send("mint", harness.ann, 50, sender=harness.owner)
    harness.recover(harness.ann, person(1))
    harness.recover(person(1), person(2))
    harness.know({person(3): investor(1)})
    second.send("recoveryAddress", harness.ann, person(3), ZERO, sender=harness.owner)
    second.send("transfer", harness.ben, 50, sender=person(3))
    assert harness.registry.call("holdingOf", second.address, 2) == 50
    assert (harness.held(person(2)), harness.holding(1)) == ([100], 100)


def test_a_wallet_lost_for_all_assets_is_no_successor(kit):
    """A circle over two assets closes only where each lost another wallet by its own word."""
    harness = Compliant(kit, maxHolders=9)
    second = harness.another_asset(harness.owner, maxHolders=9)
    harness.know({harness.cid: investor(1)})
    second.send("mint", harness.cid, 50, sender=harness.owner)
    harness.recover(harness.ann, harness.cid)
    harness.registry.send("confirmLoss", harness.ann, harness.cid, sender=harness.agent)
    with refused("InvestorRegistry_LostWallet", harness.ann, harness.cid):
        second.send("recoveryAddress", harness.cid, harness.ann, ZERO, sender=harness.owner)


# ----------------------------------------------------------------------------------- income


def wealth(harness: Harness, wallet: str, currency) -> int:
    """What a wallet has of a currency."""
    return int(currency.call("balanceOf", wallet))


@pytest.fixture
def owed(harness) -> tuple[Harness, list[int]]:
    """Ann is owed three quarters of two distributions in dollars, of two records, and one in ether;
    of a fourth, in dollars, she has been paid.
    """
    harness.issue({harness.ann: 75, harness.ben: 25})
    first = harness.close()
    ids = [harness.declare(first, 1_000), harness.declare_native(first, 400)]
    paid = harness.declare(first, 100)
    harness.claim(harness.ann, paid)
    second = harness.close()
    ids.append(harness.declare(second, 2_000))
    return harness, [*ids, paid]


@pytest.mark.attack("C3")
def test_past_income_in_every_currency_is_the_successors_alone(owed):
    """Of every record before, by claim and by push, once; the lost wallet gets nothing more."""
    harness, (rent, ether, later, paid) = owed
    ann, new = harness.ann, person(1)
    before = (wealth(harness, ann, harness.dollar), harness.kit.balance(ann))
    recover(harness, ann, new)
    assert harness.vault.call("claimable", rent, ann) == 750
    assert harness.vault.call("claimable", rent, new) == 0
    receipt = harness.claim(ann, rent, ether, later, paid)
    reported = [(event["id"], event["holder"], event["payee"], event["gross"])
            for event in receipt.settlements]  # fmt: skip
    assert reported == [(rent, ann, new, 750), (ether, ann, new, 300), (later, ann, new, 1_500)]
    assert wealth(harness, new, harness.dollar) == 2_250
    assert harness.kit.balance(new) == 300
    assert (wealth(harness, ann, harness.dollar), harness.kit.balance(ann)) == before
    assert harness.claim(ann, rent, ether, later, paid).settlements == []
    assert harness.claim(new, rent, ether, later, paid).settlements == []
    receipt = harness.push(rent, ann)
    assert receipt.named("Skipped") == [{"id": rent, "holder": ann, "reason": SKIPPED_CLAIMED}]


@pytest.mark.attack("C3")
def test_nothing_of_a_lost_wallets_own_orders_survives(owed):
    """Its payee gets nothing; the successor's payee does; anybody may trigger it."""
    harness, (rent, _, later, _) = owed
    ann, new, thief, payee = harness.ann, harness.cid, person(8), person(9)
    harness.vault.send("setPayee", thief, sender=ann)
    recover(harness, ann, new)
    harness.vault.send("setPayee", person(7), sender=ann)
    harness.vault.send("setPayee", payee, sender=new)
    harness.claim(ann, rent, sender=harness.stranger)
    harness.push(later, ann)
    assert wealth(harness, payee, harness.dollar) == 2_250
    assert [wealth(harness, who, harness.dollar) for who in (thief, person(7))] == [0, 0]


@pytest.mark.attack("C3")
def test_income_goes_down_a_chain_and_adds_to_the_successors_own(owed):
    """The last wallet gets what each wallet before it was owed, and its own."""
    harness, (rent, _, later, _) = owed
    recover(harness, harness.ann, person(1))
    third = harness.close()
    fresh = harness.declare(third, 400)
    recover(harness, person(1), harness.ben)
    for holder in (harness.ann, person(1), harness.ben):
        harness.claim(holder, rent, later, fresh)
    assert wealth(harness, harness.ben, harness.dollar) == 1_000 + 2_000 + 400
    assert harness.vault.call("claimable", fresh, person(1)) == 0


def test_a_frozen_wallets_income_waits_until_its_release(owed):
    """Claim and push say so, nothing is lost, and others are paid meanwhile."""
    harness, (rent, _, later, _) = owed
    ann, token = harness.ann, harness.token
    had = wealth(harness, ann, harness.dollar)
    token.send("setAddressFrozen", ann, True, sender=harness.agent)
    assert token.call("claimantOf", ann) == ZERO
    assert harness.vault.call("claimable", rent, ann) == 0
    with refused("DividendVault_IncomeHeld", token.address, ann):
        harness.claim(ann, rent)
    receipt = harness.push(rent, ann, harness.ben)
    assert receipt.named("Skipped") == [{"id": rent, "holder": ann, "reason": SKIPPED_WAITING}]
    assert wealth(harness, harness.ben, harness.dollar) == 250
    token.send("setAddressFrozen", ann, False, sender=harness.agent)
    assert token.call("claimantOf", ann) == ann
    harness.claim(ann, rent, later)
    assert wealth(harness, ann, harness.dollar) == had + 2_250


def test_the_income_of_a_lost_wallet_waits_with_its_frozen_successor(owed):
    """A freeze that went along, or came later; its release pays everything."""
    harness, (rent, _, later, _) = owed
    ann, new, token = harness.ann, person(1), harness.token
    token.send("setAddressFrozen", ann, True, sender=harness.agent)
    recover(harness, ann, new)
    assert token.call("claimantOf", ann) == ZERO
    with refused("DividendVault_IncomeHeld", token.address, ann):
        harness.claim(ann, rent)
    token.send("setAddressFrozen", ann, False, sender=harness.agent)
    with refused("DividendVault_IncomeHeld", token.address, ann):
        harness.claim(ann, rent)
    token.send("setAddressFrozen", new, False, sender=harness.agent)
    assert token.call("claimantOf", ann) == new
    harness.claim(ann, rent, later)
    assert wealth(harness, new, harness.dollar) == 2_250


def test_partly_frozen_shares_earn_and_are_paid(owed):
    """A frozen amount stops shares, not money."""
    harness, (rent, *_) = owed
    harness.token.send("setFrozenTokens", harness.ann, MAX, sender=harness.agent)
    assert harness.token.call("claimantOf", harness.ann) == harness.ann
    assert len(harness.claim(harness.ann, rent).settlements) == 1


@pytest.mark.attack("K7")
@pytest.mark.parametrize("held", [False, True], ids=["declared free", "declared held"])
@pytest.mark.parametrize("mark", ["plain", "partly frozen", "lost"])
def test_a_later_setting_reaches_no_distribution_that_was_declared_before(kit, held, mark):
    """Whatever mark the holder's account has: it is held as its terms say, by claim, push and view
    (Law 35)."""
    harness = Compliant(kit)
    ann, new = harness.ann, person(2)
    end = kit.now + 10 * DAY
    harness.know({ann: investor(1, until=end)})
    harness.issue({ann: 100})
    harness.token.send("setIncomeHeld", held, sender=harness.owner)
    rent, later = (harness.declare(harness.close(), 1_000) for _ in range(2))
    if mark == "partly frozen":
        harness.token.send("setFrozenTokens", ann, 1, sender=harness.agent)
    if mark == "lost":
        harness.know({new: investor(1, until=end)})
        recover(harness, ann, new)
    kit.now = end + 1
    harness.token.send("setIncomeHeld", not held, sender=harness.owner)
    if held:
        assert harness.vault.call("claimable", rent, ann) == 0
        with refused("DividendVault_IncomeHeld", harness.token.address, ann):
            harness.claim(ann, rent)
        skipped = [{"id": later, "holder": ann, "reason": SKIPPED_WAITING}]
        assert harness.push(later, ann).named("Skipped") == skipped
    else:
        assert harness.vault.call("claimable", rent, ann) == 1_000
        harness.claim(ann, rent)
        harness.push(later, ann)
        payee = new if mark == "lost" else ann
        assert wealth(harness, payee, harness.dollar) == 2_000


@pytest.mark.attack("K7")
def test_distributions_of_one_claim_are_held_each_by_its_own_terms(kit):
    """One that is held does not slip through behind one that is not, of the same token and
    currency, nor holds it back (Law 35)."""
    harness = Compliant(kit)
    end = kit.now + 10 * DAY
    harness.know({harness.ann: investor(1, until=end)})
    harness.issue({harness.ann: 100})
    record = harness.close()
    free = harness.declare(record, 700)
    harness.token.send("setIncomeHeld", True, sender=harness.owner)
    kept = harness.declare(record, 1_000)
    present, kit.now = kit.now, end + 1
    for ids in ([free, kept], [kept, free], [kept]):
        with refused("DividendVault_IncomeHeld", harness.token.address, harness.ann):
            harness.claim(harness.ann, *ids)
    assert len(harness.claim(harness.ann, free).settlements) == 1
    kit.now = present
    assert harness.vault.call("claim", [free, kept, free], harness.ann) == 1
    harness.claim(harness.ann, free, kept)
    assert wealth(harness, harness.ann, harness.dollar) == 1_700


@pytest.mark.parametrize("with_registry", [True, False], ids=["token asks", "only rules ask"])
def test_an_expired_persons_income_waits_if_the_issuer_has_set_it_so(kit, with_registry):
    """Off at first; on, it waits from the second after the last and is paid on renewal."""
    harness = Compliant(kit)
    if not with_registry:
        harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
    end = kit.now + 10 * DAY
    harness.know({harness.ann: investor(1, until=end)})
    harness.issue({harness.ann: 100})
    before = harness.declare(harness.close(), 700)
    receipt = harness.token.send("setIncomeHeld", True, sender=harness.owner)
    assert receipt.events == (("IncomeHeldSet", {"whileIneligible": True}),)
    assert harness.token.call("incomeHeldWhileIneligible") is True
    rent = harness.declare(harness.close(), 1_000)
    kit.now = end + 1
    assert harness.vault.call("claimable", rent, harness.ann) == 0
    with refused("DividendVault_IncomeHeld", harness.token.address, harness.ann):
        harness.claim(harness.ann, rent)
    # It is a term like the others: what was declared before is paid as it was declared.
    assert harness.vault.call("claimable", before, harness.ann) == 700
    harness.claim(harness.ann, before)
    # Nor is one held, or let go, by what the owner says later (Law 35).
    harness.token.send("setIncomeHeld", False, sender=harness.owner)
    with refused("DividendVault_IncomeHeld", harness.token.address, harness.ann):
        harness.claim(harness.ann, rent)
    kit.now = end
    assert harness.vault.call("claimable", rent, harness.ann) == 1_000
    kit.now = end + 2
    harness.know({harness.ann: investor(1)})
    harness.claim(harness.ann, rent)
    assert harness.dollar.call("balanceOf", harness.ann) == 1_700


@pytest.mark.attack("C2")
def test_a_forced_transfer_leaves_past_income_with_the_former_holder(harness):
    """Neither both nor none; a burn likewise."""
    harness.issue({harness.ann: 60, harness.ben: 40})
    rent = harness.declare(harness.close(), 1_000)
    harness.token.send("forcedTransfer", harness.ann, harness.cid, 60, sender=harness.agent)
    harness.token.send("burn", harness.ben, 40, sender=harness.agent)
    harness.push(rent, harness.ann, harness.ben, harness.cid)
    paid = [
        harness.dollar.call("balanceOf", who) for who in (harness.ann, harness.ben, harness.cid)
    ]
    assert paid == [600, 400, 0]
