# SPDX-License-Identifier: MIT
"""The law of a call: one price for all orders, who gets how many lots, and what each pays.

Everything is an integer. Quantities count lots (in a call by amount, bids count money); money
counts the currency's smallest unit; prices are money per lot, so that cost = lots * price is never
rounded.

Step `s` of a ladder is the price `first_price + s * increment`. With the sums of a call,

    demand(s)  =  lots bid for with a limit of step s or higher
    supply(s)  =  lots asked for with a limit of step s or lower
    volume(s)  =  min(demand(s), supply(s))

where the principal of a sale asks `lots` at step 0, and the principal of a tender bids at the last
step for as many lots as `lots` and its `budget` allow at the price. Of all steps, named in an order
or not, the call clears at the one

    with the largest volume;
    of those, the one with the smallest surplus, |demand - supply|;
    of those, the highest with demand > supply; else the lowest with demand < supply;
    else the middle of the lowest and the highest, rounded down.

Orders with a better limit are then served whole. Orders at the step itself share what is left: of Q
lots for orders of T lots in all, each gets

    floor(Q * C / T) - floor(Q * B / T)

where B is what was placed there before it, and C that sum with its own lots. The sum telescopes to
exactly Q, and everybody gets its exact share rounded down or up.

A valuer's price need not be a step. The limits it keeps are all alike then, and share by the same
formula if there is too little. In a call by amount it is their money that is shared out, if it pays
for more lots than there are: each gets the whole lots that its part, or all of it, pays for.

It is written from this law and shares no step with the contracts, so that it can serve as the
preview of a call, the tests' oracle and the auditor's figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from itertools import accumulate
from typing import NamedTuple

from prorata.errors import InputError

__all__ = [
    "BASIS_POINTS",
    "MOST_STEPS",
    "CallOrder",
    "CallOutcome",
    "CallRules",
    "Clearing",
    "Failure",
    "Kind",
    "Ladder",
    "Match",
    "Side",
    "clear",
    "failure_of",
    "interest",
    "matches",
    "outcome",
]

BASIS_POINTS = 10_000
MOST_STEPS = 255


class Kind(IntEnum):
    """What a call is; the numbers are those of `ICallAuction`."""

    SALE = 0
    TENDER = 1
    AUCTION = 2


class Side(IntEnum):
    """Whether an order buys or sells; the numbers are those of `ICallAuction`."""

    BID = 0
    ASK = 1


class Failure(Enum):
    """Why a call fails when it is closed; the values are those of `ICallAuction`."""

    NO_VOLUME = 0
    BELOW_LEAST = 1


class Ladder(NamedTuple):
    """Prices of one currency, in its smallest unit per lot."""

    first_price: int
    increment: int

    def price(self, step: int) -> int:
        """Money for a lot at a step."""
        return self.first_price + step * self.increment


class CallOrder(NamedTuple):
    """One order of a call; its number is its place in the order of placement, from 1.

    `quantity` is lots, or money for a bid in a call by amount. An order that was withdrawn or
    struck keeps its number and does not count.
    """

    side: int
    quantity: int
    step: int
    ladder: int = 0
    counts: bool = True


@dataclass(frozen=True)
class CallRules:
    """The terms of a call that its clearing depends on.

    `budget` is the most money that the principal of a tender pays. `valued` says that a valuer
    names the price, `by_amount` that bids are amounts of money.

    Raises: InputError when they contradict each other.
    """

    kind: Kind
    ladders: tuple[Ladder, ...]
    steps: int
    lots: int = 0
    least_lots: int = 0
    budget: int = 0
    by_amount: bool = False
    valued: bool = False
    fee_bps: int = 0

    def __post_init__(self) -> None:
        """Refuse what no call can be."""
        _check_steps(self)
        _check_ladders(self)
        if (self.kind is Kind.AUCTION) != (self.lots == 0) or self.lots < 0:
            remedy = "give lots to a sale and a tender, and none to an auction"
            raise InputError.of("lots", self.lots, "do not go with the kind of the call", remedy)
        if (self.kind is Kind.TENDER) != (self.budget > 0):
            remedy = "give a budget to a tender, and to nothing else"
            raise InputError.of("budget", self.budget, "does not go with the call", remedy)
        if self.by_amount and not (self.valued and self.kind is Kind.SALE):
            remedy = "take bids by amount in a sale with a valuer"
            raise InputError.of("by_amount", self.by_amount, "does not go with the call", remedy)

    @property
    def prices(self) -> tuple[tuple[int, ...], ...]:
        """The price of a lot for each ladder and step."""
        return tuple(tuple(map(each.price, range(self.steps))) for each in self.ladders)


class Clearing(NamedTuple):
    """What a call clears at; `step` is 0 with a valuer, and `price` is of the first ladder."""

    step: int
    price: int
    lots: int
    demand: int
    supply: int


class Match(NamedTuple):
    """Lots that go from an ask to a bid, by the numbers of their orders; 0 is the principal."""

    bid: int
    ask: int
    lots: int
    cost: int
    fee: int


@dataclass(frozen=True)
class CallOutcome:
    """A call cleared and allotted; columns have one entry for each order, in order of placement.

    `allotted` is lots. `costs` is the money that a bid pays, and an ask is paid, before the venue's
    fee. `refunds` is what an order gets back: money of a bid, lots of an ask. Of an order that does
    not count that is all it gave. `principal` is the lots that the principal sells or buys, and
    `proceeds` the money for it by ladder; `unspent` is what is left of a tender's budget.
    """

    rules: CallRules
    orders: Sequence[CallOrder]
    clearing: Clearing
    failure: Failure | None
    allotted: Sequence[int]
    costs: Sequence[int]
    refunds: Sequence[int]
    principal: int
    proceeds: tuple[int, ...]
    unspent: int


def interest(rules: CallRules, orders: Sequence[CallOrder]) -> tuple[list[int], list[int]]:
    """What is bid and what is asked at each step by the orders that count, without the principal.

    Raises: InputError for an order that such a call does not take.
    """
    steps, ladders = rules.steps, len(rules.ladders)
    sums = ([0] * steps, [0] * steps)
    sides = (rules.kind is not Kind.TENDER, rules.kind is not Kind.SALE)
    for side, quantity, step, ladder, counts in orders:
        if not (0 <= step < steps and 0 <= ladder < ladders and quantity > 0 and sides[side]):
            _refuse(rules, CallOrder(side, quantity, step, ladder, counts))
        if counts:
            sums[side][step] += quantity
    for total in (*sums[0], *sums[1]):
        _check_whole("quantity", total)
    return sums


def clear(
    rules: CallRules, bids: Sequence[int], asks: Sequence[int], price: int | None = None
) -> Clearing:
    """What a call clears at, from the sums of each step (`interest`); `price` is the valuer's.

    Raises: InputError when the sums are not one for each step, or when a price is missing, or
    given without a valuer, or outside the ladder.
    """
    for name, sums in (("bids", bids), ("asks", asks)):
        if len(sums) != rules.steps:
            remedy = f"give one sum for each of {rules.steps} steps"
            raise InputError.of(name, len(sums), "are not the sums of this ladder", remedy)
    _check_price(rules, price)
    if price is not None:
        return _valued(rules, bids, asks, price)
    prices = rules.prices[0]
    demands = list(accumulate(reversed(bids)))[::-1]
    supplies = list(accumulate(asks))
    if rules.kind is Kind.SALE:
        supplies = [rules.lots] * rules.steps
    if rules.kind is Kind.TENDER:
        demands = [min(rules.lots, rules.budget // each) for each in prices]
    step = _step(demands, supplies)
    demand, supply = demands[step], supplies[step]
    return Clearing(step, prices[step], min(demand, supply), demand, supply)


def failure_of(rules: CallRules, clearing: Clearing) -> Failure | None:
    """Why a call fails that clears at this, if it does."""
    if clearing.lots == 0:
        return Failure.NO_VOLUME
    return Failure.BELOW_LEAST if clearing.lots < rules.least_lots else None


def outcome(rules: CallRules, orders: Sequence[CallOrder], price: int | None = None) -> CallOutcome:
    """A call cleared and allotted, every order delivered; `price` is the valuer's.

    Raises: InputError for an order or a price that such a call does not take.
    """
    bids, asks = interest(rules, orders)
    clearing = clear(rules, bids, asks, price)
    failure = failure_of(rules, clearing)
    if failure is None:
        allotted = _allotted(rules, orders, clearing, (bids, asks))
    else:
        allotted = [0] * len(orders)
    paid = _prices_paid(rules, clearing)
    costs = [lots * paid[order[3]] for order, lots in zip(orders, allotted, strict=True)]
    refunds = _refunds(rules, orders, allotted, costs)
    principal, proceeds = _principal(rules, orders, allotted, paid)
    unspent = rules.budget - (proceeds[0] if rules.kind is Kind.TENDER else 0)
    return CallOutcome(
        rules,
        orders,
        clearing,
        failure,
        allotted,
        costs,
        refunds,
        principal,
        proceeds,
        unspent,
    )


def matches(found: CallOutcome) -> Iterator[Match]:
    """Who gets lots from whom, in the order in which `settle` delivers them.

    One cursor goes over the bids and one over the asks, each in order of placement, and every
    match is the smaller of what the two have left.
    """
    paid = _prices_paid(found.rules, found.clearing)
    asks = _allotted_on(found, Side.ASK)
    ask, supply = next(asks, (0, 0))
    for bid, wanted in _allotted_on(found, Side.BID):
        price = paid[found.orders[bid - 1].ladder if bid else 0]
        left = wanted
        while left:
            if not supply:
                ask, supply = next(asks)
            lots = min(left, supply)
            left, supply = left - lots, supply - lots
            cost = lots * price
            yield Match(bid, ask, lots, cost, cost * found.rules.fee_bps // BASIS_POINTS)


# ---------------------------------------------------------------------------------------- price


def _step(demands: Sequence[int], supplies: Sequence[int]) -> int:
    """The step of the largest volume, by the rule for ties."""
    pairs = list(zip(demands, supplies, strict=True))
    best = max((min(pair), -abs(pair[0] - pair[1])) for pair in pairs)
    tied = [
        step
        for step, (demand, supply) in enumerate(pairs)
        if (min(demand, supply), -abs(demand - supply)) == best
    ]
    longer_bids = [step for step in tied if demands[step] > supplies[step]]
    if longer_bids:
        return longer_bids[-1]
    if demands[tied[0]] == supplies[tied[0]]:
        return (tied[0] + tied[-1]) // 2
    return tied[0]


def _valued(rules: CallRules, bids: Sequence[int], asks: Sequence[int], price: int) -> Clearing:
    """What a call clears at where a valuer names the price."""
    prices = rules.prices[0]
    demand = sum(each for each, limit in zip(bids, prices, strict=True) if limit >= price)
    supply = sum(each for each, limit in zip(asks, prices, strict=True) if limit <= price)
    if rules.by_amount:
        demand //= price
    if rules.kind is Kind.SALE:
        supply = rules.lots
    if rules.kind is Kind.TENDER:
        demand = min(rules.lots, rules.budget // price)
    return Clearing(0, price, min(demand, supply), demand, supply)


def _prices_paid(rules: CallRules, clearing: Clearing) -> tuple[int, ...]:
    """The price of a lot for each ladder."""
    if rules.valued:
        return (clearing.price,)
    return tuple(each.price(clearing.step) for each in rules.ladders)


# ------------------------------------------------------------------------------------ allotment


class _Share(NamedTuple):
    """How one side is served.

    Steps below `whole_to` and from `whole_from` on get everything; those from `first` to `last`
    share `quantity` among orders of `total`.
    """

    whole_to: int
    whole_from: int
    first: int
    last: int
    quantity: int
    total: int


def _allotted(
    rules: CallRules,
    orders: Sequence[CallOrder],
    clearing: Clearing,
    sums: tuple[list[int], list[int]],
) -> list[int]:
    """The lots of each order."""
    shares = (_share_of_bids(rules, clearing, sums[0]), _share_of_asks(rules, clearing, sums[1]))
    placed, handed = [0, 0], [0, 0]
    by_amount, price = rules.by_amount, clearing.price
    allotted = []
    for side, quantity, step, _, counts in orders:
        whole_to, whole_from, first, last, shared, total = shares[side]
        if not counts:
            lots = 0
        elif first <= step <= last:
            placed[side] += quantity
            upto = shared * placed[side] // total
            lots, handed[side] = upto - handed[side], upto
            if by_amount:
                lots //= price
        else:
            lots = quantity if step < whole_to or step >= whole_from else 0
        allotted.append(lots)
    return allotted


def _share_of_bids(rules: CallRules, clearing: Clearing, bids: list[int]) -> _Share:
    if not rules.valued:
        step = clearing.step
        left = clearing.lots - sum(bids[step + 1 :])
        return _Share(0, step + 1, step, step, left, bids[step])
    prices = rules.prices[0]
    first = sum(limit < clearing.price for limit in prices)
    total = sum(bids[first:])
    most = clearing.lots
    if rules.by_amount:
        most = rules.lots * clearing.price if clearing.demand > rules.lots else total
    return _Share(0, rules.steps, first, rules.steps - 1, min(most, total), total)


def _share_of_asks(rules: CallRules, clearing: Clearing, asks: list[int]) -> _Share:
    if not rules.valued:
        step = clearing.step
        left = clearing.lots - sum(asks[:step])
        return _Share(step, rules.steps, step, step, left, asks[step])
    last = sum(limit <= clearing.price for limit in rules.prices[0]) - 1
    total = sum(asks[: last + 1])
    return _Share(0, rules.steps, 0, last, min(clearing.lots, total), total)


def _refunds(
    rules: CallRules,
    orders: Sequence[CallOrder],
    allotted: Sequence[int],
    costs: Sequence[int],
) -> list[int]:
    """What each order gave and does not need."""
    if rules.by_amount:
        return [order[1] - cost for order, cost in zip(orders, costs, strict=True)]
    prices = rules.prices
    return [
        quantity - lots if side else quantity * prices[ladder][step] - cost
        for (side, quantity, step, ladder, _), lots, cost in zip(
            orders, allotted, costs, strict=True
        )
    ]


def _principal(
    rules: CallRules,
    orders: Sequence[CallOrder],
    allotted: Sequence[int],
    paid: tuple[int, ...],
) -> tuple[int, tuple[int, ...]]:
    """The principal's lots, and the money for them by ladder."""
    if rules.kind is Kind.AUCTION:
        return 0, (0,) * len(paid)
    lots = [0] * len(paid)
    for order, each in zip(orders, allotted, strict=True):
        lots[order[3]] += each
    return sum(lots), tuple(each * price for each, price in zip(lots, paid, strict=True))


def _allotted_on(found: CallOutcome, side: Side) -> Iterator[tuple[int, int]]:
    """The numbers of a side's orders that have lots, and the lots; the principal's if it is it."""
    of_principal = {Kind.SALE: Side.ASK, Kind.TENDER: Side.BID}.get(found.rules.kind)
    if side == of_principal:
        if found.principal:
            yield 0, found.principal
        return
    for number, (order, lots) in enumerate(zip(found.orders, found.allotted, strict=True), 1):
        if lots and order.side == side:
            yield number, lots


# --------------------------------------------------------------------------------------- checks


def _check_whole(name: str, value: int) -> None:
    if not isinstance(value, int) or value < 0:
        raise InputError.of(name, value, "is no whole number from 0", "give a whole number")


def _check_steps(rules: CallRules) -> None:
    if not 1 <= rules.steps <= MOST_STEPS:
        remedy = f"give 1 to {MOST_STEPS}"
        raise InputError.of("steps", rules.steps, "are no ladder", remedy)


def _check_ladders(rules: CallRules) -> None:
    two = rules.kind is Kind.SALE and not rules.valued
    if not 1 <= len(rules.ladders) <= 1 + two:
        remedy = "give one, or two in a sale without a valuer"
        raise InputError.of("ladders", len(rules.ladders), "do not go with the call", remedy)
    for ladder in rules.ladders:
        if ladder.first_price < 1 or ladder.increment < (rules.steps > 1):
            remedy = "let prices begin above 0 and rise with every step"
            raise InputError.of("ladder", tuple(ladder), "has no rising prices", remedy)
    for name in ("least_lots", "fee_bps"):
        _check_whole(name, getattr(rules, name))


def _check_price(rules: CallRules, price: int | None) -> None:
    if (price is None) == rules.valued:
        remedy = "give the price if the call has a valuer, and only then"
        raise InputError.of("price", price, "does not go with the call", remedy)
    ladder = rules.ladders[0]
    least, most = ladder.price(0), ladder.price(rules.steps - 1)
    if price is not None and not least <= price <= most:
        raise InputError.of(
            "price", price, "is outside the ladder", f"give a price from {least} to {most}"
        )


def _refuse(rules: CallRules, order: CallOrder) -> None:
    raise InputError.of(
        "order",
        tuple(order),
        "cannot be placed in this call",
        f"give more than 0, a step below {rules.steps}, a ladder below {len(rules.ladders)}, and "
        "the side that the principal is not on",
    )
