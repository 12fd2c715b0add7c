# SPDX-License-Identifier: MIT
"""Indices: the level of a basket whose quantities stay as they are between rebalances.

    level = sum(price x quantity) / divisor            (S&P Index Mathematics, "The Index Divisor")

Whatever changes the basket changes the divisor with it, in fractions, so that the level is the same
before and after: divisor' = divisor x value after / value before. The total return index reinvests
what the members pay in the whole basket: level' = level x (price level + dividend points) / price
level before, dividend points being sum(income x quantity) / divisor. Each change is in the log.

Missing prices, delistings and the date of the universe are the method's to say, not the program's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction

from prorata.analysis.figures import Figure, Question
from prorata.analysis.precision import exact
from prorata.errors import InputError
from prorata.values.times import lasting, moment

__all__ = [
    "Basket",
    "Change",
    "Delisted",
    "Delisting",
    "Index",
    "Method",
    "MissingPrice",
    "Paid",
    "Point",
    "Priced",
    "Rebalance",
    "Weighting",
    "rebalanced",
]


class Weighting(str, Enum):
    """How much of each member there is after a rebalance."""

    CAP = "cap"
    EQUAL = "equal"


class MissingPrice(str, Enum):
    """What is done where a member has no price of its own at a level's time."""

    CARRY = "carry"
    BLANK = "blank"


class Delisting(str, Enum):
    """At what a member leaves that has no price any more."""

    LAST_PRICE = "last price"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Method:
    """The method of an index: all that decides its levels beside prices.

    `universe` is the second at which the list of members was known: earlier levels would be of
    members chosen with what came later, and there are none. A price may be carried `oldest` seconds
    under `carry`; under `blank` each level needs a price of its second from every member.
    """

    name: str
    currency: str
    weighting: Weighting
    base: int
    base_level: Fraction
    universe: int
    missing_price: MissingPrice
    oldest: int
    delisting: Delisting
    places: int = 2

    def __post_init__(self) -> None:
        """Raises: InputError for a base before the members were known, or a level of nothing."""
        if self.base < self.universe:
            rule = f"is before the universe of {moment(self.universe)} was known"
            raise InputError.of("base", moment(self.base), rule, "begin at the universe's date")
        if self.base_level <= 0:
            raise InputError.of("level", self.base_level, "is no level", "write 100 or 1000")


@dataclass(frozen=True)
class Priced:
    """The price of one unit of a member at a time."""

    time: int
    member: str
    price: Fraction


@dataclass(frozen=True)
class Paid:
    """Income of one unit of a member, whose first price without it is at `ex`."""

    ex: int
    member: str
    amount: Fraction


@dataclass(frozen=True)
class Rebalance:
    """New members at a time, after that time's level: of each how many units there are.

    An equal weighting takes the names only. `universe` is the second at which they were known.
    """

    time: int
    members: Mapping[str, Fraction]
    universe: int

    def __post_init__(self) -> None:
        """Raises: InputError for members that were known only later."""
        if self.universe > self.time:
            rule = f"is before its universe of {moment(self.universe)} was known"
            raise InputError.of("rebalance", moment(self.time), rule, "move it after that")


@dataclass(frozen=True)
class Delisted:
    """A member that leaves at a time, after that time's level."""

    time: int
    member: str


@dataclass(frozen=True)
class Basket:
    """What is in an index: units of each member, and the divisor."""

    quantities: Mapping[str, Fraction]
    divisor: Fraction

    def value(self, prices: Mapping[str, Fraction]) -> Fraction:
        """The sum of price times quantity."""
        return sum((prices[name] * q for name, q in self.quantities.items()), Fraction(0))

    def level(self, prices: Mapping[str, Fraction]) -> Fraction:
        """The level at these prices."""
        return self.value(prices) / self.divisor


@dataclass(frozen=True)
class Change:
    """A line of the log: what was done, and the level, which is the same after it."""

    time: int
    what: str
    level: Fraction
    before: Basket
    after: Basket


@dataclass(frozen=True)
class Point:
    """The levels at a time: of prices, and with income reinvested."""

    time: int
    price: Figure
    total: Figure


def rebalanced(
    basket: Basket, quantities: Mapping[str, Fraction], prices: Mapping[str, Fraction]
) -> Basket:
    """The basket of other quantities, with the divisor at which the level does not move.

    Raises: InputError where either basket is worth nothing at these prices.
    """
    changed = replace(basket, quantities=dict(quantities))
    before, after = basket.value(prices), changed.value(prices)
    if before <= 0 or after <= 0:
        rule = "is worth nothing at the prices of the change"
        named = ", ".join(quantities) or "no member"
        raise InputError.of("members", named, rule, "keep members with a price")
    return replace(changed, divisor=basket.divisor * after / before)


def quantities_of(
    weighting: Weighting, members: Mapping[str, Fraction], prices: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """The units of each member: by capitalisation as given, equal so that each is worth as much.

    Equal quantities are those at which each member is worth 1.
    """
    if weighting is Weighting.CAP:
        return dict(members)
    return {name: 1 / prices[name] for name in members}


# ------------------------------------------------------------------------------------------- levels


@dataclass
class Index:
    """An index by its method: prices, income and changes in, levels and a log out."""

    method: Method
    members: Mapping[str, Fraction]
    prices: Sequence[Priced]
    income: Sequence[Paid] = ()
    rebalances: Sequence[Rebalance] = ()
    delisted: Sequence[Delisted] = ()
    log: list[Change] = field(default_factory=list)
    _by_member: dict[str, list[Priced]] | None = field(default=None, repr=False)

    def levels(self) -> list[Point]:
        """The levels at every second with a price, from the base on.

        Raises: InputError where a change has no price to be made at, or is at no level's time.
        """
        self.log.clear()
        times = sorted({one.time for one in self.prices if one.time >= self.method.base})
        self._check_times(times)
        prices = self._at(self.method.base, self.members)
        if isinstance(prices, str):
            raise InputError.of("base", moment(self.method.base), prices, "give every price at it")
        quantities = quantities_of(self.method.weighting, self.members, prices)
        divisor = Basket(quantities, Fraction(1)).value(prices) / self.method.base_level
        run = _Run(self, Basket(quantities, divisor), self.method.base_level)
        return [run.step(time) for time in times]

    @property
    def changes(self) -> set[int]:
        """When members come or go."""
        return {one.time for one in self.rebalances} | {one.time for one in self.delisted}

    def _check_times(self, times: Sequence[int]) -> None:
        wanted = [("base", self.method.base), *(("change", one) for one in sorted(self.changes))]
        for column, time in wanted:
            if time not in times:
                rule, remedy = "has no price of any member", "name a time that has prices"
                raise InputError.of(column, moment(time), rule, remedy)

    def _at(self, time: int, members: Mapping[str, Fraction]) -> dict[str, Fraction] | str:
        """The price of each member at a time by the method, or which one has none."""
        found: dict[str, Fraction] = {}
        for name in members:
            newest = self._newest(name, time)
            if newest is None:
                return f"has no price of {name}"
            age = time - newest.time
            if age and self.method.missing_price is MissingPrice.BLANK:
                return f"has no price of {name}, and the method carries none"
            if age > self.method.oldest:
                return f"has a price of {name} that is {lasting(age)} old"
            found[name] = newest.price
        return found

    def _newest(self, name: str, time: int) -> Priced | None:
        """The last price of a member that there was."""
        if self._by_member is None:
            self._by_member = {}
            for one in sorted(self.prices, key=lambda one: one.time):
                self._by_member.setdefault(one.member, []).append(one)
        known = self._by_member.get(name, [])
        place = bisect_right(known, time, key=lambda one: one.time)
        return known[place - 1] if place else None


class _Run:
    """The state of an index between two levels."""

    def __init__(self, index: Index, basket: Basket, level: Fraction) -> None:
        self.index = index
        self.basket = basket
        self.price_level = level
        self.total_level = level
        self.points = Fraction(0)
        self.since = index.method.base

    def step(self, time: int) -> Point:
        """The levels at a time, and then the changes at it."""
        index = self.index
        prices = index._at(time, self.basket.quantities)  # noqa: SLF001 - the index's own run
        self._collect(time)
        if isinstance(prices, str):
            if time in index.changes:
                remedy = "give every price at the time of a change"
                raise InputError.of("change", moment(time), prices, remedy)
            question = self._question(time, 0)
            return Point(time, *(one.blank(prices.removeprefix("has ")) for one in question))
        level = self.basket.level(prices)
        self.total_level *= (level + self.points) / self.price_level
        self.price_level, self.points = level, Fraction(0)
        price, total = self._question(time, len(prices))
        point = Point(time, price.answer(level), total.answer(self.total_level))
        self._change(time, prices)
        return point

    def _collect(self, time: int) -> None:
        """Dividend points that have come since the last time, kept until there is a level."""
        for one in self.index.income:
            if self.since < one.ex <= time and one.member in self.basket.quantities:
                paid = one.amount * self.basket.quantities[one.member]
                self.points += paid / self.basket.divisor
        self.since = time

    def _question(self, time: int, n: int) -> tuple[Question, Question]:
        method = self.index.method
        inputs = {
            "divisor": exact(self.basket.divisor),
            "members": str(len(self.basket.quantities)),
        }
        return (
            Question(f"{method.name}, price", time, n, inputs, places=method.places),
            Question(f"{method.name}, total return", time, n, inputs, places=method.places),
        )

    def _change(self, time: int, prices: Mapping[str, Fraction]) -> None:
        for gone in self.index.delisted:
            if gone.time == time:
                prices = self._delist(gone, prices)
        for one in self.index.rebalances:
            if one.time == time:
                self._rebalance(one, prices)

    def _delist(self, gone: Delisted, prices: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """Take a member out: at its last price, or after a fall to nothing, which is a loss."""
        method = self.index.method
        if gone.member not in self.basket.quantities:
            rule, remedy = "is no member at that time", "name one that is"
            raise InputError.of("delisting", gone.member, rule, remedy)
        worth = dict(prices)
        if method.delisting is Delisting.NOTHING:
            worth[gone.member] = Fraction(0)
            lost = self.basket.level(worth)
            self.total_level *= lost / self.price_level
            self.price_level = lost
        kept = {n: q for n, q in self.basket.quantities.items() if n != gone.member}
        what = f"{gone.member} delisted at {method.delisting.value}"
        self._put(gone.time, what, rebalanced(self.basket, kept, worth))
        return worth

    def _rebalance(self, one: Rebalance, prices: Mapping[str, Fraction]) -> None:
        found = self.index._at(one.time, one.members)  # noqa: SLF001 - the index's own run
        if isinstance(found, str):
            remedy = "give the price of every member at a rebalance"
            raise InputError.of("rebalance", moment(one.time), found, remedy)
        quantities = quantities_of(self.index.method.weighting, one.members, found)
        basket = rebalanced(self.basket, quantities, {**found, **prices})
        self._put(one.time, _difference(self.basket, basket), basket)

    def _put(self, time: int, what: str, basket: Basket) -> None:
        self.index.log.append(Change(time, what, self.price_level, self.basket, basket))
        self.basket = basket


def _difference(before: Basket, after: Basket) -> str:
    """Which members came and went."""
    came = sorted(set(after.quantities) - set(before.quantities))
    went = sorted(set(before.quantities) - set(after.quantities))
    parts = [f"in: {', '.join(came)}"] * bool(came) + [f"out: {', '.join(went)}"] * bool(went)
    return "; ".join(["rebalanced", *parts])
