# SPDX-License-Identifier: MIT
"""Liquidity: how much is traded between persons, how often, at what spread, and how near to NAV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction

from prorata.analysis.figures import DAY, YEAR, Figure, Question
from prorata.analysis.marks import Mark, newest
from prorata.analysis.precision import exact
from prorata.values.times import UTC, lasting, moment

__all__ = [
    "Cause",
    "Movement",
    "Supply",
    "active_months",
    "flows_by_country",
    "mean_supply",
    "posted_spread",
    "premium",
    "turnover",
    "velocity",
    "zero_trade_days",
]


class Cause(str, Enum):
    """Why shares moved."""

    TRADE = "trade"
    TRANSFER = "transfer"
    MINT = "mint"
    BURN = "burn"
    ISSUER = "issuer"
    SPLIT = "split"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Movement:
    """Shares that went from one person to another, and why; `price` of a whole share, if known.

    They are smallest units: whole ones, unless a split restates them.
    """

    time: int
    shares: int | Fraction
    origin: str
    receiver: str
    cause: Cause
    price: Fraction | None = None

    @property
    def is_secondary(self) -> bool:
        """Whether one holder got it from another: no issue, no issuer, and no person's own way."""
        moved = self.cause in (Cause.TRADE, Cause.TRANSFER)
        return moved and self.origin != self.receiver


@dataclass(frozen=True)
class Supply:
    """How many shares there are from a second on."""

    since: int
    shares: int | Fraction


def mean_supply(supply: Sequence[Supply], begins: int, ends: int) -> Fraction:
    """The supply between two seconds, each amount weighed by how long it was."""
    weighed = Fraction(0)
    for place, one in enumerate(supply):
        until = supply[place + 1].since if place + 1 < len(supply) else ends
        weighed += one.shares * max(0, min(until, ends) - max(one.since, begins))
    return weighed / (ends - begins)


# ----------------------------------------------------------------------------------------- turnover


def turnover(
    movements: Sequence[Movement], supply: Sequence[Supply], *, days: int, as_of: int
) -> Figure:
    """Secondary volume in the last days over the mean supply in them.

    Mint, burn, the issuer's own shares, recoveries and what goes between wallets of one person are
    no volume.
    """
    return _turned(
        f"turnover, {days} days", movements, supply, days=days, as_of=as_of, times=Fraction(1)
    )


def velocity(
    movements: Sequence[Movement], supply: Sequence[Supply], *, days: int, as_of: int
) -> Figure:
    """How often a share changes hands in a year at the pace of d days: turnover x 365/d."""
    name, pace = f"velocity, {days} days", Fraction(YEAR, days)
    return _turned(name, movements, supply, days=days, as_of=as_of, times=pace)


def _turned(
    name: str,
    movements: Sequence[Movement],
    supply: Sequence[Supply],
    *,
    days: int,
    as_of: int,
    times: Fraction,
) -> Figure:
    begins = as_of - days * DAY
    found = [one for one in movements if one.is_secondary and begins < one.time <= as_of]
    volume = sum((one.shares for one in found), Fraction(0))
    inputs = {"volume": exact(volume), "from": moment(begins)}
    first = supply[0].since if supply else as_of
    if first > begins:
        question = Question(name, as_of, len(found), inputs)
        return question.too_few(max(0, as_of - first) // DAY, days, "days")
    mean = mean_supply(supply, begins, as_of)
    question = Question(name, as_of, len(found), {**inputs, "mean supply": exact(mean)})
    if not mean:
        return question.blank("there were no shares")
    return question.answer(volume / mean * times)


def zero_trade_days(movements: Sequence[Movement], *, days: int, since: int, as_of: int) -> Figure:
    """The part of the last whole days in UTC on which nobody traded; `since` trading was open.

    The day of `as_of` itself has not ended, and is not counted.
    """
    today = as_of // DAY
    traded = {one.time // DAY for one in movements if one.cause is Cause.TRADE}
    quiet = sum(day not in traded for day in range(today - days, today))
    name = f"days without a trade, {days} days"
    question = Question(name, as_of, days, {"without": str(quiet)}, percent=True, places=2)
    open_days = today - -(-since // DAY)
    if open_days < days:
        return question.too_few(max(0, open_days), days, "days")
    return question.answer(Fraction(quiet, days))


def active_months(movements: Sequence[Movement], *, months: int, since: int, as_of: int) -> Figure:
    """Of the last whole months in UTC, how many had a secondary transfer."""
    now, first = _month(as_of), _month(since)
    question = Question(f"active months of {months}", as_of, months, places=0)
    # The month in which it began is not whole.
    if now - first - 1 < months:
        return question.too_few(max(0, now - first - 1), months, "months")
    seen = {_month(one.time) for one in movements if one.is_secondary}
    return question.answer(sum(month in seen for month in range(now - months, now)))


def _month(second: int) -> int:
    day = datetime.fromtimestamp(second, UTC)
    return day.year * 12 + day.month - 1


def flows_by_country(
    movements: Sequence[Movement], countries: Mapping[str, str]
) -> dict[tuple[str, str], Fraction]:
    """Shares that went from country to country, of persons whose country is known; else `??`."""
    found: dict[tuple[str, str], Fraction] = {}
    for one in movements:
        if one.is_secondary:
            way = (countries.get(one.origin, "??"), countries.get(one.receiver, "??"))
            found[way] = found.get(way, Fraction(0)) + one.shares
    return dict(sorted(found.items()))


# ------------------------------------------------------------------------------------ price and NAV


def posted_spread(bids: Sequence[Fraction], asks: Sequence[Fraction], *, as_of: int) -> Figure:
    """The spread of the posted orders: (best ask - best bid) / their middle.

    Only orders that are posted and can be filled are seen; others may be signed elsewhere.
    """
    inputs = {}
    if bids:
        inputs["best bid"] = exact(max(bids))
    if asks:
        inputs["best ask"] = exact(min(asks))
    n = len(bids) + len(asks)
    question = Question("spread of posted orders", as_of, n, inputs, percent=True, places=2)
    if not bids or not asks:
        missing = "to buy" if not bids else "to sell"
        return question.blank(f"no order {missing} is posted")
    bid, ask = max(bids), min(asks)
    if bid <= 0:
        return question.blank("the best bid is no price")
    if bid > ask:
        return question.blank("the posted orders cross")
    return question.answer((ask - bid) * 2 / (ask + bid))


def premium(
    prices: Sequence[Mark],
    values: Sequence[Mark],
    *,
    as_of: int,
    oldest_price: int,
    oldest_nav: int,
) -> Figure:
    """Price over net asset value, less 1, with the age of both; blank where either is too old."""
    price, value = newest(prices, as_of), newest(values, as_of)
    inputs: dict[str, str] = {}
    if price is not None:
        inputs |= {"price": price.text, "age of the price": lasting(as_of - price.time)}
    if value is not None:
        inputs |= {"NAV": value.text, "age of the NAV": lasting(as_of - value.time)}
    n = (price is not None) + (value is not None)
    question = Question("premium to NAV", as_of, n, inputs, percent=True, places=2)
    if price is None or value is None:
        return question.blank(f"there is no {'price' if price is None else 'net asset value'}")
    for mark, called, oldest in ((price, "price", oldest_price), (value, "NAV", oldest_nav)):
        if as_of - mark.time > oldest:
            age = lasting(as_of - mark.time)
            return question.blank(f"the {called} is {age} old, and {lasting(oldest)} is the most")
    if price.currency != value.currency:
        return question.blank(f"the price is in {price.currency}, the NAV in {value.currency}")
    if price.basis is not value.basis:
        return question.blank(f"the price is {price.basis.value}, the NAV {value.basis.value}")
    if not value.amount:
        return question.blank("the net asset value is 0")
    return question.answer(price.value / value.value - 1)
