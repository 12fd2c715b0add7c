"""The same one-sided calls cleared by our law and by EasyAuction's own bytecode.

In EasyAuction a bid is an amount of money, which buys more lots the lower the price is; ours is a
number of lots. Where that makes no difference of a lot over the whole ladder, both find the same
price, but where demand is exactly what is sold: theirs is then the highest price at which that is
so, and ours the middle. What each bid gets differs by design: they serve the margin in the order of
their list, and we share it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from prorata.chain.artifacts import Artifact
from prorata.market.clearing import CallOrder, CallRules, Kind, Ladder, Side, interest, outcome
from tests.bench.peers import easy_auction
from tests.chainkit import ZERO, Codec, RevmKit

pytestmark = pytest.mark.slow

LADDER = Ladder(10**9, 1)
"""So fine that a bid's money buys the same lots at every step."""

QUEUE_START = (1).to_bytes(32, "big")
STEPS = 20
WEALTH = 2**95
ENDS = 1_000
CALLS = 300


class TheirAuctions:
    """EasyAuction on a chain of its own, with one token to sell and one to pay with."""

    def __init__(self, codec: Codec) -> None:
        self.kit = RevmKit(codec)
        self.seller, *self.bidders = self.kit.accounts[:4]
        self.auction = self.kit.deploy("EasyAuction")
        self.sold = self.kit.deploy("Dollar", "Lots", "LOT", 0)
        self.money = self.kit.deploy("Dollar", "Dollar", "USD", 6)
        for who in (self.seller, *self.bidders):
            for token in (self.sold, self.money):
                token.send("mint", who, WEALTH)
                token.send("approve", self.auction.address, 2**256 - 1, sender=who)

    def clear(self, lots: int, bids: Mapping[tuple[int, int], int]) -> tuple[int, int]:
        """Price of a lot, times the lots that it is told for; `bids` is lots by bidder and step."""
        ends = self.kit.now + ENDS
        terms = (self.sold.address, self.money.address, ends, ends, lots, lots * LADDER.price(0))
        self.auction.send("initiateAuction", *terms, 1, 0, False, ZERO, b"", sender=self.seller)
        number = self.auction.call("auctionCounter")
        for (bidder, step), wanted in bids.items():
            money = wanted * LADDER.price(step)
            order = ([wanted], [money], [QUEUE_START], b"")
            self.auction.send("placeSellOrders", number, *order, sender=self.bidders[bidder])
        self.kit.now = ends + 1
        receipt = self.auction.send("settleAuction", number)
        (cleared,) = receipt.named("AuctionCleared")
        order = int.from_bytes(cleared["clearingPriceOrder"], "big")
        return order & (2**96 - 1), order >> 96 & (2**96 - 1)


@pytest.fixture(scope="module")
def theirs(artifacts: Mapping[str, Artifact]) -> TheirAuctions:
    """EasyAuction from its package."""
    return TheirAuctions(Codec({**easy_auction(), **artifacts}))


def test_one_sided_calls_clear_at_the_same_price(theirs: TheirAuctions) -> None:
    """Law 57: the price of a sale is the one that a much-used batch auction finds too."""
    for seed in range(CALLS):
        same_price(theirs, random.Random(seed))


def same_price(theirs: TheirAuctions, dice: random.Random) -> None:
    """One call on both sides."""
    lots = dice.randint(1, 60)
    bids = {
        # A bid at their first price is refused there.
        (dice.randrange(3), dice.randrange(1, STEPS)): dice.randint(1, 30)
        for _ in range(dice.randint(1, 9))
    }
    rules = CallRules(Kind.SALE, (LADDER,), STEPS, lots)
    orders = [CallOrder(Side.BID, wanted, step) for (_, step), wanted in bids.items()]
    found = outcome(rules, orders).clearing
    money, told_for = theirs.clear(lots, bids)
    price, rest = divmod(money, told_for)
    assert rest == 0
    if found.demand != lots:
        assert price == found.price
        return
    above = interest(rules, orders)[0]
    exact = [step for step in range(STEPS) if sum(above[step:]) == lots]
    assert price == LADDER.price(exact[-1])
    assert found.price == LADDER.price((exact[0] + exact[-1]) // 2)
