"""Calls whose price comes from outside: subscriptions of a fund, and its redemptions."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import DAY, Harness, refused
from tests.contracts.market.calls import Calls, Side, Stage, State

PURSE = 1_000_000_000_000
LOT = 1_000_000


@pytest.fixture
def calls(kit) -> Calls:
    """A token, its issuer, and five who have a thousand shares and money."""
    return Calls(Harness(kit), holders=1_000)


def valued(calls: Calls, **changes: object):
    """A sale at a price between 1.00 and 1.90, which Eve names."""
    return calls.terms(valuer=calls.eve, steps=10, ladders=calls.ladder(), **changes)


def test_all_whose_limit_the_price_keeps_are_treated_alike(calls):
    """At a price that need not be a step; the others have their money back (Laws 53 to 56)."""
    terms = valued(calls, lots=10)
    calls.open(terms)
    orders = [
        calls.bid(terms, calls.ann, 10, 9), calls.bid(terms, calls.ben, 10, 5),
        calls.bid(terms, calls.cid, 10, 4),
    ]  # fmt: skip
    calls.kit.now = terms.closes_at + 1
    with refused("CallAuction_NotValuer", calls.stranger, calls.eve):
        calls.send("close", terms)
    with refused("CallAuction_NotValuer", calls.ann, calls.eve):
        calls.send("closeAt", terms, LOT, sender=calls.ann)
    for price in (LOT - 1, 1_900_001):
        with refused("CallAuction_WrongPrice", price, LOT, 1_900_000):
            calls.close(terms, price)
    preview = calls.auction.call("preview", terms.encodable(), 1_450_000)
    assert list(preview) == [0, 1_450_000, 10, 20, 10]
    calls.close(terms, 1_450_000)
    assert list(calls.auction.call("preview", terms.encodable(), 1)) == list(preview)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(5, 5), (5, 5), (0, 0)]
    assert calls.money(*calls.people[:3]) == [PURSE - 5 * 1_450_000] * 2 + [PURSE]
    assert calls.escrow(terms) == (0, 0, 0)


@pytest.mark.parametrize("lots", [10, 1_000], ids=["short", "enough"])
def test_a_subscription_by_amount(calls, lots):
    """Each gets the whole lots that its part of the money pays for (Laws 53 to 55)."""
    terms = valued(calls, lots=lots, by_amount=True, least_order=LOT)
    calls.open(terms)
    with refused("CallAuction_TooSmall", LOT - 1, LOT):
        calls.bid(terms, calls.ann, LOT - 1, 9)
    money = (10 * LOT, 25_500_000, 4_999_999)
    orders = [
        calls.bid(terms, who, amount, 9)
        for who, amount in zip(calls.people, money, strict=False)
    ]  # fmt: skip
    assert calls.escrow(terms) == (sum(money), 0, 0)
    assert calls.order(terms, 2)["quantity"] == 25_500_000
    assert list(calls.auction.call("interestAt", calls.id(terms), 9)) == [sum(money), 0]
    price = 1_500_000
    calls.close(terms, price)
    calls.settle(terms)
    parts = [amount * min(sum(money), lots * price) // sum(money) // price for amount in money]
    got = calls.got(terms, *orders)
    # The floor of the exact part, or one lot more.
    assert {allotted - part for (allotted, _), part in zip(got, parts, strict=True)} <= {0, 1}
    assert sum(allotted for allotted, _ in got) <= lots
    if lots == 1_000:
        assert got == [(6, 6), (17, 17), (3, 3)]
    assert calls.money(*calls.people[:3]) == [PURSE - price * x for x, _ in got]
    assert calls.escrow(terms) == (0, 0, 0)
    assert {calls.state(terms, order) for order in orders} == {State.ENDED}


def test_a_bid_by_amount_that_buys_no_lot(calls):
    """Is paid back whole."""
    terms = valued(calls, by_amount=True, most_per_person=100 * LOT)
    calls.open(terms)
    orders = [calls.bid(terms, calls.ann, 5 * LOT, 9), calls.bid(terms, calls.ben, LOT, 9)]
    with refused("CallAuction_OverLimit", int(calls.ann, 16), 101 * LOT, 100 * LOT):
        calls.bid(terms, calls.ann, 96 * LOT, 9)
    calls.close(terms, 1_800_000)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(2, 2), (0, 0)]
    assert calls.money(calls.ben) == [PURSE]
    assert calls.auction.call("orderedBy", calls.id(terms), Side.BID, int(calls.ben, 16)) == LOT


def test_a_withdrawn_bid_by_amount(calls):
    """Has all of its money back; a struck one in the end."""
    terms = valued(calls, by_amount=True, withdraw_until=calls.kit.now + 100)
    calls.open(terms)
    orders = [calls.bid(terms, who, 5 * LOT, 9) for who in calls.people[:3]]
    calls.send("withdraw", terms, orders[0], sender=calls.ann)
    assert calls.money(calls.ann) == [PURSE]
    calls.token.send("setAddressFrozen", calls.ben, True, sender=calls.agent)
    calls.send("strike", terms, orders[1:])
    assert list(calls.auction.call("interestAt", calls.id(terms), 9)) == [5 * LOT, 0]
    calls.close(terms, LOT)
    calls.settle(terms)
    calls.late(terms)
    calls.refund(terms, *orders)
    assert calls.money(calls.ben) == [PURSE]
    assert calls.escrow(terms) == (0, 0, 0)


def test_a_redemption_window_under_a_gate(calls):
    """Holders ask at limits, the price comes later, and who asked shares the gate alike."""
    terms = calls.tender(valuer=calls.eve, lots=100, budget=60 * LOT)
    calls.open(terms)
    orders = [calls.ask(terms, who, 40, 0) for who in calls.people[:3]]
    calls.ask(terms, calls.dan, 40, 9)
    calls.close(terms, 1_500_000)
    assert calls.call(terms)["clearing"] == {
        "step": 0, "price": 1_500_000, "lots": 40, "demand": 40, "supply": 120,
    }  # fmt: skip
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(13, 13), (13, 13), (14, 14)]
    assert calls.got(terms, 4) == [(0, 0)]
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.held(*calls.people) == [0] * 5


def test_a_valuer_that_does_not_come(calls):
    """The call fails, and everything goes back (Law 58)."""
    terms = valued(calls)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 5, 9)
    calls.kit.now = terms.closes_at + DAY + 1
    with refused("CallAuction_TooLate", terms.close_by, calls.kit.now):
        calls.close(terms, LOT)
    calls.send("fail", terms)
    assert calls.stage(terms) == Stage.FAILED
    calls.refund(terms, order)
    assert calls.money(calls.ann) == [PURSE]
    with refused("CallAuction_UnknownCall", calls.id(terms.but(salt=b"\1" * 32))):
        calls.auction.call("preview", terms.but(salt=b"\1" * 32).encodable(), 0)
    assert terms.valuer != ZERO


def test_a_valuer_can_only_confirm_a_single_price(calls):
    """What is bid at one price is counted with the call until it closes (Law 57)."""
    terms = valued(calls, lots=10)
    terms = terms.but(steps=1)
    calls.open(terms)
    orders = [calls.bid(terms, calls.ann, 10), calls.bid(terms, calls.ben, 30)]
    with refused("CallAuction_WrongPrice", 1_000_001, 1_000_000, 1_000_000):
        calls.close(terms, 1_000_001)
    calls.close(terms, 1_000_000)
    calls.settle(terms)
    assert sum(lots for lots, _ in calls.got(terms, *orders)) == 10
    assert calls.escrow(terms) == (0, 0, 0)


def test_a_bid_by_amount_beyond_what_can_be_counted(calls):
    """Is told how much money there is room for."""
    terms = valued(calls, by_amount=True)
    calls.open(terms)
    calls.bid(terms, calls.ann, 5 * LOT, 9)
    room = 2**128 - 1 - 5 * LOT
    with refused("CallAuction_TooLarge", room + 1, room):
        calls.bid(terms, calls.ben, room + 1, 9)
