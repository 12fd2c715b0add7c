"""Tenders: a principal buys shares back, for a budget that is here before anybody asks."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import Harness, refused
from tests.contracts.market.calls import ADA, DOCUMENT, Calls, Kind, Side, Stage

PURSE = 1_000_000_000_000
LOT = 1_000_000


@pytest.fixture
def calls(kit) -> Calls:
    """A token, its issuer, and five who have a thousand shares each."""
    return Calls(Harness(kit), holders=1_000)


def test_a_tender_buys_the_cheapest(calls):
    """All at one price; what is left of the budget goes back (Laws 53 to 58)."""
    terms = calls.tender(lots=120)
    calls.open(terms)
    assert calls.money(calls.issuer) == [PURSE - 1_000 * LOT]
    assert calls.escrow(terms) == (1_000 * LOT, 0, 0)
    orders = [calls.ask(terms, who, 50, step) for step, who in enumerate(calls.people)]
    with refused("CallAuction_WrongSide", Side.BID, Kind.TENDER):
        calls.bid(terms, calls.ann, 5)
    calls.close(terms)
    paid = 1_200_000
    assert calls.call(terms)["clearing"] == {
        "step": 2, "price": paid, "lots": 120, "demand": 120, "supply": 150,
    }  # fmt: skip
    calls.settle(terms, 2)
    assert calls.escrow(terms) == (1_000 * LOT - 100 * paid, 0, 0)
    calls.send("payPrincipal", terms)
    assert calls.escrow(terms) == (20 * paid, 0, 0)
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(50, 50), (50, 50), (20, 20), (0, 0), (0, 0)]
    assert calls.shares(calls.issuer) == [10_120]
    assert calls.money(*calls.people) == [PURSE + lots * paid for lots in (50, 50, 20, 0, 0)]
    assert calls.money(calls.issuer) == [PURSE - 120 * paid]
    assert calls.held(*calls.people) == [0] * 5
    assert calls.escrow(terms) == (0, 0, 0)


def test_a_budget_bounds_what_is_bought(calls):
    """As many lots as it pays for (Laws 54, 57)."""
    terms = calls.tender(lots=100, budget=60 * LOT, steps=1, ladders=calls.ladder(LOT, 0))
    calls.open(terms)
    orders = [calls.ask(terms, who, 40) for who in calls.people[:3]]
    calls.close(terms)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(20, 20)] * 3
    assert calls.escrow(terms) == (0, 0, 0)


def test_a_tender_that_is_cancelled_or_fails_gives_the_budget_back(calls):
    """All of it (Law 58)."""
    terms = calls.tender(least_lots=50)
    calls.open(terms)
    order = calls.ask(terms, calls.ann, 10)
    calls.close(terms)
    assert calls.stage(terms) == Stage.FAILED
    told = calls.send("payPrincipal", terms).named("PrincipalPaid")
    assert [one["amount"] for one in told] == [1_000 * LOT]
    calls.refund(terms, order)
    assert calls.held(calls.ann) == [0]
    other = calls.tender(salt=b"\1" * 32)
    calls.open(other)
    calls.send("cancel", other, DOCUMENT, sender=calls.issuer)
    calls.send("payPrincipal", other)
    assert calls.money(calls.issuer) == [PURSE]


def test_lots_that_cannot_be_bought_give_the_budget_back_in_the_end(calls):
    """And the shares to who asked (Laws 58, 59)."""
    terms = calls.tender(lots=100)
    calls.open(terms)
    orders = [calls.ask(terms, who, 50) for who in calls.people[:2]]
    calls.close(terms)
    calls.token.send("setAddressFrozen", calls.ann, True, sender=calls.agent)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(50, 0), (50, 50)]
    with refused("CallAuction_NotAPair", 0, 0):
        calls.send("deliver", terms, [(0, 0)])
    calls.send("payPrincipal", terms)
    price = calls.call(terms)["clearing"]["price"]
    assert calls.escrow(terms) == (50 * price, 0, 0)
    calls.send("deliver", terms, [(0, 1)])
    assert calls.got(terms, 1) == [(50, 0)]
    calls.late(terms)
    calls.refund(terms, *orders)
    calls.send("payPrincipal", terms)
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.held(calls.ann) == [0]


def test_whose_money_a_tender_takes(calls):
    """Of the principal, who opens it or has signed; all that is due, or nothing (Law 53)."""
    terms = calls.tender(opener=calls.owner, principal=ADA.address)
    with refused("CallAuction_NotSigned", ADA.address):
        calls.open(terms)
    with refused("CallAuction_Short", calls.dollar.address, 0, 1_000 * LOT):
        calls.open(terms, calls.opening(terms, ADA))
    calls.pay(ADA.address, PURSE)
    calls.open(terms, calls.opening(terms, ADA))
    assert calls.escrow(terms) == (1_000 * LOT, 0, 0)
    assert calls.owed(terms, ZERO) == 0
