# SPDX-License-Identifier: MIT
"""Risk: volatility, drawdown, and the correlation of two assets, on marks of equal intervals.

Only an asset's own marks count. A monthly value carried from day to day is no daily mark: it turned
a correlation of 0.80 into one of 0.00. Appraisals are smooth by how they are made, so that what
they vary by is less than what the asset is worth does; there is no Sharpe ratio of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

from prorata.analysis.figures import DAY, Figure, Question
from prorata.analysis.marks import MarkKind
from prorata.analysis.periods import Interval, period_of
from prorata.analysis.precision import root, total
from prorata.analysis.returns import Growth
from prorata.values.times import moment

__all__ = [
    "LEAST",
    "Pair",
    "autocorrelation",
    "correlation",
    "correlations",
    "drawdown",
    "pearson",
    "ranks",
    "returns_by_period",
    "sharpe",
    "spearman",
    "volatility",
]

LEAST = 36
"""Returns that a correlation or a volatility needs."""


# -------------------------------------------------------------------------------------- statistics


def _products(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    """The sum of the products of the deviations from both means, times their number."""
    n = len(one)
    both = total(a * b for a, b in zip(one, other, strict=True))
    return n * both - total(one) * total(other)


def pearson(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction | None:
    """Pearson's r: S_xy / sqrt(S_xx S_yy); None where one of them never changes."""
    spread = _products(one, one) * _products(other, other)
    return _products(one, other) / root(spread) if spread else None


def ranks(values: Sequence[Fraction]) -> list[Fraction]:
    """The place of each value in their order, from 1; equal ones have the mean of their places."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [Fraction(0)] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end + 1 < len(order) and values[order[end + 1]] == values[order[begin]]:
            end += 1
        for place in order[begin : end + 1]:
            found[place] = Fraction(begin + end + 2, 2)
        begin = end + 1
    return found


def spearman(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction | None:
    """Spearman's rho: Pearson's r of the ranks."""
    return pearson(ranks(one), ranks(other))


def _variance(values: Sequence[Fraction]) -> Fraction:
    """Of a sample: with n - 1."""
    n = len(values)
    return _products(values, values) / (n * (n - 1))


# ----------------------------------------------------------------------------------------- periods


def returns_by_period(grown: Growth, interval: Interval) -> dict[int, Fraction]:
    """The return of each period whose end and whose predecessor's end have a mark.

    The end of a period is its last mark. Where a period has none, neither it nor the next one has a
    return: nothing is carried over.
    """
    ends = {
        period_of(time, interval): level
        for time, level in zip(grown.times, grown.levels, strict=True)
    }
    return {
        period: level / ends[period - 1] - 1 for period, level in ends.items() if period - 1 in ends
    }


def volatility(grown: Growth, *, interval: Interval, as_of: int) -> Figure:
    """The yearly volatility: the standard deviation of the total returns x sqrt(periods a year)."""
    question, found = _asked("volatility", grown, interval, as_of, percent=True)
    if isinstance(found, str):
        return question.blank(found)
    return question.answer(root(_variance(found) * interval.in_a_year))


def autocorrelation(grown: Growth, *, interval: Interval, as_of: int) -> Figure:
    """Pearson's r of each period's return and the next one's: near 1, the marks are stale."""
    question, found = _asked("autocorrelation", grown, interval, as_of)
    if isinstance(found, str):
        return question.blank(found)
    r = pearson(found[:-1], found[1:])
    return question.blank("the returns never change") if r is None else question.answer(r)


def sharpe(grown: Growth, *, riskless: Fraction, interval: Interval, as_of: int) -> Figure:
    """The Sharpe ratio of prices: the mean return over a riskless one of a period, in deviations.

    Yearly: x sqrt(periods a year). Of appraisals, and of values that rest on them, there is none.
    """
    question, found = _asked("Sharpe ratio", grown, interval, as_of)
    if grown.kind is not MarkKind.PRICE:
        return question.blank("returns of appraised values are smoothed: only prices have one")
    if isinstance(found, str):
        return question.blank(found)
    spread = _variance(found)
    if not spread:
        return question.blank("the returns never change")
    mean = total(found) / len(found) - riskless
    return question.answer(mean * root(interval.in_a_year / spread))


def _asked(
    name: str, grown: Growth, interval: Interval, as_of: int, *, percent: bool = False
) -> tuple[Question, list[Fraction] | str]:
    """The question, and the returns of successive periods, or why there are too few."""
    inputs = {"interval": interval.value, "kind": grown.kind.value if grown.kind else "none"}
    places = 2 if percent else 4
    if grown.reason is not None:
        return Question(name, as_of, 0, inputs, percent, places), grown.reason
    found = _last_run(returns_by_period(grown.until(as_of), interval))
    question = Question(name, as_of, len(found), inputs, percent, places)
    if len(found) < LEAST:
        return question, f"not enough data: {len(found)} of {LEAST} {interval.value}s"
    return question, found


def _last_run(returns: Mapping[int, Fraction]) -> list[Fraction]:
    """The returns of the newest periods that follow one another."""
    run: list[Fraction] = []
    for period in sorted(returns):
        if period - 1 not in returns:
            run = []
        run.append(returns[period])
    return run


# ---------------------------------------------------------------------------------------- drawdown


def drawdown(grown: Growth, *, as_of: int) -> Figure:
    """The deepest fall of the total-return level from its peak so far: min (level / peak - 1)."""
    known = grown.until(as_of)
    question = Question("drawdown", as_of, len(known.levels), percent=True, places=2)
    if grown.reason is not None:
        return question.blank(grown.reason)
    if not known.levels:
        return question.blank("not enough data: 0 of 2 marks")
    deepest, peak = Fraction(0), known.levels[0]
    since = fell_from = fell_to = known.times[0]
    for time, level in zip(known.times, known.levels, strict=True):
        if level > peak:
            peak, since = level, time
        if level / peak - 1 < deepest:
            deepest, fell_from, fell_to = level / peak - 1, since, time
    inputs = {} if not deepest else {"peak": moment(fell_from), "trough": moment(fell_to)}
    return replace(question, inputs=inputs).answer(deepest)


# ------------------------------------------------------------------------------------- correlation


@dataclass(frozen=True)
class Pair:
    """The correlation of two assets, and Spearman's as a check of it."""

    pearson: Figure
    spearman: Figure


def correlation(one: Growth, other: Growth, *, interval: Interval, as_of: int) -> Pair:
    """The correlation of total returns over common marks.

    Common are the days in UTC on which both assets have a mark of their own. The last of them in
    each period is its end; returns between the ends of adjoining periods are compared, and 36 are
    needed. Of a day with several marks the last one counts.
    """
    inputs = {"interval": interval.value}
    names = ("correlation", "rank correlation")
    for each in (one, other):
        if each.reason is not None:
            return Pair(*(Question(name, as_of, 0, inputs).blank(each.reason) for name in names))
    first, second = (_by_day(each.until(as_of)) for each in (one, other))
    common = sorted(set(first) & set(second))
    returns = [returns_by_period(_on(levels, common), interval) for levels in (first, second)]
    periods = sorted(returns[0])
    if common:
        inputs |= {"from": moment(common[0] * DAY), "to": moment(common[-1] * DAY)}
    questions = [Question(name, as_of, len(periods), inputs) for name in names]
    if len(periods) < LEAST:
        what = f"common {interval.value}s"
        return Pair(*(asked.too_few(len(periods), LEAST, what) for asked in questions))
    pairs = [[each[period] for period in periods] for each in returns]
    values = (pearson(*pairs), spearman(*pairs))
    return Pair(
        *(
            asked.blank("one of them never changes") if r is None else asked.answer(r)
            for asked, r in zip(questions, values, strict=True)
        )
    )


def correlations(
    assets: Mapping[str, Growth], *, interval: Interval, as_of: int
) -> dict[tuple[str, str], Pair]:
    """The correlation of each two assets, once."""
    return {
        (a, b): correlation(assets[a], assets[b], interval=interval, as_of=as_of)
        for a, b in combinations(sorted(assets), 2)
    }


def _by_day(grown: Growth) -> dict[int, Fraction]:
    return {t // DAY: level for t, level in zip(grown.times, grown.levels, strict=True)}


def _on(levels: Mapping[int, Fraction], days: Sequence[int]) -> Growth:
    """The same levels on these days only."""
    return Growth(tuple(day * DAY for day in days), tuple(levels[day] for day in days))
