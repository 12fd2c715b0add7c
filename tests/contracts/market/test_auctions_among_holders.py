"""Auctions among holders: one price for all, shares held until they are delivered."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import Compliant
from tests.contracts.harness import Harness, person, refused
from tests.contracts.market.calls import Calls, Failure, Kind, Ladder, Side, Stage, State

PURSE = 1_000_000_000_000
LOT = 1_000_000
NOBODYS = person(1)


@pytest.fixture
def calls(kit) -> Calls:
    """A token, and five who have a thousand shares and money."""
    return Calls(Harness(kit), holders=1_000)


def price(step: int) -> int:
    """Money for a lot."""
    return LOT + step * 100_000


def test_holders_trade_at_one_price(calls):
    """All pay it, whatever their limit; the rest goes back in the same page (Laws 53 to 57)."""
    terms = calls.among(fee_to=calls.issuer, fee_bps=100)
    calls.open(terms)
    ann, ben, cid, dan, eve = calls.people
    orders = [
        calls.bid(terms, ann, 10, 5), calls.ask(terms, ben, 8, 2), calls.bid(terms, cid, 5, 4),
        calls.ask(terms, dan, 10, 4), calls.bid(terms, eve, 3, 1), calls.ask(terms, eve, 3, 9),
    ]  # fmt: skip
    assert calls.held(*calls.people) == [0, 80, 0, 100, 30]
    cleared = calls.close(terms).named("Closed")[0]
    assert (cleared["step"], cleared["lots"], cleared["demand"], cleared["supply"]) == (4, 15, 15, 18)
    pages = 0
    while calls.stage(terms) == Stage.SETTLING:
        calls.settle(terms, 1)
        pages += 1
    assert pages > 6
    assert calls.got(terms, *orders) == [(10, 10), (8, 8), (5, 5), (7, 7), (0, 0), (0, 0)]
    paid = [PURSE - 10 * price(4), PURSE + 8 * price(4), PURSE - 5 * price(4)]
    fees = [8 * price(4) // 100, 2 * price(4) // 100, 5 * price(4) // 100]
    assert calls.money(ann, cid, eve) == [paid[0], paid[2], PURSE]
    assert calls.money(ben, dan) == [paid[1] - fees[0], PURSE + 7 * price(4) - sum(fees[1:])]
    assert calls.money(calls.issuer) == [PURSE + sum(fees)]
    assert calls.shares(*calls.people) == [1_100, 920, 1_050, 930, 1_000]
    assert calls.held(*calls.people) == [0] * 5
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.call(terms)["passed"] == 6


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_pages_of_any_size_end_alike(calls, most):
    """Who calls, and how far, changes nothing (Law 60)."""
    terms = calls.among()
    calls.open(terms)
    for turn, who in enumerate(calls.people * 2):
        side = Side.ASK if turn % 2 else Side.BID
        calls.place(terms, who, 3 + turn, 4, side)
    calls.close(terms)
    while calls.stage(terms) == Stage.SETTLING:
        calls.send("settle", terms, most, sender=calls.people[most % 5])
    got = calls.got(terms, *range(1, 11))
    assert got == [(x, x) for x in (3, 3, 5, 5, 7, 7, 9, 9, 11, 11)]
    assert sum(x for x, _ in got[::2]) == sum(x for x, _ in got[1::2]) == 35
    assert calls.escrow(terms) == (0, 0, 0)


def test_an_ask_that_is_withdrawn_lets_its_shares_go(calls):
    """At once, as long as that can be."""
    terms = calls.among(withdraw_until=calls.kit.now + 100)
    calls.open(terms)
    order = calls.ask(terms, calls.ann, 10, 5)
    calls.send("withdraw", terms, order, sender=calls.ann)
    assert calls.held(calls.ann) == [0]
    calls.close(terms)
    assert calls.stage(terms) == Stage.FAILED


def test_an_ask_needs_a_consent_that_lasts(calls):
    """And no more than that can be held of its owner's shares."""
    terms = calls.among()
    calls.open(terms)
    with refused("CallAuction_ConsentTooShort", NOBODYS, 0, terms.settle_by):
        calls.ask(terms, NOBODYS, 1)
    with refused("ERC7943InsufficientUnfrozenBalance", calls.ann, 1_010, 1_000):
        calls.ask(terms, calls.ann, 101)
    with refused("CallAuction_TooLarge", 2**40, 2**40 - 1):
        calls.ask(terms, calls.ann, 2**40)


def test_an_ask_whose_shares_are_gone_is_struck(calls):
    """And restored if they are there again (Law 59)."""
    terms = calls.among()
    calls.open(terms)
    order = calls.ask(terms, calls.ann, 50, 2)
    calls.token.send("forcedTransfer", calls.ann, calls.ben, 600, sender=calls.agent)
    assert calls.send("strike", terms, [order]).named("Struck")
    assert list(calls.auction.call("interestAt", calls.id(terms), 2)) == [0, 0]
    assert calls.send("strike", terms, [order]).events == ()
    assert calls.send("restore", terms, [order]).events == ()
    calls.harness.move(calls.ben, calls.ann, 600)
    other = calls.ask(terms, calls.ann, 10, 3)
    assert calls.send("strike", terms, [other]).events == ()
    calls.bid(terms, calls.cid, 5, 5)
    calls.close(terms)
    calls.settle(terms)
    assert calls.got(terms, order, other) == [(0, 0), (5, 5)]
    calls.late(terms)
    calls.refund(terms, order, other)
    assert calls.held(calls.ann) == [0]
    assert calls.state(terms, order) == State.ENDED


def test_pairs_are_mixed_anew(calls):
    """Where one of a pair cannot be delivered to, others take its place (Laws 58, 59)."""
    terms = calls.among()
    id_ = calls.id(terms)
    calls.open(terms)
    ann, ben, cid, dan, _ = calls.people
    orders = [
        calls.bid(terms, ann, 5, 5), calls.bid(terms, ben, 5, 5),
        calls.ask(terms, cid, 5, 2), calls.ask(terms, dan, 5, 2),
    ]  # fmt: skip
    calls.close(terms)
    paid = calls.call(terms)["clearing"]["price"]
    for who in (ann, dan):
        calls.token.send("setAddressFrozen", who, True, sender=calls.agent)
    told = calls.settle(terms).named("NotDelivered")
    assert [(one["bid"], one["ask"], one["lots"]) for one in told] == [(1, 3, 5), (2, 4, 5)]
    assert calls.got(terms, *orders) == [(5, 0)] * 4
    for pair in ((1, 2), (3, 4), (3, 2), (0, 3), (1, 0)):
        with refused("CallAuction_NotAPair", *pair):
            calls.send("deliver", terms, [pair])
    receipt = calls.send("deliver", terms, [(2, 3)])
    assert [one["lots"] for one in receipt.named("Delivered")] == [5]
    assert calls.money(ben, cid) == [PURSE - 5 * paid, PURSE + 5 * paid]
    with refused("CallAuction_OrderNotIn", id_, 2, State.ENDED):
        calls.send("deliver", terms, [(2, 4)])
    calls.late(terms)
    calls.refund(terms, *orders)
    assert calls.money(ann) == [PURSE]
    assert calls.held(*calls.people) == [0] * 5
    assert calls.escrow(terms) == (0, 0, 0)
    with refused("CallAuction_NothingLeft", id_, ZERO):
        calls.send("payPrincipal", terms)


def test_a_page_that_ends_within_an_order(calls):
    """What was tried of it counts; the rest goes back if nobody goes on (Laws 58, 60)."""
    terms = calls.among()
    calls.open(terms)
    ann, ben, cid, *_ = calls.people
    orders = [calls.bid(terms, ann, 10, 5), calls.ask(terms, ben, 4, 5), calls.ask(terms, cid, 6, 5)]
    calls.close(terms)
    calls.settle(terms, 2)
    assert calls.got(terms, *orders) == [(10, 4), (4, 4), (0, 0)]
    assert calls.state(terms, orders[0]) == State.ALLOTTED
    before = calls.kit.evm.snapshot()
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(10, 10), (4, 4), (6, 6)]
    assert {calls.state(terms, order) for order in orders} == {State.ENDED}
    calls.kit.evm.revert(before)
    calls.late(terms)
    calls.refund(terms, *orders)
    assert calls.got(terms, *orders) == [(10, 4), (4, 4), (0, 0)]
    assert calls.money(ann) == [PURSE - 4 * price(5)]
    assert calls.held(*calls.people) == [0] * 5
    assert calls.escrow(terms) == (0, 0, 0)


def test_a_seller_that_cannot_be_paid_is_owed(calls):
    """Its lots are delivered all the same (Laws 53, 59)."""
    coin = calls.kit.deploy("SilentBlockList")
    calls.pay(calls.ann, 100 * LOT, coin)
    terms = calls.among(ladders=(Ladder(coin.address, LOT), Ladder()), steps=1)
    calls.open(terms)
    calls.bid(terms, calls.ann, 5)
    calls.ask(terms, calls.ben, 5)
    calls.close(terms)
    coin.send("setBlocked", calls.ben, True)
    calls.settle(terms)
    assert calls.got(terms, 1, 2) == [(5, 5), (5, 5)]
    assert calls.escrow(terms) == (0, 0, 5 * LOT)
    assert calls.owed(terms, calls.ben) == 5 * LOT


def test_rules_with_a_least_holding_are_refused(kit):
    """Pairs would be refused for what others left them."""
    calls = Calls(Compliant(kit, minHolding=10), issue=False)
    with refused("CallAuction_LeastHolding", calls.token.address, 10):
        calls.open(calls.among())


def test_an_auction_in_which_nobody_meets(calls):
    """Fails, and everything goes back (Law 58)."""
    terms = calls.among()
    calls.open(terms)
    orders = [calls.bid(terms, calls.ann, 5, 1), calls.ask(terms, calls.ben, 5, 8)]
    preview = calls.auction.call("preview", terms.encodable(), 0)
    assert preview[2] == 0
    assert calls.close(terms).named("Failed")[0]["reason"] == Failure.NO_VOLUME
    calls.refund(terms, *orders)
    assert calls.money(calls.ann) == [PURSE]
    assert calls.held(calls.ben) == [0]
    assert calls.escrow(terms) == (0, 0, 0)
    with refused("CallAuction_WrongPrincipal", Kind.AUCTION, calls.ann):
        calls.open(calls.among(principal=calls.ann))
