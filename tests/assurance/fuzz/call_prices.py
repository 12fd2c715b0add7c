"""The price of a call by the million: the library on a chain, the product's law, the long way.

Small ladders with small numbers, in which ties are common, and some of 255 steps; and shares of
what is left at the margin, of numbers of every size.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import accumulate

from prorata.market.clearing import CallOrder, CallRules, Kind, Ladder, Side, clear, interest
from tests.assurance.fuzz.many_calls import DAY, as_words
from tests.assurance.fuzz.stateless import ISSUER, Bench
from tests.assurance.fuzz.system import Broken
from tests.assurance.fuzz.wire import encoded, word
from tests.chainkit import Codec
from tests.model import clearing as long_way
from tests.model.calls import KINDS, Terms
from tests.model.outcomes import NOBODY

PROBE = "callProbe"
SHARED_EVERY = 10
"""Prices between two that are followed by a sharing out."""


def draw(dice: random.Random) -> tuple[CallRules, list[CallOrder], int | None]:
    """A call, as `clearing.py` takes it."""
    kind = Kind(dice.randrange(3))
    valued = dice.random() < 0.3
    by_amount = kind is Kind.SALE and valued and dice.random() < 0.4
    steps = 255 if dice.random() < 0.005 else dice.choice((1, 2, 3, 3, 4, 5, 6, 9))
    top = dice.choice((1, 2, 5, 30))
    ladder = Ladder(dice.randint(1, 9), dice.randint(1, 3))
    lots = 0 if kind is Kind.AUCTION else dice.randint(1, 3 * top)
    budget = dice.randint(ladder.first_price, 60 * top) if kind is Kind.TENDER else 0
    rules = CallRules(kind, (ladder,), steps, lots, 0, budget, by_amount, valued)
    sides = {Kind.SALE: (0,), Kind.TENDER: (1,), Kind.AUCTION: (0, 1)}[kind]
    orders = [
        CallOrder(dice.choice(sides), dice.randint(1, top), dice.randrange(steps))
        for _ in range(dice.choice((0, 1, 2, 3, 4, 6, 8)))
    ]
    price = dice.randint(ladder.price(0), ladder.price(steps - 1)) if valued else None
    return rules, orders, price


def terms_of(rules: CallRules) -> Terms:
    """What the library reads of them; the rest is nothing."""
    ladders = tuple(("money", *each) for each in rules.ladders)
    sides = (NOBODY, ISSUER)
    times = (1, 0, DAY, 2 * DAY, 0, 3 * DAY, 0)
    return Terms(
        *(ISSUER, 0, rules.kind, "money", 1, sides[rules.kind is not Kind.AUCTION]),
        *(False, rules.by_amount, rules.lots, 0, rules.budget, ladders, rules.steps, *times),
        *(1, 0, NOBODY, 0, 0, 0, sides[rules.valued], NOBODY, 0, 500_000, 0, NOBODY, 0),
    )


class PriceBench(Bench):
    """A chain with the library of prices."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        self.create(PROBE, "CallProbe")
        self._enter("money", "", self.address[PROBE])

    def price(self, rules: CallRules, orders: list[CallOrder], price: int | None) -> None:
        """One price; raises `Broken`."""
        bids, asks = interest(rules, orders)
        words = [ask << 128 | bid for bid, ask in zip(bids, asks, strict=True)]
        self.send(ISSUER, PROBE, "setInterest", words)
        body = encoded(self.wire.spelt(as_words(terms_of(rules))))
        if price is None:
            got = self.send(ISSUER, PROBE, "clear", body)
        else:
            got = self.send(ISSUER, PROBE, "clearAt", body, price)[:-32]
        found = clear(rules, bids, asks, price)
        shape = long_way.Shape(
            KINDS[rules.kind], tuple(tuple(each) for each in rules.ladders), rules.steps,  # type: ignore[arg-type]
            rules.lots, 0, rules.budget, rules.by_amount, rules.valued,
        )  # fmt: skip
        placed = [
            long_way.Placed(long_way.ASK if it.side == Side.ASK else long_way.BID, *it[1:])
            for it in orders
        ]
        wanted = long_way.clears_at(shape, placed, price)
        if tuple(found) != wanted or got != b"".join(map(word, wanted)):
            told = [int.from_bytes(got[i : i + 32], "big") for i in range(0, len(got), 32)]
            raise Broken(f"{rules} {orders} {price}: {told} on the chain, {found}, {wanted}")

    def share(self, dice: random.Random) -> None:
        """Law 55: what is left, shared out among orders; raises `Broken`."""
        bits = dice.choice((2, 4, 20, 64, 127))
        sizes = [dice.randint(1, 1 << bits) for _ in range(dice.randint(1, 5))]
        ends = list(accumulate(sizes))
        units = dice.randint(0, ends[-1])
        for end, size in zip(ends, sizes, strict=True):
            got = self.send(ISSUER, PROBE, "share", units, end - size, size, ends[-1])
            wanted = units * end // ends[-1] - units * (end - size) // ends[-1]
            if got != word(wanted):
                raise Broken(f"{units} among {sizes}: {int.from_bytes(got, 'big')}, not {wanted}")


def many_prices(codec: Codec, seed: str, calls: int) -> Counter[str]:
    """So many prices; raises `Broken`."""
    bench, dice, counted = PriceBench(codec), random.Random(seed), Counter[str]()
    for place in range(calls):
        rules, orders, price = draw(dice)
        bench.price(rules, orders, price)
        counted[KINDS[rules.kind] + (" with a valuer" if rules.valued else "")] += 1
        if place % SHARED_EVERY == 0:
            bench.share(dice)
            counted["shared out"] += 1
    return counted
