# SPDX-License-Identifier: MIT
"""The analysis of one asset: each figure with its date, its count and its inputs, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from prorata.analysis.accruals import Accruals
from prorata.analysis.concentration import concentrations
from prorata.analysis.distributions import payout_quality
from prorata.analysis.figures import DAY, Figure, Question
from prorata.analysis.holder_returns import NAME, Holder, holder_return
from prorata.analysis.liquidity import (
    active_months,
    flows_by_country,
    posted_spread,
    premium,
    turnover,
    velocity,
    zero_trade_days,
)
from prorata.analysis.marks import Mark, MarkKind
from prorata.analysis.money_weighted import xirr
from prorata.analysis.periods import Interval
from prorata.analysis.returns import Growth, growth, held_flows, linked, total_return
from prorata.analysis.risk import Pair, autocorrelation, correlations, drawdown, volatility
from prorata.analysis.splits import restated_marks
from prorata.analysis.yields import (
    distribution_yield,
    forward_yield,
    sec_yield,
    seven_day_effective,
    seven_day_yield,
)
from prorata.ledger.books import Books
from prorata.register.small_groups import FEWEST, safe_groups
from prorata.reports.asset_facts import AssetFacts, distributions_of, series_of, splits_of

__all__ = [
    "Beside",
    "CountryFlow",
    "Group",
    "Wish",
    "analysed",
    "chosen_series",
    "correlated",
    "country_flows",
    "grown",
]

_SPANS = (30, 365)
_ORDER = (MarkKind.NAV, MarkKind.PRICE, MarkKind.APPRAISAL)


@dataclass(frozen=True)
class Wish:
    """How an asset is looked at.

    `on` are the marks that returns rest on, or those that there are; `oldest` how many seconds a
    mark may be old; `frequency` how often a year the terms pay.
    """

    interval: Interval = Interval.MONTH
    on: MarkKind | None = None
    oldest: int = 92 * DAY
    frequency: int | None = None
    accruals: Accruals | None = None


@dataclass(frozen=True)
class Group:
    """Figures that belong together."""

    title: str
    figures: Sequence[Figure]


@dataclass(frozen=True)
class CountryFlow:
    """Shares that went from a country to another; the others together have no names.

    They are smallest units of now, rounded down.
    """

    origin: str
    receiver: str
    shares: int


@dataclass(frozen=True)
class Beside:
    """Another asset of the same chain: its marks, and its books for whoever needs them."""

    token: str
    symbol: str
    marks: Sequence[Mark]
    books: Callable[[], Books]


def chosen_series(facts: AssetFacts, wish: Wish) -> Sequence[Mark]:
    """The marks that returns rest on."""
    if wish.on is not None:
        return facts.series(wish.on)
    return next((found for kind in _ORDER if (found := facts.series(kind))), [])


def grown(facts: AssetFacts, wish: Wish) -> Growth:
    """The total-return series of an asset."""
    return growth(chosen_series(facts, wish), facts.distributions)


def correlated(
    facts: AssetFacts, wish: Wish, others: Iterable[Beside]
) -> dict[tuple[str, str], Pair]:
    """With each other asset that has marks of the same kind."""
    series: dict[str, Growth] = {facts.symbol: grown(facts, wish)}
    kind, known = series[facts.symbol].kind, facts.known
    for other in others:
        told, _ = known.marks([one for one in other.marks if one.time <= facts.as_of])
        if kind is None or not series_of(told, kind):
            continue
        books = other.books()
        splits = splits_of(books, other.token, as_of=facts.as_of)
        kept = series_of(restated_marks(told, splits), kind)
        paid = distributions_of(books, other.token, as_of=facts.as_of, known=known)
        name = other.symbol if other.symbol not in series else other.token
        series[name] = growth(kept, paid)
        if kept and kept[0].currency != facts.currency:
            reason = f"marks in {kept[0].currency} and in {facts.currency}: give --in and --rates"
            series[name] = replace(series[name], levels=(), reason=reason)
    found = correlations(series, interval=wish.interval, as_of=facts.as_of)
    return {names: pair for names, pair in found.items() if facts.symbol in names}


def analysed(
    facts: AssetFacts, wish: Wish, *, spreads: Sequence[Figure], wallet: str | None = None
) -> list[Group]:
    """Every figure of an asset; `spreads` of the orders posted now; of a holder by its wallet."""
    by_way = concentrations(facts.held, as_of=facts.as_of)
    found = [
        Group("Yield", _yields(facts, wish)),
        Group("Return and risk", _returns(facts, wish)),
        Group("Price", _prices(facts, wish, spreads)),
        Group("Concentration by wallet", tuple(by_way["wallet"].figures.values())),
        Group("Concentration by person", _by_person(facts, by_way["person"].figures)),
        Group("Liquidity", _liquidity(facts)),
    ]
    if wallet is not None:
        found.append(Group(f"Holder {wallet}", [_of_holder(facts, wish, wallet)]))
    return found


def _yields(facts: AssetFacts, wish: Wish) -> list[Figure]:
    series, paid = chosen_series(facts, wish), facts.distributions
    accruals, as_of = wish.accruals or Accruals(facts.as_of), facts.as_of
    ends = accruals.date
    dated = {"as_of": as_of, "oldest": wish.oldest}
    if wish.frequency is None:
        reason = "nobody says how often a year the terms pay: give --frequency"
        forward = Question("distribution yield, forward", as_of).blank(reason)
    else:
        forward = forward_yield(paid, series, frequency=wish.frequency, **dated)
    return [
        seven_day_yield(accruals.daily, accruals.start, as_of=ends),
        seven_day_effective(accruals.daily, accruals.start, as_of=ends),
        sec_yield(accruals.month, as_of=ends),
        distribution_yield(paid, series, since=facts.since, **dated),
        forward,
        payout_quality(paid, as_of=as_of),
    ]


def _returns(facts: AssetFacts, wish: Wish) -> list[Figure]:
    series, paid, as_of = chosen_series(facts, wish), facts.distributions, facts.as_of
    whole, interval = growth(series, paid), wish.interval
    weighted = xirr(held_flows(series, paid), as_of=as_of)
    if whole.reason is not None:
        weighted = Question(weighted.name, as_of).blank(whole.reason)
    return [
        total_return(series, paid, as_of=as_of),
        total_return(series, paid, as_of=as_of, net=True),
        _weighted_by_time(whole, as_of),
        weighted,
        volatility(whole, interval=interval, as_of=as_of),
        autocorrelation(whole, interval=interval, as_of=as_of),
        drawdown(whole, as_of=as_of),
    ]


def _weighted_by_time(whole: Growth, as_of: int) -> Figure:
    """The return of all intervals between marks, linked."""
    if whole.reason is not None:
        return Question("time-weighted return", as_of).blank(whole.reason)
    return linked(whole.returns, as_of=as_of)


def _prices(facts: AssetFacts, wish: Wish, spreads: Sequence[Figure]) -> list[Figure]:
    prices, values = facts.series(MarkKind.PRICE), facts.series(MarkKind.NAV)
    ages = {"oldest_price": wish.oldest, "oldest_nav": wish.oldest}
    found = [premium(prices, values, as_of=facts.as_of, **ages)]
    return found + list(spreads or [posted_spread([], [], as_of=facts.as_of)])


def _by_person(facts: AssetFacts, figures: Mapping[str, Figure]) -> list[Figure]:
    """Where nobody says it, which wallets are one person's is not known."""
    if facts.known.persons is not None:
        return list(figures.values())
    return [Question(name, facts.as_of).blank(facts.known.unnamed) for name in figures]


def _liquidity(facts: AssetFacts) -> list[Figure]:
    moved, as_of = facts.movements, facts.as_of
    found = [
        measure(moved, facts.supply, days=days, as_of=as_of)
        for measure in (turnover, velocity)
        for days in _SPANS
    ]
    dated = {"since": facts.since, "as_of": as_of}
    found += [zero_trade_days(moved, days=days, **dated) for days in _SPANS]
    return [*found, active_months(moved, months=12, **dated)]


def _of_holder(facts: AssetFacts, wish: Wish, wallet: str) -> Figure:
    """Modified Dietz from the first mark to the last one, or as long as the person holds."""
    series, person = chosen_series(facts, wish), facts.person(wallet)
    question = Question(NAME, facts.as_of, percent=True, places=2)
    if len(series) < 2:
        return question.too_few(len(series), 2, "marks")
    foreign = {named for named, _ in facts.income.get(person, ())} - {facts.currency}
    if foreign:
        return question.blank(f"income in {min(foreign)} and marks in {facts.currency}")
    begins, ends = series[0].time, series[-1].time
    flows = [flow for _, flow in facts.income.get(person, ())]
    holder = Holder(person, facts.shares_at(person, begins), facts.decimals, flows)
    return holder_return(
        holder, facts.movements, series, begins=begins, ends=ends, oldest=wish.oldest
    )


def country_flows(facts: AssetFacts) -> list[CountryFlow] | None:
    """Shares by the countries of both persons; None where it would point at somebody.

    A way with fewer than five givers or receivers is added to the others. Were these fewer than
    five, whoever knows the volume could subtract: then nothing is shown.
    """
    shares = flows_by_country(facts.movements, facts.known.countries)
    parties: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for one in facts.movements:
        if one.is_secondary:
            countries = facts.known.countries
            way = (countries.get(one.origin, "??"), countries.get(one.receiver, "??"))
            sides = parties.setdefault(way, (set(), set()))
            sides[0].add(one.origin)
            sides[1].add(one.receiver)
    groups = safe_groups({way: min(map(len, sides)) for way, sides in parties.items()})
    givers = {who for way in groups.others for who in parties[way][0]}
    receivers = {who for way in groups.others for who in parties[way][1]}
    fewest = min(len(givers), len(receivers))
    if groups.others and (groups.hidden or fewest < FEWEST):
        return None
    found = [CountryFlow(*way, int(shares[way])) for way in sorted(groups.shown)]
    if groups.others:
        found.append(
            CountryFlow("others", "others", int(sum(shares[way] for way in groups.others)))
        )
    return found
