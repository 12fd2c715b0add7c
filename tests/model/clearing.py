"""The price of a call and what each order gets, the long way: all steps, and unit by unit.

It is written from the words of the law, for calls small enough to count. What an order is served is
found by asking of every single unit that it wants whether it is one of those that are served; who
gets a lot from whom, by laying all bought and all sold lots side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import floor

SALE, TENDER, AUCTION = "sale", "tender", "auction"
BID, ASK = "bid", "ask"
COUNTABLE = 2_000
"""Units that are asked one by one; of more, each order's are counted from the law."""


@dataclass(frozen=True)
class Shape:
    """What a call is, as far as its price depends on it. A ladder is (first price, increment)."""

    kind: str
    ladders: tuple[tuple[int, int], ...]
    steps: int
    lots: int = 0
    least_lots: int = 0
    budget: int = 0
    by_amount: bool = False
    valued: bool = False

    def price(self, step: int, ladder: int = 0) -> int:
        """Money for a lot."""
        first, increment = self.ladders[ladder]
        return first + increment * step


@dataclass(frozen=True)
class Placed:
    """An order that was placed; one that was withdrawn or struck does not count."""

    side: str
    quantity: int
    step: int
    ladder: int = 0
    counts: bool = True


@dataclass(frozen=True)
class Result:
    """What a call clears at, and what each order gets, pays or is paid, and gets back."""

    step: int
    price: int
    volume: int
    demand: int
    supply: int
    failure: str | None
    lots: tuple[int, ...]
    money: tuple[int, ...]
    back: tuple[int, ...]
    deliveries: tuple[tuple[int, int, int], ...]
    """Bid, ask, lots; the principal is 0."""


def clears_at(
    shape: Shape, orders: Sequence[Placed], named: int | None = None
) -> tuple[int, int, int, int, int]:
    """Step, price, volume, demand and supply; `named` is the valuer's price."""
    if named is not None:
        demand, supply = _sides(shape, orders, named)
        return 0, named, min(demand, supply), demand, supply
    sides = {s: _sides(shape, orders, shape.price(s)) for s in range(shape.steps)}
    most = max(min(sides[s]) for s in sides)
    trading = [s for s in sides if min(sides[s]) == most]
    left = min(abs(sides[s][0] - sides[s][1]) for s in trading)
    good = [s for s in trading if abs(sides[s][0] - sides[s][1]) == left]
    long = [s for s in good if sides[s][0] > sides[s][1]]
    short = [s for s in good if sides[s][0] < sides[s][1]]
    if long:
        step = max(long)
    elif short:
        step = min(short)
    else:
        step = (min(good) + max(good)) // 2
    return step, shape.price(step), most, *sides[step]


def _sides(shape: Shape, orders: Sequence[Placed], price: int) -> tuple[int, int]:
    """Lots wanted and lots to be had at a price of the first ladder."""
    keen = [order for order in orders if order.counts and keeps(shape, order, price)]
    wanted = sum(order.quantity for order in keen if order.side == BID)
    there = sum(order.quantity for order in keen if order.side == ASK)
    if shape.by_amount:
        wanted = wanted // price
    if shape.kind == SALE:
        there = shape.lots
    if shape.kind == TENDER:
        wanted = min(shape.lots, shape.budget // price)
    return wanted, there


def keeps(shape: Shape, order: Placed, price: int) -> bool:
    """Whether an order's limit allows a price; both ladders have the same steps."""
    limit = shape.price(order.step)
    return limit >= price if order.side == BID else limit <= price


def served(quantities: Sequence[int], units: int) -> list[int]:
    """What each of some orders gets of so many units, which are no more than all want."""
    total = sum(quantities)
    if total > COUNTABLE:
        got = []
        for place, quantity in enumerate(quantities):
            before = sum(quantities[:place])
            share = Fraction(units, total)
            got.append(floor(share * (before + quantity)) - floor(share * before))
        return got
    owners = [place for place, quantity in enumerate(quantities) for _ in range(quantity)]
    got = [0] * len(quantities)
    for unit, owner in enumerate(owners, 1):
        got[owner] += units * unit // total > units * (unit - 1) // total
    return got


def result(shape: Shape, orders: Sequence[Placed], named: int | None = None) -> Result:
    """A call from its orders to who gets what from whom."""
    step, price, volume, demand, supply = clears_at(shape, orders, named)
    failure = "NoVolume" if not volume else "BelowLeast" if volume < shape.least_lots else None
    lots = [0] * len(orders)
    if failure is None:
        for side in (BID, ASK):
            _serve(shape, orders, side, (price, volume), lots)
    paid = [price if shape.valued else shape.price(step, o.ladder) for o in orders]
    money = [each * unit for each, unit in zip(lots, paid, strict=True)]
    back = [
        _given(shape, order) - (cost if order.side == BID else got)
        for order, got, cost in zip(orders, lots, money, strict=True)
    ]
    deliveries = side_by_side(shape, orders, lots)
    return Result(
        step,
        price,
        volume,
        demand,
        supply,
        failure,
        tuple(lots),
        tuple(money),
        tuple(back),
        deliveries,
    )


def _given(shape: Shape, order: Placed) -> int:
    """What an order gave: money, or lots that are held."""
    if order.side == ASK or shape.by_amount:
        return order.quantity
    return order.quantity * shape.price(order.step, order.ladder)


def _serve(
    shape: Shape, orders: Sequence[Placed], side: str, at: tuple[int, int], lots: list[int]
) -> None:
    """Better limits first and whole, then the last ones that are served by their shares.

    `at` is the price and the volume.
    """
    price, volume = at
    keen = [
        place
        for place, order in enumerate(orders)
        if order.counts and order.side == side and keeps(shape, order, price)
    ]
    if shape.by_amount:
        money = [orders[place].quantity for place in keen]
        scarce = sum(money) // price > shape.lots
        spent = served(money, shape.lots * price) if scarce else money
        for place, part in zip(keen, spent, strict=True):
            lots[place] = part // price
        return
    alike = [place for place in keen if shape.valued or shape.price(orders[place].step) == price]
    for place in keen:
        if place not in alike:
            lots[place] = orders[place].quantity
    left = volume - sum(lots[place] for place in keen)
    wanted = [orders[place].quantity for place in alike]
    for place, got in zip(alike, served(wanted, min(left, sum(wanted))), strict=True):
        lots[place] = got


def side_by_side(
    shape: Shape, orders: Sequence[Placed], lots: Sequence[int]
) -> tuple[tuple[int, int, int], ...]:
    """Bid, ask and lots: the first lot bought is the first sold, and so on."""
    bought = [n for n, o in enumerate(orders, 1) if o.side == BID for _ in range(lots[n - 1])]
    sold = [n for n, o in enumerate(orders, 1) if o.side == ASK for _ in range(lots[n - 1])]
    if shape.kind == SALE:
        sold = [0] * len(bought)
    if shape.kind == TENDER:
        bought = [0] * len(sold)
    pairs = zip(bought, sold, strict=True)
    return tuple((bid, ask, len(list(each))) for (bid, ask), each in groupby(pairs))
