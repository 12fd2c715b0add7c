"""Shares of a real ERC-3643 token from npm trade too: its own token, registry, compliance and
identities, as others deploy them. Nothing of it knows of the settlement, which is in no registry.
"""

from __future__ import annotations

import pytest

from tests.chainkit import Codec, RevmKit
from tests.contracts.harness import Harness, refused
from tests.contracts.reference import ReferenceSuite, objected, reference_artifacts
from tests.contracts.trading import MAKER, TAKER, THIRD, Market


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """The suite's contracts beside ours, which have the better names for what both have."""
    return Codec({**reference_artifacts(), **artifacts})


class Reference(Harness):
    """The suite's own token, whose verified investors are those who trade."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.suite = ReferenceSuite(kit, self.owner, self.agent)
        self.token = self.suite.reference_token()
        wallets = (MAKER.address, TAKER.address, THIRD.address)
        self.identities = dict(zip(wallets, self.suite.know(*wallets), strict=True))


@pytest.fixture
def market(kit) -> Market:
    """Where shares of the reference's token are sold for dollars."""
    return Market.of(Reference(kit))


def test_its_shares_are_sold_by_an_order(market):
    """Whole, by either side, and in parts; the settlement keeps nothing and is in no registry."""
    market.fill(market.sale(shares=100, money=10**9))
    market.fill(market.purchase(shares=50, money=10**9, nonce=1))
    assert market.shares(market.maker, market.taker) == [850, 150]
    in_parts = market.sale(shares=30, money=100, nonce=2).in_parts()
    for amount in (7, 7, 16):
        market.fill(in_parts, amount)
    assert market.shares(market.maker, market.taker, market.settlement.address) == [820, 180, 0]
    assert market.money(market.maker, market.settlement.address) == [2 * 10**9 + 100, 0]
    registry = market.harness.suite.registry
    assert not registry.call("contains", market.settlement.address)


def test_its_shares_are_a_leg_of_a_trade(market):
    """Against money, brought by a stranger, all or nothing (Law 49)."""
    market.settle(market.swap(shares=100, money=10**9))
    assert market.shares(market.maker, market.taker) == [900, 100]
    assert market.money(market.maker) == [10**9]


def test_who_is_not_verified_receives_nothing(market):
    """The token's own words come through, and no money has moved."""
    suite = market.harness.suite
    suite.remove_claims(market.harness.identities[market.taker], market.taker)
    before = market.money(market.maker, market.taker)
    with objected("Transfer not possible"):
        market.fill(market.sale())
    with objected("Transfer not possible"):
        market.settle(market.swap())
    assert market.money(market.maker, market.taker) == before
    assert market.shares(market.taker) == [0]


def test_frozen_and_paused_shares_are_not_sold(market):
    """By the token's own words."""
    token, agent = market.token, market.harness.agent
    token.send("freezePartialTokens", market.maker, 950, sender=agent)
    with objected("Insufficient Balance"):
        market.fill(market.sale())
    market.fill(market.sale(shares=50))
    token.send("pause", sender=agent)
    with objected("Pausable: paused"):
        market.fill(market.sale(shares=1, nonce=1))


def test_an_order_that_is_spent_stays_spent(market):
    """Whatever the token is (Law 50)."""
    order = market.sale()
    market.fill(order)
    with refused("TradeSettlement_Spent", market.maker, 0):
        market.fill(order)


def test_explain_says_what_it_can(market):
    """It never reverts, counts balances and allowances, and leaves the rest to be tried."""
    order = market.sale()
    call = (order.encodable(), order.signed(market.settlement), market.taker, order.give_amount)
    obstacles, *_ = market.settlement.call("explain", *call)
    assert obstacles == ()
    market.token.send("approve", market.settlement.address, 0, sender=market.maker)
    obstacles, *_ = market.settlement.call("explain", *call)
    assert len(obstacles) == 1
