"""Recovery follows the person: shares, freezes, lots, registration, and past or waiting income."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import FRANCE, Code, Compliant, investor, rules_refused
from tests.contracts.stage import DAY, SKIPPED_CLAIMED, Stage, person, refused

MAX = 2**256 - 1
SKIPPED_WAITING = 4


def recover(stage: Stage, lost: str, successor: str):
    """Put a wallet in the place of a lost one."""
    return stage.token.send("recoveryAddress", lost, successor, person(99), sender=stage.agent)


# ------------------------------------------------------------------------------ what moves


def test_C3_a_recovery_moves_the_shares_and_tells_who_follows_whom(stage):
    """One movement and one event; the lost wallet is closed for ever."""
    token, ann, new = stage.token, stage.ann, person(1)
    stage.issue({ann: 100})
    receipt = recover(stage, ann, new)
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
    assert token.call("recoveryAddress", stage.ben, new, ZERO, sender=stage.agent) is True


def test_C3_a_wallet_without_shares_can_be_recovered(stage):
    """It may be owed income, or be sent shares by somebody who does not know."""
    recover(stage, stage.ann, person(1))
    assert stage.token.call("successorOf", stage.ann) == person(1)
    stage.issue({stage.ben: 10})
    with refused("ERC7943CannotReceive", stage.ann):
        stage.move(stage.ben, stage.ann, 1)
    with refused("ERC7943CannotReceive", stage.ann):
        stage.issue({stage.ann: 1})
    with refused("ERC7943CannotReceive", stage.ann):
        stage.token.send("forcedTransfer", stage.ben, stage.ann, 1, sender=stage.agent)


def test_C4_a_wallet_that_already_holds_keeps_both(stage):
    """Shares and frozen amounts add up."""
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    stage.issue({ann: 100, ben: 7})
    token.send("setFrozenTokens", ann, 60, sender=agent)
    token.send("setFrozenTokens", ben, 5, sender=agent)
    recover(stage, ann, ben)
    assert token.call("balanceOf", ben) == 107
    assert [token.call("getFrozenTokens", who) for who in (ann, ben)] == [0, 65]
    with refused("ERC7943InsufficientUnfrozenBalance", ben, 43, 42):
        stage.move(ben, stage.cid, 43)


def test_C3_a_frozen_amount_is_told_before_it_moves(stage):
    """`Frozen` of both wallets comes before the movement."""
    token, ann, new = stage.token, stage.ann, person(1)
    stage.issue({ann: 100})
    token.send("setFrozenTokens", ann, 150, sender=stage.agent)
    receipt = recover(stage, ann, new)
    assert [name for name, _ in receipt.events] == [
        "Frozen", "TokensFrozen", "Frozen", "TokensUnfrozen", "Transfer", "RecoverySuccess",
    ]  # fmt: skip
    assert receipt.named("Frozen") == [
        {"account": new, "amount": 150}, {"account": ann, "amount": 0},
    ]  # fmt: skip


def test_C3_a_freeze_without_limit_stays_one(stage):
    """Two of them do not overflow into a small one."""
    token, ann, ben = stage.token, stage.ann, stage.ben
    stage.issue({ann: 100})
    for wallet, amount in ((ann, MAX), (ben, 5)):
        token.send("setFrozenTokens", wallet, amount, sender=stage.agent)
    recover(stage, ann, ben)
    assert token.call("getFrozenTokens", ben) == MAX


def test_C3_the_freeze_of_a_wallet_goes_along(stage):
    """Losing the key is no way out of a freeze."""
    token, ann, new = stage.token, stage.ann, person(1)
    stage.issue({ann: 100})
    token.send("setAddressFrozen", ann, True, sender=stage.agent)
    receipt = recover(stage, ann, new)
    assert receipt.named("AddressFrozen") == [
        {"userAddress": new, "isFrozen": True, "owner": stage.agent}
    ]
    assert token.call("isFrozen", new) is True
    with refused("ERC7943CannotSend", new):
        stage.move(new, stage.ben, 1)


def test_C3_old_allowances_are_dead(stage):
    """Neither does the lost wallet's spender reach anything, nor does it spend for others."""
    token, ann, ben, cid = stage.token, stage.ann, stage.ben, stage.cid
    stage.issue({ann: 100, ben: 100})
    token.send("approve", cid, MAX, sender=ann)
    token.send("approve", ann, MAX, sender=ben)
    recover(stage, ann, person(1))
    for amount in (0, 1):
        with refused("ERC7943CannotSend", ann):
            token.send("transferFrom", ann, cid, amount, sender=cid)
    with refused("ERC20InsufficientAllowance", cid, 0, 1):
        token.send("transferFrom", person(1), cid, 1, sender=cid)
    with refused("ShareToken_SpenderBlocked", ann):
        token.send("transferFrom", ben, cid, 1, sender=ann)
    with refused("ERC7943CannotSend", ann):
        stage.move(ann, ben, 0)


def test_chains_of_recoveries_lead_to_the_last_wallet(stage):
    """From every wallet that was lost on the way."""
    stage.issue({stage.ann: 100})
    chain = [stage.ann, *(person(i) for i in range(5))]
    for lost, successor in pairwise(chain):
        recover(stage, lost, successor)
    assert {stage.token.call("successorOf", wallet) for wallet in chain} == {chain[-1]}
    assert stage.token.call("balanceOf", chain[-1]) == 100


def test_C4_a_recovery_that_makes_no_sense_is_refused(stage):
    """Onto itself, twice, onto a lost wallet, in a circle, of nobody, onto nobody or the token."""
    ann, ben, cid = stage.ann, stage.ben, stage.cid
    stage.issue({ann: 100})
    recover(stage, ann, ben)
    for lost, successor in (
        (cid, cid), (ann, cid), (ann, ben), (ben, ann), (cid, ann), (ZERO, cid), (cid, ZERO),
        (cid, stage.token.address),
    ):  # fmt: skip
        with refused("ShareToken_InvalidRecovery", lost, successor):
            recover(stage, lost, successor)
    recover(stage, ben, cid)
    with refused("ShareToken_InvalidRecovery", cid, ben):
        recover(stage, cid, ben)


# ------------------------------------------------------------------------------ the person


def test_C3_a_new_wallet_becomes_a_wallet_of_the_person(kit):
    """Country, class and expiry go along; no holder more or less is counted."""
    stage = Compliant(kit, maxHolders=2)
    known = investor(1, FRANCE, 2, kit.now + DAY)
    stage.know({stage.ann: known})
    stage.issue({stage.ann: 100, stage.ben: 5})
    receipt = stage.recover(stage.ann, person(1))
    assert receipt.named("WalletRecovered") == [
        {"lost": stage.ann, "successor": person(1), "person": 1}
    ]
    assert stage.registry.call("investorOf", person(1)) == known
    assert (stage.persons(), stage.holding(1)) == (2, 100)
    stage.move(person(1), stage.ben, 100)
    assert (stage.persons(), stage.holding(1), stage.holding(2)) == (1, 0, 105)


def test_C3_a_wallet_of_another_person_is_no_successor(kit):
    """A recovery gives nobody another person's shares."""
    stage = Compliant(kit)
    stage.issue({stage.ann: 100})
    with refused("InvestorRegistry_OtherPerson", stage.ben, 2, 1):
        stage.recover(stage.ann, stage.ben)
    with refused("InvestorRegistry_OtherPerson", stage.ben, 2, 0):
        stage.recover(person(5), stage.ben)
    assert stage.held(stage.ann, stage.ben) == [100, 0]


def test_C3_a_wallet_that_nobody_knows_is_succeeded_by_one_that_nobody_knows(kit):
    """Who it was is not known, so the successor is nobody either; but it succeeds."""
    stage = Compliant(kit)
    receipt = stage.recover(person(5), person(6))
    assert receipt.named("WalletRecovered") == [
        {"lost": person(5), "successor": person(6), "person": 0}
    ]
    assert stage.registry.call("successorOf", person(5)) == person(6)
    assert stage.registry.call("investorOf", person(6)) == 0
    assert stage.registry.call("investorOf", person(5)) == investor(0, 0, 0, until=0, lost=True)


def test_C3_another_wallet_of_the_person_is_a_successor_as_it_is(kit):
    """What is known of it stays; the person is counted once, before and after."""
    stage = Compliant(kit, maxHolding=500)
    stage.know({stage.cid: investor(1, FRANCE)})
    stage.issue({stage.ann: 100, stage.cid: 7})
    stage.recover(stage.ann, stage.cid)
    assert stage.registry.call("investorOf", stage.cid) == investor(1, FRANCE)
    assert (stage.persons(), stage.holding(1)) == (1, 107)


def test_an_expired_person_can_be_recovered_and_stays_expired(kit):
    """It holds already; the new wallet is no more eligible than the old."""
    stage = Compliant(kit)
    end = kit.now + DAY
    stage.know({stage.ann: investor(1, until=end)})
    stage.issue({stage.ann: 100, stage.ben: 1})
    kit.now = end + 1
    stage.recover(stage.ann, person(1))
    with rules_refused(Code.NOT_ELIGIBLE, end, end + 1):
        stage.move(stage.ben, person(1), 1)
    stage.move(person(1), stage.ben, 100)


def second_token(stage: Compliant):
    """Another asset of the same issuer, under the same kind of rules."""
    token = stage.kit.deploy(
        "ShareToken", ("Two", "TWO", 0, stage.owner, ZERO, stage.registry.address)
    )
    stage.registry.send("bindToken", token.address, sender=stage.owner)
    rules = stage.make_rules(maxHolders=9)
    token.send("setCompliance", rules.address, sender=stage.owner)
    stage.registry.send("count", token.address, [], sender=stage.agent)
    return token


def test_two_assets_report_the_same_loss(kit):
    """Each moves its shares; the second report finds the person moved already."""
    stage = Compliant(kit, maxHolders=9)
    second = second_token(stage)
    stage.issue({stage.ann: 100})
    second.send("mint", stage.ann, 50, sender=stage.owner)
    stage.recover(stage.ann, person(1))
    receipt = second.send("recoveryAddress", stage.ann, person(1), ZERO, sender=stage.owner)
    assert receipt.named("WalletRecovered") == []
    assert second.call("balanceOf", person(1)) == 50
    assert stage.registry.call("holdingOf", second.address, 1) == 50
    second.send("transfer", stage.ben, 50, sender=person(1))
    assert stage.registry.call("holderCount", second.address) == 1


def test_a_second_asset_that_names_another_new_wallet_makes_it_the_persons_too(kit):
    """Shares of a counted person never lie in a wallet of nobody, where they could not move."""
    stage = Compliant(kit, maxHolders=9)
    second = second_token(stage)
    second.send("mint", stage.ann, 50, sender=stage.owner)
    stage.recover(stage.ann, person(1))
    stage.recover(person(1), person(2))
    second.send("recoveryAddress", stage.ann, person(3), ZERO, sender=stage.owner)
    assert stage.registry.call("investorOf", person(3)) == investor(1)
    second.send("transfer", stage.ben, 50, sender=person(3))
    assert stage.registry.call("holdingOf", second.address, 2) == 50


def test_a_wallet_lost_for_one_asset_is_no_successor_for_another(kit):
    """Nor does the circle close over two assets."""
    stage = Compliant(kit, maxHolders=9)
    second = second_token(stage)
    stage.know({stage.cid: investor(1)})
    second.send("mint", stage.cid, 50, sender=stage.owner)
    stage.recover(stage.ann, stage.cid)
    with refused("InvestorRegistry_LostWallet", stage.ann, stage.cid):
        second.send("recoveryAddress", stage.cid, stage.ann, ZERO, sender=stage.owner)


# ----------------------------------------------------------------------------------- income


def wealth(stage: Stage, wallet: str, currency) -> int:
    """What a wallet has of a currency."""
    return int(currency.call("balanceOf", wallet))


@pytest.fixture
def owed(stage) -> tuple[Stage, list[int]]:
    """Ann is owed three quarters of two distributions in dollars, of two records, and one in ether;
    of a fourth, in dollars, she has been paid.
    """
    stage.issue({stage.ann: 75, stage.ben: 25})
    first = stage.close()
    ids = [stage.declare(first, 1_000), stage.declare_native(first, 400)]
    paid = stage.declare(first, 100)
    stage.claim(stage.ann, paid)
    second = stage.close()
    ids.append(stage.declare(second, 2_000))
    return stage, [*ids, paid]


def test_C3_past_income_in_every_currency_is_the_successors_alone(owed):
    """Of every record before, by claim and by push, once; the lost wallet gets nothing more."""
    stage, (rent, ether, later, paid) = owed
    ann, new = stage.ann, person(1)
    before = (wealth(stage, ann, stage.dollar), stage.kit.balance(ann))
    recover(stage, ann, new)
    assert stage.vault.call("claimable", rent, ann) == 750
    assert stage.vault.call("claimable", rent, new) == 0
    receipt = stage.claim(ann, rent, ether, later, paid)
    told = [(event["id"], event["holder"], event["payee"], event["gross"])
            for event in receipt.settlements]  # fmt: skip
    assert told == [(rent, ann, new, 750), (ether, ann, new, 300), (later, ann, new, 1_500)]
    assert wealth(stage, new, stage.dollar) == 2_250
    assert stage.kit.balance(new) == 300
    assert (wealth(stage, ann, stage.dollar), stage.kit.balance(ann)) == before
    assert stage.claim(ann, rent, ether, later, paid).settlements == []
    assert stage.claim(new, rent, ether, later, paid).settlements == []
    receipt = stage.push(rent, ann)
    assert receipt.named("Skipped") == [{"id": rent, "holder": ann, "reason": SKIPPED_CLAIMED}]


def test_C3_nothing_of_a_lost_wallets_own_orders_survives(owed):
    """Its payee gets nothing; the successor's payee does; anybody may trigger it."""
    stage, (rent, _, later, _) = owed
    ann, new, thief, payee = stage.ann, stage.cid, person(8), person(9)
    stage.vault.send("setPayee", thief, sender=ann)
    recover(stage, ann, new)
    stage.vault.send("setPayee", person(7), sender=ann)
    stage.vault.send("setPayee", payee, sender=new)
    stage.claim(ann, rent, sender=stage.stranger)
    stage.push(later, ann)
    assert wealth(stage, payee, stage.dollar) == 2_250
    assert [wealth(stage, who, stage.dollar) for who in (thief, person(7))] == [0, 0]


def test_C3_income_goes_down_a_chain_and_adds_to_the_successors_own(owed):
    """The last wallet gets what each wallet before it was owed, and its own."""
    stage, (rent, _, later, _) = owed
    recover(stage, stage.ann, person(1))
    third = stage.close()
    fresh = stage.declare(third, 400)
    recover(stage, person(1), stage.ben)
    for holder in (stage.ann, person(1), stage.ben):
        stage.claim(holder, rent, later, fresh)
    assert wealth(stage, stage.ben, stage.dollar) == 1_000 + 2_000 + 400
    assert stage.vault.call("claimable", fresh, person(1)) == 0


def test_a_frozen_wallets_income_waits_until_its_release(owed):
    """Claim and push say so, nothing is lost, and others are paid meanwhile."""
    stage, (rent, _, later, _) = owed
    ann, token = stage.ann, stage.token
    had = wealth(stage, ann, stage.dollar)
    token.send("setAddressFrozen", ann, True, sender=stage.agent)
    assert token.call("claimantOf", ann) == ZERO
    assert stage.vault.call("claimable", rent, ann) == 0
    with refused("DividendVault_Waiting", token.address, ann):
        stage.claim(ann, rent)
    receipt = stage.push(rent, ann, stage.ben)
    assert receipt.named("Skipped") == [{"id": rent, "holder": ann, "reason": SKIPPED_WAITING}]
    assert wealth(stage, stage.ben, stage.dollar) == 250
    token.send("setAddressFrozen", ann, False, sender=stage.agent)
    assert token.call("claimantOf", ann) == ann
    stage.claim(ann, rent, later)
    assert wealth(stage, ann, stage.dollar) == had + 2_250


def test_the_income_of_a_lost_wallet_waits_with_its_frozen_successor(owed):
    """A freeze that went along, or came later; its release pays everything."""
    stage, (rent, _, later, _) = owed
    ann, new, token = stage.ann, person(1), stage.token
    token.send("setAddressFrozen", ann, True, sender=stage.agent)
    recover(stage, ann, new)
    assert token.call("claimantOf", ann) == ZERO
    with refused("DividendVault_Waiting", token.address, ann):
        stage.claim(ann, rent)
    token.send("setAddressFrozen", ann, False, sender=stage.agent)
    with refused("DividendVault_Waiting", token.address, ann):
        stage.claim(ann, rent)
    token.send("setAddressFrozen", new, False, sender=stage.agent)
    assert token.call("claimantOf", ann) == new
    stage.claim(ann, rent, later)
    assert wealth(stage, new, stage.dollar) == 2_250


def test_partly_frozen_shares_earn_and_are_paid(owed):
    """A frozen amount stops shares, not money."""
    stage, (rent, *_) = owed
    stage.token.send("setFrozenTokens", stage.ann, MAX, sender=stage.agent)
    assert stage.token.call("claimantOf", stage.ann) == stage.ann
    assert len(stage.claim(stage.ann, rent).settlements) == 1


@pytest.mark.parametrize("with_registry", [True, False], ids=["token asks", "only rules ask"])
def test_an_expired_persons_income_waits_if_the_issuer_has_set_it_so(kit, with_registry):
    """Off at first; on, it waits from the second after the last and is paid on renewal."""
    stage = Compliant(kit)
    if not with_registry:
        stage.token.send("setIdentityRegistry", ZERO, sender=stage.owner)
    end = kit.now + 10 * DAY
    stage.know({stage.ann: investor(1, until=end)})
    stage.issue({stage.ann: 100})
    before = stage.declare(stage.close(), 700)
    receipt = stage.token.send("setIncomeWaits", True, sender=stage.owner)
    assert receipt.events == (("IncomeWaitsSet", {"whileIneligible": True}),)
    assert stage.token.call("holdingsSuffice") is False
    rent = stage.declare(stage.close(), 1_000)
    kit.now = end + 1
    assert stage.vault.call("claimable", rent, stage.ann) == 0
    with refused("DividendVault_Waiting", stage.token.address, stage.ann):
        stage.claim(stage.ann, rent)
    # It is a term like the others: what was declared before is paid as it was declared.
    assert stage.vault.call("claimable", before, stage.ann) == 700
    stage.claim(stage.ann, before)
    kit.now = end
    assert stage.vault.call("claimable", rent, stage.ann) == 1_000
    kit.now = end + 2
    stage.know({stage.ann: investor(1)})
    stage.claim(stage.ann, rent)
    assert stage.dollar.call("balanceOf", stage.ann) == 1_700


def test_C2_a_forced_transfer_leaves_past_income_with_the_former_holder(stage):
    """Neither both nor none; a burn likewise."""
    stage.issue({stage.ann: 60, stage.ben: 40})
    rent = stage.declare(stage.close(), 1_000)
    stage.token.send("forcedTransfer", stage.ann, stage.cid, 60, sender=stage.agent)
    stage.token.send("burn", stage.ben, 40, sender=stage.agent)
    stage.push(rent, stage.ann, stage.ben, stage.cid)
    paid = [stage.dollar.call("balanceOf", who) for who in (stage.ann, stage.ben, stage.cid)]
    assert paid == [600, 400, 0]
