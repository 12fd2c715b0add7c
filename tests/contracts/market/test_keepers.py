"""What a holder lets somebody else hold of its shares: a pledge, or a sale to come."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.market.holding import LONGEST_CONSENT, ORDER, Holding

NEW, NEXT = person(1), person(2)


@pytest.fixture
def holding(kit) -> Holding:
    """An open token; Ann has 100 shares."""
    harness = Harness(kit)
    harness.issue({harness.ann: 100})
    return Holding(harness)


# ------------------------------------------------------------------------- examples


def test_a_lender_holds_a_pledge_and_lets_go(holding):
    """Up to what the owner allows; what is let go is the owner's to give again (Law 43)."""
    ann, eve, token = holding.ann, holding.eve, holding.token.address
    until = holding.kit.now + DAY
    who = {"keeper": eve, "asset": token, "owner": ann}
    assert holding.consent(80).events == (("KeeperSet", {**who, "most": 80, "until": until}),)
    assert holding.kept() == (until, 80, 0, False)
    assert holding.keep(50).events == (
        ("Kept", {**who, "amount": 50}),
        ("HeldSet", {"account": ann, "held": 50}),
    )
    holding.keep(30)
    assert holding.kept() == (until, 80, 80, False)
    assert holding.shares(ann) == [(100, 80)]
    assert holding.let_go(20).events == (
        ("KeptReleased", {**who, "amount": 20}),
        ("HeldSet", {"account": ann, "held": 60}),
    )
    holding.let_go(60)
    assert holding.kept() == (until, 80, 0, False)
    holding.harness.move(ann, holding.ben, 100)


def test_a_lender_delivers_on_default(holding):
    """To whom it chooses, in time (Law 43)."""
    ann, ben = holding.ann, holding.ben
    holding.consent(80)
    holding.keep(80)
    until = holding.kept()[0]
    holding.kit.now = until
    who = {"keeper": holding.eve, "asset": holding.token.address, "owner": ann}
    assert holding.give(50).events == (
        ("KeptDelivered", {**who, "to": ben, "amount": 50}),
        ("HeldSet", {"account": ann, "held": 30}),
        ("Transfer", {"from": ann, "to": ben, "value": 50}),
    )
    holding.give(30, to=holding.eve)
    assert holding.kept() == (until, 80, 0, False)
    assert holding.shares(ann, ben, holding.eve) == [(20, 0), (50, 0), (30, 0)]


def test_the_owner_takes_back_what_is_left_after_the_time(holding):
    """All of it, and not in the last second; the keeper can then only let go (Law 43)."""
    ann = holding.ann
    holding.consent(80)
    holding.keep(80)
    until = holding.kept()[0]
    holding.kit.now = until
    with refused("Holds_TooEarly", until, until):
        holding.take_back()
    holding.kit.now += 1
    holding.let_go(10)
    for call in (holding.keep, holding.give):
        with refused("Holds_TooLate", until, until + 1):
            call(1)
    who = {"keeper": holding.eve, "asset": holding.token.address, "owner": ann}
    assert holding.take_back().events == (
        ("KeptReleased", {**who, "amount": 70}),
        ("HeldSet", {"account": ann, "held": 0}),
    )
    assert holding.kept() == (until, 80, 0, False)
    with refused("Holds_OverKept", holding.eve, 1, 0):
        holding.let_go(1)


def test_a_pledge_is_delivered_under_the_rules(kit):
    """The lender cannot give it to whom the holder could not; held shares earn for their holder
    (Law 45)."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    holding = Holding(harness)
    holding.consent(100)
    holding.keep(100)
    number = harness.declare(harness.close(), 1_000)
    harness.claim(harness.ann, number)
    assert harness.dollar.call("balanceOf", harness.ann) == 1_000
    holding.let_go(100)
    holding.consent(100)
    holding.keep(100)
    stranger = person(9)
    with refused("Holds_Refused", holding.token.address, harness.ann, stranger, 100):
        holding.give(100, to=stranger)
    assert holding.kept()[2] == 100
    holding.give(100)
    assert harness.held(harness.ann, harness.ben) == [0, 100]


# ------------------------------------------------------------------------ the consent


def test_without_a_consent_nothing_is_held(holding):
    """Nor with one for another keeper, another token or another owner (Law 43)."""
    holding.consent(80, keeper=holding.ben)
    holding.consent(80, owner=holding.harness.cid)
    holding.consent(80, asset=holding.harness.dollar.address)
    with refused("Holds_OverConsent", holding.eve, 1, 0):
        holding.keep(1)


def test_no_more_is_held_than_the_owner_allows(holding):
    """At once: what was let go may be held again (Law 43)."""
    holding.consent(80)
    holding.keep(50)
    with refused("Holds_OverConsent", holding.eve, 81, 80):
        holding.keep(31)
    holding.keep(30)
    holding.let_go(80)
    holding.keep(80)


def test_consents_of_one_owner_are_apart(holding):
    """Each keeper has what it holds; together no more than the owner has (Law 44)."""
    holding.consent(80)
    holding.consent(80, keeper=holding.ben)
    holding.keep(60)
    with refused("ERC7943InsufficientUnfrozenBalance", holding.ann, 41, 40):
        holding.keep(41, keeper=holding.ben)
    holding.keep(40, keeper=holding.ben)
    with refused("Holds_OverKept", holding.ben, 41, 40):
        holding.let_go(41, keeper=holding.ben)
    with refused("Holds_OverKept", holding.eve, 61, 60):
        holding.give(61)
    assert holding.shares(holding.ann) == [(100, 100)]


def test_while_something_is_held_the_consent_only_grows(holding):
    """Neither its most nor its time falls; it ends when nothing is held (Law 43)."""
    holding.consent(80)
    holding.keep(1)
    until = holding.kept()[0]
    for most, last in ((79, until), (80, until - 1), (0, until), (0, 0)):
        with refused("Holds_InUse", holding.eve, 1):
            holding.consent(most, last)
    holding.consent(80, until)
    holding.consent(81, until + 1)
    assert holding.kept() == (until + 1, 81, 1, False)
    holding.let_go(1)
    holding.consent(0, until)
    assert holding.kept() == (0, 0, 0, False)
    with refused("Holds_OverConsent", holding.eve, 1, 0):
        holding.keep(1)


def test_a_keeper_is_somebody_and_its_time_lies_ahead(holding):
    """Up to fifty years; a time in milliseconds is refused."""
    now = holding.kit.now
    limit = now + LONGEST_CONSENT
    with refused("Holds_Malformed", ZERO, 80):
        holding.consent(80, keeper=ZERO)
    with refused("Holds_Past", now - 1, now):
        holding.consent(80, now - 1)
    for until in (limit + 1, now * 1_000):
        with refused("Holds_TooFar", until, limit):
            holding.consent(80, until)
    for until in (now, limit):
        holding.consent(80, until)
        assert holding.kept() == (until, 80, 0, False)
    holding.consent(0, 0)


@pytest.mark.parametrize("function", ["keep", "let_go", "give", "take_back", "void_kept"])
def test_nothing_is_not_moved(holding, function):
    """Zero is neither held, delivered nor let go; nothing kept is neither taken back nor ended."""
    holding.consent()
    owner, eve = holding.ann, holding.eve
    whom = {"keep": owner, "let_go": owner, "give": holding.ben}.get(function, eve)
    call = getattr(holding, function)
    with refused("Holds_Malformed", whom, 0):
        call() if whom == eve else call(0)


@pytest.mark.parametrize("whom", ["nobody", "owner", "holds", "token"])
def test_a_keeper_delivers_to_somebody(holding, whom):
    """Not to nobody, the owner, the contract that holds, or the token."""
    named = {
        "nobody": ZERO,
        "owner": holding.ann,
        "holds": holding.holds.address,
        "token": holding.token.address,
    }
    holding.consent()
    holding.keep(10)
    with refused("Holds_Malformed", named[whom], 10):
        holding.give(10, to=named[whom])


def test_only_the_owner_takes_back(holding):
    """Neither the keeper nor a stranger (Law 43)."""
    holding.consent()
    holding.keep(10)
    holding.kit.now += 2 * DAY
    for caller in (holding.eve, holding.harness.stranger, holding.harness.owner):
        with refused("Holds_NotOwner", caller, holding.ann):
            holding.take_back(sender=caller)


# ------------------------------------------------- recoveries, orders, other contracts


def test_a_recovery_ends_consents_and_not_what_is_held(holding):
    """The keeper holds no more of the lost wallet's; it delivers and lets go of what is the
    successor's now, who takes back the rest (Law 43, Law 44)."""
    holding.consent(80)
    holding.keep(60)
    holding.recover(holding.ann, NEW)
    with refused("Holds_HasSuccessor", holding.ann):
        holding.keep(1)
    with refused("Holds_HasSuccessor", holding.ann):
        holding.consent(90)
    holding.give(10)
    holding.let_go(20)
    assert holding.shares(NEW, holding.ben) == [(90, 30), (10, 0)]
    holding.kit.now += 2 * DAY
    with refused("Holds_NotOwner", holding.ann, NEW):
        holding.take_back()
    holding.take_back(sender=NEW)
    assert holding.shares(NEW) == [(90, 0)]
    with refused("Holds_OverConsent", holding.eve, 1, 0):
        holding.keep(1, owner=NEW)


def test_the_owner_of_the_token_ends_a_pledge_and_its_consent(holding):
    """By an order that is told; the keeper cannot hold the shares again at once (Law 43)."""
    holding.consent(80)
    holding.keep(60)
    for caller in (holding.harness.agent, holding.ann, holding.eve, holding.harness.stranger):
        with refused("Holds_NotTokenOwner", caller, holding.token.address):
            holding.void_kept(sender=caller)
    who = {"keeper": holding.eve, "asset": holding.token.address, "owner": holding.ann}
    assert holding.void_kept().events == (
        ("KeeperSet", {**who, "most": 0, "until": 0}),
        ("KeptVoided", {**who, "documentHash": ORDER, "amount": 60}),
        ("HeldSet", {"account": holding.ann, "held": 0}),
    )
    assert holding.kept() == (0, 0, 0, False)
    with refused("Holds_OverConsent", holding.eve, 1, 0):
        holding.keep(1)


def test_a_pledge_of_a_lost_wallet_is_ended_for_its_successor(holding):
    """The shares are free there."""
    holding.consent(80)
    holding.keep(60)
    holding.recover(holding.ann, NEW)
    holding.void_kept()
    assert holding.shares(NEW) == [(100, 0)]


@pytest.mark.attack("J10")
def test_a_keeper_lets_go_of_what_an_agent_left(holding):
    """Less than it holds; nothing stays locked (Law 44)."""
    holding.consent(80)
    holding.consent(20, keeper=holding.ben)
    holding.keep(80)
    holding.keep(20, keeper=holding.ben)
    holding.order("forcedTransfer", holding.ann, holding.harness.dan, 70)
    assert holding.shares(holding.ann) == [(30, 30)]
    with refused("Holds_Refused", holding.token.address, holding.ann, holding.ben, 31):
        holding.give(31)
    assert holding.let_go(80).named("KeptReleased")[0]["amount"] == 30
    assert holding.let_go(20, keeper=holding.ben).named("KeptReleased")[0]["amount"] == 0
    assert holding.shares(holding.ann) == [(30, 0)]


def test_more_is_held_where_the_rest_is_held(holding):
    """While something is kept, a consent is for shares in the wallet or in custody, not both
    (Law 44)."""
    token = holding.token
    token.send("approve", holding.holds.address, 100, sender=holding.ann)
    holding.consent(80)
    holding.keep(10)
    holding.appoint(ZERO)
    with refused("Holds_ModeChanged", token.address, False):
        holding.keep(10)
    with refused("ShareToken_NotHoldsContract", holding.holds.address):
        holding.let_go(10)
    holding.appoint(holding.holds.address)
    holding.let_go(10)
    holding.appoint(ZERO)
    holding.keep(10)
    assert holding.kept()[3]
    holding.appoint(holding.holds.address)
    with refused("Holds_ModeChanged", token.address, True):
        holding.keep(10)
    with refused("Holds_NotTokenOwner", holding.harness.owner, token.address):
        holding.void_kept()
    holding.give(10)
    holding.keep(10)
    assert not holding.kept()[3]
    assert holding.shares(holding.ann, holding.ben) == [(90, 10), (10, 0)]


def test_two_of_a_persons_wallets_are_two_owners(kit):
    """What one lets a keeper hold is not the other's."""
    harness = Compliant(kit)
    harness.know({NEXT: investor(1)})
    harness.issue({harness.ann: 50, NEXT: 50})
    holding = Holding(harness)
    holding.consent(80)
    with refused("Holds_OverConsent", holding.eve, 1, 0):
        holding.keep(1, owner=NEXT)
