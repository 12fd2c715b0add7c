"""Holds beside what else happens to a wallet: orders, a recovery, income."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import Compliant, rules_refused
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.market.holding import ORDER, SECRET, Holding, State
from tests.model.register import Code

NEW, NEXT = person(1), person(2)


@pytest.fixture
def holding(kit) -> Holding:
    """An open token; Ann has 100 shares, Cid 5."""
    harness = Harness(kit)
    harness.issue({harness.ann: 100, harness.cid: 5})
    return Holding(harness)


# --------------------------------------------------------------------------- recoveries


def test_a_hold_goes_on_in_the_wallet_of_the_owners_successor(holding):
    """Locked there, and delivered from there (Law 43, Law 44)."""
    terms = holding.open()
    holding.recover(holding.ann, NEW)
    assert holding.shares(holding.ann, NEW) == [(0, 0), (100, 60)]
    told = {"id": holding.id(terms), "asset": terms.asset, "from": NEW, "to": holding.ben}
    assert holding.claim(terms).named("Delivered") == [{**told, "amount": 60}]
    assert holding.shares(NEW, holding.ben) == [(40, 0), (60, 0)]


def test_the_owners_successor_takes_its_place(holding):
    """It releases, and who has the lost key does not (Law 43)."""
    terms = holding.open()
    holding.recover(holding.ann, NEW)
    holding.recover(NEW, NEXT)
    holding.kit.now = terms.until + 1
    for lost in (holding.ann, NEW):
        with refused("Holds_NotOwner", lost, NEXT):
            holding.release(terms, sender=lost)
    receipt = holding.release(terms, sender=NEXT)
    assert receipt.named("Released")[0]["to"] == NEXT
    assert holding.shares(NEXT) == [(100, 0)]


def test_the_receivers_successor_takes_its_place(holding):
    """It is delivered to, it releases and names another wallet; who has the lost key does not
    (Law 43)."""
    first, second, third = (holding.open(amount=10, nonce=nonce) for nonce in range(3))
    holding.recover(holding.ben, NEW)
    with refused("Holds_NotOwner", holding.ben, holding.ann):
        holding.release(first, sender=holding.ben)
    holding.release(first, sender=NEW)
    holding.claim(second)
    holding.order("pause")
    holding.claim(third)
    holding.order("unpause")
    with refused("Holds_NotReceiver", holding.ben, NEW):
        holding.redirect(third, NEXT)
    holding.redirect(third, NEXT, sender=NEW)
    holding.deliver(third)
    assert holding.shares(holding.ann, holding.ben, NEW, NEXT) == [
        (80, 0),
        (0, 0),
        (10, 0),
        (10, 0),
    ]


def test_both_wallets_may_be_lost(holding):
    """The shares go from the one's successor to the other's, be they one wallet."""
    first, second = holding.open(amount=10), holding.open(amount=20, nonce=1)
    holding.recover(holding.ann, NEW)
    holding.recover(holding.ben, NEXT)
    holding.claim(first)
    assert holding.shares(NEW, NEXT) == [(90, 20), (10, 0)]
    holding.recover(NEXT, NEW)
    holding.claim(second)
    assert holding.shares(NEW, NEXT) == [(100, 0), (0, 0)]


def test_a_lost_wallet_opens_no_hold(holding):
    """Who has its key is not whom its holder meant; its successor opens one."""
    holding.recover(holding.ann, NEW)
    with refused("Holds_HasSuccessor", holding.ann):
        holding.open()
    holding.open(owner=NEW)


# ----------------------------------------------------------------------- orders of agents


@pytest.mark.attack("J10")
def test_what_an_agent_freezes_over_a_hold_is_not_delivered(holding):
    """The order goes first; what is held is held all the same, and released without touching the
    order (Law 44)."""
    terms, other = holding.open(), holding.open(amount=10, nonce=1)
    holding.order("setFrozenTokens", holding.ann, 31)
    assert holding.shares(holding.ann) == [(100, 70)]
    holding.claim(terms)
    assert holding.state(terms) == State.CLAIMED
    holding.kit.now = other.until + 1
    holding.release(other)
    assert holding.token.call("getFrozenTokens", holding.ann) == 31 + 60
    holding.deliver(terms)
    assert holding.token.call("getFrozenTokens", holding.ann) == 31
    assert holding.shares(holding.ann, holding.ben) == [(40, 0), (60, 0)]


@pytest.mark.attack("J10")
def test_shares_that_an_agent_took_leave_none_locked(holding):
    """Holds then promise more than there is: a delivery fails, and each gives back what it can
    (Law 44)."""
    first, second, third = (holding.open(amount=amount, nonce=amount) for amount in (30, 20, 40))
    holding.order("forcedTransfer", holding.ann, holding.harness.dan, 75)
    assert holding.shares(holding.ann) == [(25, 25)]
    holding.claim(first)
    assert holding.state(first) == State.CLAIMED
    with refused("Holds_Refused", first.asset, holding.ann, holding.ben, 30):
        holding.deliver(first)
    holding.claim(second)
    assert holding.shares(holding.ann, holding.ben) == [(5, 5), (20, 0)]
    holding.kit.now = third.until + 1
    assert holding.release(third).named("Released")[0]["amount"] == 5
    assert holding.shares(holding.ann) == [(5, 0)]
    holding.harness.move(holding.ann, holding.ben, 5)
    with refused("Holds_Refused", first.asset, holding.ann, holding.ben, 30):
        holding.deliver(first)
    assert holding.release(first, sender=holding.ben).named("Released")[0]["amount"] == 0


def test_shares_that_come_back_are_not_held_again(holding):
    """Returned by an order, they are free, and not the hold's: it can only be ended (Law 44)."""
    terms = holding.open(amount=100)
    holding.order("forcedTransfer", holding.ann, holding.harness.dan, 100)
    holding.claim(terms)
    holding.order("forcedTransfer", holding.harness.dan, holding.ann, 100)
    with refused("Holds_Refused", terms.asset, holding.ann, holding.ben, 100):
        holding.deliver(terms)
    assert holding.void(terms).named("Voided")[0]["amount"] == 0
    assert holding.shares(holding.ann) == [(100, 0)]


# ---------------------------------------------------------------- the owner of the token


@pytest.mark.parametrize("claimed", [False, True], ids=["open", "claimed"])
def test_the_owner_of_the_token_ends_a_hold(holding, claimed):
    """By an order that is told; the shares are their holder's, and nobody else gets them
    (Law 43)."""
    terms = holding.claimed() if claimed else holding.open()
    told = {"id": holding.id(terms), "asset": terms.asset, "documentHash": ORDER, "amount": 60}
    assert holding.void(terms).events == (
        ("Voided", told),
        ("HeldSet", {"account": holding.ann, "held": 0}),
    )
    assert holding.state(terms) == State.VOIDED
    assert holding.shares(holding.ann, holding.ben) == [(100, 0), (0, 0)]


def test_a_hold_of_a_lost_wallet_is_ended_for_its_successor(holding):
    """The shares are free there."""
    terms = holding.open()
    holding.recover(holding.ann, NEW)
    holding.void(terms)
    assert holding.shares(holding.ann, NEW) == [(0, 0), (100, 0)]


def test_another_contract_is_appointed(holding):
    """Claims are kept, nothing is delivered or released, until this one is appointed again
    (Law 43)."""
    first, second = holding.open(amount=10), holding.open(amount=20, nonce=1)
    holding.appoint(holding.harness.dan)
    holding.claim(first)
    assert holding.state(first) == State.CLAIMED
    with refused("Holds_Refused", first.asset, holding.ann, holding.ben, 10):
        holding.deliver(first)
    holding.kit.now = second.until + 1
    address = holding.holds.address
    for end in (holding.release, holding.void):
        with refused("ShareToken_NotHoldsContract", address):
            end(second)
    holding.appoint(address)
    holding.release(second)
    holding.deliver(first)
    assert holding.shares(holding.ann, holding.ben) == [(90, 0), (10, 0)]


def test_where_shares_are_is_decided_when_a_hold_opens(holding):
    """A hold stays locked, or in custody, whoever is appointed later (Law 44)."""
    locked = holding.open(amount=10)
    holding.appoint(ZERO)
    holding.token.send("approve", holding.holds.address, 20, sender=holding.ann)
    taken = holding.open(amount=20, nonce=1)
    holding.appoint(holding.holds.address)
    assert (holding.in_custody(locked), holding.in_custody(taken)) == (False, True)
    assert holding.shares(holding.ann, holding.holds.address) == [(80, 10), (20, 0)]
    with refused("Holds_NotTokenOwner", holding.harness.owner, taken.asset):
        holding.void(taken)
    holding.claim(taken)
    holding.kit.now += 2 * DAY
    holding.release(locked)
    assert holding.shares(holding.ann, holding.ben) == [(80, 0), (20, 0)]
    assert holding.in_custody(taken)


# ------------------------------------------------------------- what stays the holder's


def test_held_shares_earn_and_count_for_their_holder(kit):
    """At a record, in income, in votes by the record's balance, in persons and in holdings, and in
    lots (Law 45)."""
    harness = Compliant(kit, maxHolders=10, lockUp=30 * DAY)
    harness.issue({harness.ann: 100, harness.cid: 50})
    holding = Holding(harness)

    def standing() -> tuple[object, ...]:
        lots = harness.lots.call("lotsOf", harness.token.address, harness.ann)
        return harness.persons(), harness.holding(1), harness.holding(2), lots

    before = standing()
    terms = holding.open(amount=100, until=kit.now + 60 * DAY)
    record = harness.close()
    assert harness.token.call("balanceOfAt", harness.ann, record) == 100
    number = harness.declare(record, 1_500)
    for holder in (harness.ann, harness.cid):
        harness.claim(holder, number)
    assert [harness.dollar.call("balanceOf", who) for who in (harness.ann, harness.cid)] == [
        1_000,
        500,
    ]
    assert standing() == before
    # The lock-up of the shares goes on, and first: a claim waits for it.
    holding.claim(terms)
    assert holding.state(terms) == State.CLAIMED
    kit.now += 61 * DAY
    holding.deliver(terms)
    assert (harness.holding(1), harness.holding(2), harness.persons()) == (0, 100, 2)


def test_a_delivery_is_judged_as_a_transfer_by_the_holder(kit):
    """Rules that refuse the one refuse the other, and the claim is kept (Law 45)."""
    harness = Compliant(kit, maxHolding=50)
    harness.issue({harness.ann: 100})
    holding = Holding(harness)
    with rules_refused(Code.MAX_HOLDING, 60, 50):
        harness.move(harness.ann, harness.ben, 60)
    terms = holding.open()
    holding.claim(terms, SECRET)
    assert holding.state(terms) == State.CLAIMED
    harness.put_in_force()
    holding.deliver(terms)
    assert holding.shares(harness.ben) == [(60, 0)]
