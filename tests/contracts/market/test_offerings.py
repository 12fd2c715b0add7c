"""Offerings: shares sold at a price, delivered against money, or everything goes back."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Harness
from tests.contracts.market.calls import Calls, Stage, State


@pytest.fixture
def calls(kit) -> Calls:
    """A token, its issuer, and five who have money."""
    return Calls(Harness(kit))


@pytest.mark.parametrize("mint", [True, False], ids=["minted", "held"])
def test_an_offering_that_is_oversubscribed_is_shared_out(calls, mint):
    """Each gets its part to the lot, and the rest of its money back (Laws 53, 54, 55)."""
    terms = calls.terms() if mint else calls.sale()
    calls.open(terms)
    orders = [calls.bid(terms, who, lots) for who, lots in zip(calls.people, (60, 60, 30, 30, 20))]
    assert calls.escrow(terms) == (200_000_000, 0, 0)
    calls.close(terms)
    assert calls.stage(terms) == Stage.SETTLING
    before = calls.money(*calls.people)
    calls.settle(terms, 3)
    calls.settle(terms)
    assert calls.stage(terms) == Stage.SETTLED
    assert calls.got(terms, *orders) == [(30, 30), (30, 30), (15, 15), (15, 15), (10, 10)]
    assert calls.shares(*calls.people) == [300, 300, 150, 150, 100]
    back = [now - was for now, was in zip(calls.money(*calls.people), before)]
    assert back == [30_000_000, 30_000_000, 15_000_000, 15_000_000, 10_000_000]
    assert calls.money(calls.issuer) == [1_000_000_000_000 + 100_000_000]
    assert calls.escrow(terms) == (0, 0, 0)
    assert {calls.state(terms, order) for order in orders} == {State.ENDED}


def test_a_failed_offering_pays_everything_back(calls):
    """Too few lots: nobody gets shares, and the principal no money (Law 58)."""
    terms = calls.terms(least_lots=50, return_until=calls.kit.now + 20 * 86_400)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 49)
    calls.close(terms)
    assert calls.stage(terms) == Stage.FAILED
    calls.refund(terms, order)
    assert calls.money(calls.ann) == [1_000_000_000_000]
    assert calls.escrow(terms) == (0, 0, 0)


def test_holders_trade_among_themselves(kit):
    """One price, all who are better served whole."""
    calls = Calls(Harness(kit), holders=1_000)
    terms = calls.among()
    calls.open(terms)
    ann, ben, cid, dan = calls.ann, calls.ben, calls.cid, calls.dan
    orders = [
        calls.bid(terms, ann, 10, 5), calls.ask(terms, ben, 8, 2),
        calls.bid(terms, cid, 5, 4), calls.ask(terms, dan, 10, 4),
    ]  # fmt: skip
    receipt = calls.close(terms)
    print(receipt.events)
    calls.settle(terms, 2)
    calls.settle(terms)
    print(calls.got(terms, *orders), calls.escrow(terms), calls.held(*calls.people))
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.held(*calls.people) == [0] * 5


def test_a_tender(kit):
    calls = Calls(Harness(kit), holders=1_000)
    terms = calls.tender(lots=100)
    calls.open(terms)
    orders = [calls.ask(terms, who, 50, step) for step, who in enumerate(calls.people)]
    receipt = calls.close(terms)
    print(receipt.events)
    calls.settle(terms)
    print(calls.got(terms, *orders), calls.escrow(terms), calls.held(*calls.people))
    calls.send("payPrincipal", terms)
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.held(*calls.people) == [0] * 5
