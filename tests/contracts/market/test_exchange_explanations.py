"""What stands in the way of an elective exchange is told beforehand, and nothing else is."""

from __future__ import annotations

import random

import pytest

from tests.chainkit import Reverted
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, refused
from tests.contracts.market.exchanging import Code, Exchanging
from tests.model.register import Code as Rule


class Explained(Exchanging):
    """An exchange with somebody who explains it."""

    def __init__(self, harness, **options):
        super().__init__(harness, **options)
        self.explainer = self.kit.deploy("ExchangeExplainer", self.exchange.address)

    def explain(self, it, shares, holder=None):
        """Obstacles as (code, value, limit), the rules' refusals, and the most."""
        obstacles, refusals, most = self.explainer.call("explain", it, holder or self.ann, shares)
        told = [(Code(code), value, limit) for code, value, limit in obstacles]
        return told, [(Rule(code), value, limit) for code, value, limit in refusals], most

    def passes(self, it, shares, holder=None):
        """Whether the exchange would pass, tried and undone."""
        before = self.kit.evm.snapshot()
        try:
            self.now(it, shares, holder)
        except Reverted:
            return False
        finally:
            self.kit.evm.revert(before)
        return True


@pytest.fixture
def explained(harness) -> Explained:
    """Ann has 1,000 shares, Ben 500."""
    x = Explained(harness)
    harness.issue({x.ann: 1_000, x.ben: 500})
    return x


def test_nothing_stands_in_the_way_of_what_passes(explained):
    x = explained
    it = x.facility()
    assert x.explainer.call("shareExchange") == x.exchange.address
    assert x.explain(it, 800) == ([], [], 800)
    assert x.passes(it, 800)
    assert not x.passes(it, 801)


def test_what_was_never_opened_has_no_explanation(explained):
    with refused("ShareExchange_UnknownExchange", 3):
        explained.explain(3, 1)


def test_each_obstacle_is_told_with_its_figures(explained):
    x = explained
    now = x.kit.now
    early = x.facility(opens_at=now + 5)
    assert x.explain(early, 1) == ([(Code.NOT_OPEN, now, now + 5)], [], 0)
    mandatory = x.open(x.maturity(closes_at=now + 2 * DAY))
    assert x.explain(mandatory, 1)[0] == [
        (Code.NOT_OPEN, now, now + DAY), (Code.MANDATORY, 1, 0),
    ]  # fmt: skip
    it = x.facility(1_000_000_000, day_limit=500, max_age=100)
    assert x.explain(it, 0) == ([(Code.NOTHING, 0, 1)], [], 500)
    assert x.explain(it, 501)[0] == [(Code.OVER_DAY_LIMIT, 501, 500)]
    assert x.explain(it, 1_001)[0] == [
        (Code.OVER_DAY_LIMIT, 1_001, 500), (Code.BALANCE, 1_001, 1_000),
    ]  # fmt: skip
    poor = x.facility(100 * 1_250_000 - 1)
    assert x.explain(poor, 100) == ([(Code.UNFUNDED, 125_000_000, 124_999_999)], [], 99)
    x.kit.now += 101
    assert x.explain(it, 1) == ([(Code.PRICE_TOO_OLD, now, 100)], [], 0)


def test_shares_that_are_not_free_are_told_with_the_reason(explained):
    x = explained
    it = x.facility(10**12)
    x.holding.order("freezePartialTokens", x.ann, 700)
    assert x.explain(it, 301) == (
        [(Code.NOT_FREE, 301, 300)], [(Rule.AMOUNT_FROZEN, 301, 300)], 300,
    )  # fmt: skip
    x.holding.order("pause")
    assert x.explain(it, 1) == ([(Code.NOT_FREE, 1, 0)], [(Rule.PAUSED, 0, 0)], 0)


def test_who_cannot_pay_is_told_what_is_missing(explained):
    x = explained
    it = x.open(x.redemption(gets=0, pays=3, other=x.other.address, other_shares=1))
    assert x.explain(it, 2)[0] == [(Code.DUE_BALANCE, 6, 0), (Code.DUE_ALLOWANCE, 6, 0)]
    x.give_money(x.ann, 100)
    assert x.explain(it, 34) == ([(Code.DUE_BALANCE, 102, 100)], [], 33)
    x.other.send("setAddressFrozen", x.ann, True, sender=x.agent)
    assert x.explain(it, 2) == ([(Code.OTHER_REFUSED, 2, 0)], [], 0)
    x.harness.issue({x.treasury: 5})
    assert x.explain(it, 5, x.treasury) == ([], [], 5)


def test_the_treasury_s_and_the_acquirer_s_sides_are_seen(kit):
    c = Compliant(kit, maxHolding=150)
    x = Explained(c)
    c.issue({x.ann: 100, x.ben: 120})
    it = x.facility(10**12, burns=False, acquirer=x.ben)
    assert x.explain(it, 31) == (
        [(Code.GIVE_REFUSED, 31, 30)], [(Rule.MAX_HOLDING, 151, 150)], 30,
    )  # fmt: skip
    assert x.explain(it, 5, x.ben)[0] == [(Code.GIVE_REFUSED, 5, 0)]


def test_shares_of_somebody_are_seen_with_its_consent(explained):
    x = explained
    x.other.send("mint", x.dan, 50, sender=x.agent)
    x.other.send("setHoldsContract", x.holds.address, sender=x.owner)
    it = x.open(x.redemption(gets=0, other=x.other.address, other_shares=1, other_from=x.dan))
    assert x.explain(it, 20) == ([(Code.OTHER_REFUSED, 20, 0)], [], 0)
    x.consent(30, x.kit.now + DAY, x.dan, x.other)
    assert x.explain(it, 20) == ([], [], 30)
    x.other.send("freezePartialTokens", x.dan, 25, sender=x.agent)
    assert x.explain(it, 26) == ([(Code.OTHER_REFUSED, 26, 25)], [], 25)
    assert x.passes(it, 25)


def test_a_closed_exchange_is_not_open(explained):
    x = explained
    it = x.facility()
    x.exchange.send("close", it, sender=x.owner)
    assert x.explain(it, 1)[0][0][0] == Code.NOT_OPEN


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_listed_if_and_only_if_it_passes(kit, seed):
    """Random terms, holdings, freezes, lock-ups and funds: the list is empty exactly where the
    exchange passes, and the most is the most."""
    dice = random.Random(seed)
    c = Compliant(kit, lockUp=dice.choice([0, 5 * DAY]), maxHolding=dice.choice([0, 400]))
    x = Explained(c)
    c.know({x.acquirer: investor(7)})
    c.issue({x.ann: dice.randrange(1, 300), x.ben: 150})
    x.kit.now += dice.choice([0, 6 * DAY])
    if dice.random() < 0.5:
        c.issue({x.ann: 20})
    if dice.random() < 0.4:
        x.holding.order("freezePartialTokens", x.ann, 1)
    for _ in range(3):
        others = dice.random() < 0.5
        terms = x.redemption(
            per=dice.randrange(1, 9), gets=dice.randrange(9), pays=dice.choice([0, 3]),
            burns=(burns := dice.random() < 0.5),
            acquirer=dice.choice([x.acquirer, x.ben]) if not burns else "0x" + "00" * 20,
            other=x.other.address if others else "0x" + "00" * 20,
            other_shares=2 if others else 0, day_limit=dice.choice([0, 40, 200]),
        )  # fmt: skip
        it = x.open(terms, dice.choice([0, 60, 10_000]))
        x.give_money(x.ann, dice.randrange(100))
        had = x.shares(x.ann)[0]
        for shares in {0, 1, had, had + 1, *(dice.randrange(had + 2) for _ in range(4))}:
            obstacles, _, most = x.explain(it, shares)
            assert (obstacles == []) == x.passes(it, shares), (obstacles, shares)
        assert most == 0 or x.passes(it, most)
        better = [n for n in range(most + 1, had + 1) if x.passes(it, n)]
        assert better == []
