"""Shares that a call cannot let go of: they keep nobody waiting, and money least of all (B7)."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO, Reverted
from tests.contracts.harness import DAY, Harness, refused
from tests.contracts.market.calls import MAX, Calls, Stage, State, Terms

MILLION = 1_000_000


@pytest.fixture
def calls(kit) -> Calls:
    """Five people have 1,000 shares each, which `Holds` takes into its custody."""
    calls = Calls(Harness(kit), holders=1_000)
    calls.token.send("setHoldsContract", ZERO, sender=calls.owner)
    for who in (*calls.people, calls.issuer):
        calls.token.send("approve", calls.holds.address, MAX, sender=who)
    return calls


def freeze(calls: Calls, who: str, frozen: bool = True) -> None:
    """Whoever is frozen receives nothing."""
    calls.token.send("setAddressFrozen", who, frozen, sender=calls.agent)


def kept(calls: Calls, *owners: str) -> list[int]:
    """What `Holds` keeps of each for the auction."""
    keys = (calls.auction.address, calls.token.address)
    return [int(calls.holds.call("consentOf", *keys, who)[2]) for who in owners]


def asked(calls: Calls) -> Terms:
    """Ann, Ben and Cid ask for six lots each; Dan bids for nine: three for each."""
    terms = calls.among()
    calls.open(terms)
    for who in (calls.ann, calls.ben, calls.cid):
        calls.ask(terms, who, 6, 5)
    calls.bid(terms, calls.dan, 9, 5)
    calls.close(terms)
    return terms


def test_refunds_pass_over_shares_that_cannot_be_let_go(calls):
    """The order stays as it was, and is refunded once it can be (Law 59)."""
    terms = calls.among()
    calls.open(terms)
    for who in (calls.ann, calls.ben, calls.cid):
        calls.ask(terms, who, 6, 5)
    calls.send("cancel", terms, bytes(32), sender=terms.opener)
    freeze(calls, calls.ben)
    told = calls.refund(terms, 1, 2, 3)
    assert [one["order"] for one in told.named("Refunded")] == [1, 3]
    assert calls.shares(calls.ann, calls.ben, calls.cid) == [1_000, 940, 1_000]
    assert [calls.state(terms, order) for order in (1, 2, 3)] == [
        State.ENDED, State.PLACED, State.ENDED,
    ]  # fmt: skip
    assert calls.refund(terms, 2).events == ()
    freeze(calls, calls.ben, frozen=False)
    [again] = calls.refund(terms, 1, 2).named("Refunded")
    assert (again["order"], again["money"], again["shares"]) == (2, 0, 60)
    assert calls.shares(calls.ben) == [1_000]
    assert calls.refund(terms, 2).events == ()


def test_a_page_goes_on_where_shares_that_an_ask_does_not_need_stay_held(calls):
    """It says so, and a refund tries again, at any time (Law 59)."""
    terms = asked(calls)
    freeze(calls, calls.ben)
    told = calls.settle(terms)
    assert calls.stage(terms) == Stage.SETTLED
    [stays] = told.named("NotReleased")
    assert (stays["id"], stays["order"], stays["shares"]) == (calls.id(terms), 2, 30)
    assert stays["owner"].lower() == calls.ben.lower()
    assert [one["order"] for one in told.named("Refunded") if one["shares"]] == [1, 3]
    assert calls.got(terms, 1, 2, 3) == [(3, 3)] * 3
    assert (calls.state(terms, 2), kept(calls, calls.ben)) == (State.ENDED, [30])
    assert calls.refund(terms, 1, 2, 3, 4).events == ()
    freeze(calls, calls.ben, frozen=False)
    [back] = calls.refund(terms, 1, 2, 3, 4).named("Refunded")
    assert (back["order"], back["money"], back["shares"]) == (2, 0, 30)
    assert kept(calls, *calls.people) == [0] * 5
    assert calls.shares(calls.ann, calls.ben, calls.cid) == [970] * 3
    assert calls.refund(terms, 2).events == ()


def test_what_stays_held_goes_back_with_what_was_not_delivered(calls):
    """Of an ask that was neither delivered nor let go; not before no delivery can need it."""
    terms = asked(calls)
    calls.token.send("pause", sender=calls.agent)
    told = calls.settle(terms)
    assert [one["shares"] for one in told.named("NotReleased")] == [30] * 3
    assert len(told.named("NotDelivered")) == 3
    calls.token.send("unpause", sender=calls.agent)
    with refused("CallAuction_NotRefundable", calls.id(terms), 1, terms.settle_by):
        calls.refund(terms, 1)
    calls.send("deliver", terms, [(4, 2)])
    [back] = calls.refund(terms, 2).named("Refunded")
    assert (back["order"], back["shares"]) == (2, 30)
    calls.late(terms)
    freeze(calls, calls.ann)
    told = calls.refund(terms, 1, 2, 3, 4)
    assert [(one["order"], one["shares"]) for one in told.named("Refunded")] == [(3, 60), (4, 0)]
    assert (calls.state(terms, 1), kept(calls, calls.ann)) == (State.ALLOTTED, [60])
    freeze(calls, calls.ann, frozen=False)
    [back] = calls.refund(terms, 1).named("Refunded")
    assert (back["order"], back["shares"]) == (1, 60)
    assert calls.got(terms, 1, 2, 3) == [(3, 0), (3, 3), (3, 0)]
    assert kept(calls, *calls.people) == [0] * 5
    assert calls.shares(calls.ann, calls.ben, calls.cid, calls.dan) == [1_000, 970, 1_000, 1_030]


def test_what_stays_held_is_taken_back_by_its_owner(calls):
    """After its consent's time; a refund then finds nothing to let go (Law 59)."""
    terms = asked(calls)
    freeze(calls, calls.ben)
    calls.settle(terms)
    freeze(calls, calls.ben, frozen=False)
    calls.kit.now += 366 * DAY
    calls.holds.send(
        "takeBack", calls.auction.address, calls.token.address, calls.ben, sender=calls.ben
    )
    assert calls.shares(calls.ben) == [970]
    assert calls.refund(terms, 2).named("Refunded")
    assert (calls.shares(calls.ben), kept(calls, calls.ben)) == ([970], [0])


def test_proceeds_do_not_wait_for_the_principal_s_shares(calls):
    """What is not sold stays held, and the next payment tries again (Law 59)."""
    terms = calls.sale(least_lots=50, return_until=calls.kit.now + 20 * DAY)
    calls.open(terms)
    calls.bid(terms, calls.ann, 40)
    calls.bid(terms, calls.ben, 20)
    calls.close(terms)
    freeze(calls, calls.ann)
    calls.settle(terms)
    freeze(calls, calls.issuer)
    calls.kit.now = terms.return_until + 1
    before = calls.money(calls.issuer)[0]
    told = calls.send("payPrincipal", terms)
    assert [one["amount"] for one in told.named("PrincipalPaid")] == [20 * MILLION]
    assert calls.money(calls.issuer)[0] - before == 20 * MILLION
    assert (kept(calls, calls.issuer), calls.shares(calls.issuer)) == ([800], [9_000])
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)
    freeze(calls, calls.issuer, frozen=False)
    assert calls.send("payPrincipal", terms).named("PrincipalPaid") == []
    assert (kept(calls, calls.issuer), calls.shares(calls.issuer)) == ([0], [9_800])
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)


def test_nobody_keeps_shares_held_by_bringing_little_gas(calls):
    """What a page has to bring for each (Law 59)."""
    terms = asked(calls)
    for function, arguments in (("settle", [100]), ("refund", [[1]])):
        if function == "refund":
            calls.late(terms)
        asking = calls.kit.codec.call("CallAuction", function, terms.encodable(), *arguments)
        with pytest.raises(Reverted, match="CallAuction_TooLittleGas"):
            calls.kit.transact(calls.stranger, calls.auction.address, asking, gas=500_000)


def test_an_owner_s_withdrawal_says_what_keeps_its_shares(calls):
    """Nobody else waits for it."""
    terms = calls.among(withdraw_until=calls.kit.now + 100)
    calls.open(terms)
    order = calls.ask(terms, calls.ann, 6, 5)
    freeze(calls, calls.ann)
    with pytest.raises(Reverted, match="Holds_Refused"):
        calls.send("withdraw", terms, order, sender=calls.ann)
    assert calls.state(terms, order) == State.PLACED


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("fail", ()), ("returnShares", (1, 1)), ("payPrincipal", ()), ("sweep", (0,))],
)
def test_a_call_that_was_never_opened_is_unknown(calls, function, arguments):
    """Whatever is wanted of it."""
    terms = calls.sale()
    with refused("CallAuction_UnknownCall", calls.id(terms)):
        calls.send(function, terms, *arguments)
