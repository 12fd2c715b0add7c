"""Hostile currencies in calls: when an order is placed, when lots are paid for, when money goes
back.

The same natures as the vault and the market meet. Either the books say what has really moved, or
nothing has; and a currency that is itself again pays everybody what the books say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.chainkit import Codec, Deployed, Reverted, RevmKit
from tests.contracts.currencies import Answer, Movement, Nature
from tests.contracts.harness import Harness
from tests.contracts.market.calls import MAX, Calls, Ladder, Side, Stage, Terms
from tests.contracts.market.test_market_currencies import NATURES, arrives

pytestmark = pytest.mark.slow

AMOUNT, FUNDS, LOTS, PRICE = 1_000, 10_000, 100, 10
ALL = Nature().grains


@dataclass
class Fair:
    """An auction in a currency on a good day: Ann has bid in it, Ben and Cid ask; and another call,
    in which Dan has bid the same money.
    """

    calls: Calls
    coin: Deployed
    terms: Terms
    others: Terms

    @classmethod
    def of(cls, kit: RevmKit) -> Fair:
        """Both calls are open."""
        calls = Calls(Harness(kit), holders=1_000)
        coin = kit.deploy("WilfulCurrency")
        coin.send("become", Nature().words())
        for who in (calls.ann, calls.dan, calls.eve):
            coin.send("mint", who, FUNDS)
            coin.send("approve", calls.auction.address, MAX, sender=who)
        ladders = (Ladder(coin.address, PRICE, 0), Ladder())
        terms = calls.among(ladders=ladders, steps=1)
        others = calls.terms(ladders=ladders, salt=b"\1" * 32)
        for one in (terms, others):
            calls.open(one)
        calls.bid(terms, calls.ann, LOTS)
        calls.bid(others, calls.dan, LOTS)
        return cls(calls, coin, terms, others)

    def grains(self, *wallets: str) -> list[int]:
        """What wallets really have."""
        return [self.coin.call("grainsOf", who) for who in wallets]

    def escrowed(self) -> int:
        """What the books say of both calls, in grains on a good day."""
        both = (sum(self.calls.escrow(terms)) for terms in (self.terms, self.others))
        return sum(both) * ALL

    def is_covered(self, nature: Nature) -> bool:
        """Whether it takes no more than it was asked for, and does not shrink by itself."""
        return nature.moves(AMOUNT)[0] <= AMOUNT and nature.grains <= ALL


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture(scope="module")
def fair(codec) -> Fair:
    """One for all cells: each leaves it as it was."""
    return Fair.of(RevmKit(codec))


@pytest.fixture
def day(fair):
    """A day that is undone in the evening."""
    start, now = fair.calls.kit.evm.snapshot(), fair.calls.kit.now
    yield fair
    fair.calls.kit.evm.revert(start)
    fair.calls.kit.now = now


@pytest.mark.attack("J14")
@pytest.mark.parametrize("code", NATURES)
def test_an_order_counts_if_its_money_has_arrived(day, code):
    """All of it, or the order is not there and nothing has moved (Law 53)."""
    nature, calls = NATURES[code], day.calls
    day.coin.send("become", nature.words())
    there, orders = calls.auction.address, calls.call(day.terms)["orders"]
    before, escrow = day.grains(calls.eve, there), calls.escrow(day.terms)
    try:
        calls.bid(day.terms, calls.eve, LOTS)
    except Reverted:
        assert not arrives(nature)
        assert day.grains(calls.eve, there) == before
        assert (calls.call(day.terms)["orders"], calls.escrow(day.terms)) == (orders, escrow)
    else:
        assert arrives(nature)
        leaves, came = (part * nature.grains for part in nature.moves(AMOUNT))
        assert day.grains(calls.eve, there) == [before[0] - leaves, before[1] + came]
        assert calls.escrow(day.terms) == (escrow[0] + AMOUNT, 0, 0)


def refusal_of(act: Callable[[], object]) -> bool:
    """Whether a payment was refused so that the whole call was."""
    try:
        act()
    except Reverted as refused:
        if refused.name != "CallAuction_PaymentFailed":
            raise
        return True
    return False


def check_paid(day: Fair, nature: Nature, before: list[int], wallets: list[str], each: int) -> None:
    """Each wallet has what the books say: its money came, as far as the currency moves any, or it
    is owed and nothing moved.
    """
    came = nature.moves(each)[1] * nature.grains
    for who, was, now in zip(wallets, before, day.grains(*wallets), strict=True):
        owed = day.calls.owed(day.terms, who)
        assert owed in (0, each)
        assert now - was == (0 if owed else came), who


def check_good_day(day: Fair, nature: Nature, wallets: list[str]) -> None:
    """The currency is itself again: what is owed is there, and another call's money is."""
    calls = day.calls
    day.coin.send("become", Nature().words())
    if not day.is_covered(nature) or nature.movement is Movement.ONE_MORE:
        return
    assert day.grains(calls.auction.address)[0] >= day.escrowed()
    for who in wallets:
        if calls.owed(day.terms, who):
            before = day.grains(who)[0]
            owed = calls.owed(day.terms, who)
            calls.auction.send("take", day.terms.encodable(), 0, who, sender=calls.stranger)
            assert day.grains(who)[0] - before == owed * ALL
    assert calls.escrow(day.terms) == (0, 0, 0)
    calls.send("cancel", day.others, b"\0" * 32, sender=day.others.opener)
    before = day.grains(calls.dan)[0]
    calls.refund(day.others, 1)
    assert day.grains(calls.dan)[0] - before == AMOUNT * ALL


@pytest.mark.attack("J14")
@pytest.mark.parametrize("code", NATURES)
def test_shares_are_delivered_and_sellers_are_paid_or_owed(day, code):
    """A currency that turns after the orders stops a page whole, or no delivery (Laws 53, 59)."""
    nature, calls = NATURES[code], day.calls
    sellers = [calls.ben, calls.cid]
    for who in sellers:
        calls.place(day.terms, who, LOTS // 2, 0, Side.ASK)
    calls.close(day.terms)
    day.coin.send("become", nature.words())
    before, escrow = day.grains(*sellers), calls.escrow(day.terms)
    if refusal_of(lambda: calls.settle(day.terms)):
        # It has moved money and says that it has not.
        assert nature.answer not in (Answer.YES, Answer.NOTHING, Answer.LONG)
        assert (day.grains(*sellers), calls.escrow(day.terms)) == (before, escrow)
        assert calls.shares(calls.ann) == [1_000]
        day.coin.send("become", Nature().words())
        calls.settle(day.terms)
        nature = Nature()
    assert calls.stage(day.terms) == Stage.SETTLED
    assert calls.shares(calls.ann, *sellers) == [2_000, 500, 500]
    check_paid(day, nature, before, sellers, AMOUNT // 2)
    assert calls.escrow(day.terms)[:2] == (0, 0)
    check_good_day(day, nature, sellers)


@pytest.mark.attack("J14")
@pytest.mark.parametrize("code", NATURES)
def test_money_goes_back_or_is_owed(day, code):
    """Of a call that failed: to the last unit that the currency moves (Law 58)."""
    nature, calls = NATURES[code], day.calls
    calls.close(day.terms)
    assert calls.stage(day.terms) == Stage.FAILED
    day.coin.send("become", nature.words())
    before = day.grains(calls.ann)
    if refusal_of(lambda: calls.refund(day.terms, 1)):
        assert day.grains(calls.ann) == before
        day.coin.send("become", Nature().words())
        calls.refund(day.terms, 1)
        nature = Nature()
    check_paid(day, nature, before, [calls.ann], AMOUNT)
    check_good_day(day, nature, [calls.ann])


def test_there_are_natures_of_each_kind():
    """Some take an order and some do not."""
    assert {arrives(nature) for nature in NATURES.values()} == {True, False}
