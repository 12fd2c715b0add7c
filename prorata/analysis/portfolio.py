# SPDX-License-Identifier: MIT
"""Portfolios: what several assets are worth together in one currency, and how they move.

Marks and exchange rates come from files; no feed of prices is shipped. A position whose mark or
rate lacks, or is too old, has no value, and then the whole has none: a sum of what happens to be
known would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from prorata.analysis.distributions import Distribution
from prorata.analysis.figures import Figure, Question
from prorata.analysis.marks import Mark, MarkKind, newest
from prorata.analysis.money_weighted import xirr
from prorata.analysis.periods import Interval
from prorata.analysis.precision import exact
from prorata.analysis.returns import Flow, Growth, growth
from prorata.analysis.risk import Pair, autocorrelation, correlations, drawdown, volatility
from prorata.values.times import lasting, moment
from prorata.values.words import listed

__all__ = ["Holding", "Portfolio", "Position", "Rate", "Report", "in_currency", "rate_at"]


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency was worth in the reporting one, and who says so."""

    time: int
    currency: str
    value: Fraction
    source: str

    @property
    def text(self) -> str:
        """For the inputs of a figure."""
        return f"{exact(self.value)} for 1 {self.currency} at {moment(self.time)} ({self.source})"


@dataclass(frozen=True)
class Holding:
    """So many shares of an asset, valued by marks of one kind."""

    asset: str
    quantity: Fraction
    kind: MarkKind


@dataclass(frozen=True)
class Position:
    """What is known of one holding: its value in the reporting currency, and how it moved."""

    holding: Holding
    value: Figure
    weight: Figure
    total_return: Figure
    volatility: Figure
    autocorrelation: Figure
    drawdown: Figure


@dataclass(frozen=True)
class Report:
    """A portfolio at a time.

    `volatility` and `drawdown` are those of today's holdings, looking back: what was held earlier
    is not in the files. `looking_back` is what they rest on, on the seconds that all assets have,
    and `series` has each asset in the reporting currency. `money_weighted` is there if flows were
    given.
    """

    currency: str
    as_of: int
    positions: tuple[Position, ...]
    value: Figure
    hhi: Figure
    effective: Figure
    volatility: Figure
    drawdown: Figure
    money_weighted: Figure
    correlations: Mapping[tuple[str, str], Pair]
    series: Mapping[str, Growth]
    looking_back: Growth

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Those of the whole."""
        return (
            self.value,
            self.hhi,
            self.effective,
            self.volatility,
            self.drawdown,
            self.money_weighted,
        )

    def blanks(self) -> Iterator[tuple[str, str, str]]:
        """The figures of positions that are blank: asset, figure and reason."""
        for one in self.positions:
            for figure in (one.value, one.total_return, one.volatility, one.drawdown):
                if figure.reason is not None:
                    yield one.holding.asset, figure.name, figure.reason


def rate_at(
    rates: Sequence[Rate], currency: str, reporting: str, time: int, oldest: int
) -> Rate | str:
    """The newest rate of a currency at a time, or why there is none."""
    if currency == reporting:
        return Rate(time, currency, Fraction(1), "the reporting currency")
    known = [one for one in rates if one.currency == currency and one.time <= time]
    if not known:
        return f"no rate of {currency} at {moment(time)}"
    found = max(known, key=lambda one: one.time)
    if time - found.time > oldest:
        age = lasting(time - found.time)
        return f"the rate of {currency} at {moment(time)} is {age} old"
    return found


def in_currency(
    grown: Growth, currency: str, reporting: str, rates: Sequence[Rate], oldest: int
) -> Growth:
    """The series of an asset in the reporting currency: level x rate / rate at its beginning.

    Income is reinvested at the second of its ex mark, so that the rate of that second cancels.
    """
    if grown.reason is not None or currency == reporting:
        return grown
    found: list[Fraction] = []
    for time in grown.times:
        rate = rate_at(rates, currency, reporting, time, oldest)
        if isinstance(rate, str):
            return replace(grown, levels=(), reason=rate)
        found.append(rate.value)
    levels = (level * rate / found[0] for level, rate in zip(grown.levels, found, strict=True))
    return replace(grown, levels=tuple(levels))


@dataclass(frozen=True)
class Portfolio:
    """Holdings, and the marks, rates, income and flows to value them by.

    Ages are in seconds. `flows` are the owner's: what was paid in is negative; what the holdings
    are worth at the end is added to them.
    """

    currency: str
    as_of: int
    holdings: Sequence[Holding]
    marks: Sequence[Mark]
    rates: Sequence[Rate]
    interval: Interval
    oldest_mark: int
    oldest_rate: int
    income: Mapping[str, Sequence[Distribution]] = field(default_factory=dict)
    flows: Sequence[Flow] | None = None

    def report(self) -> Report:
        """All figures.

        Raises: InputError when the marks of an asset make no series.
        """
        values = [self._value(one) for one in self.holdings]
        whole = self._whole(values)
        series = {one.asset: self._series(one) for one in self.holdings}
        back = self._looking_back(values, series)
        squares = self._squares(values, whole)
        return Report(
            self.currency,
            self.as_of,
            tuple(
                self._position(one, value, whole, series[one.asset])
                for one, value in zip(self.holdings, values, strict=True)
            ),
            whole,
            *squares,
            replace(
                volatility(back, interval=self.interval, as_of=self.as_of),
                name="volatility of today's holdings",
            ),
            replace(drawdown(back, as_of=self.as_of), name="drawdown of today's holdings"),
            self._money_weighted(whole),
            correlations(series, interval=self.interval, as_of=self.as_of),
            series,
            back,
        )

    def _marks_of(self, one: Holding) -> list[Mark]:
        found = [m for m in self.marks if m.asset == one.asset and m.kind is one.kind]
        return sorted((m for m in found if m.time <= self.as_of), key=lambda m: m.time)

    def _value(self, one: Holding) -> Figure:
        mark = newest(self._marks_of(one), self.as_of)
        name = "value"
        inputs = {"quantity": exact(one.quantity), "currency": self.currency}
        if mark is None:
            return Question(name, self.as_of, 0, inputs).blank(f"no {one.kind.value} is given")
        question = Question(name, self.as_of, 1, {**inputs, "mark": mark.text}, places=2)
        if self.as_of - mark.time > self.oldest_mark:
            age = lasting(self.as_of - mark.time)
            return question.blank(f"the {one.kind.value} of {moment(mark.time)} is {age} old")
        rate = rate_at(self.rates, mark.currency, self.currency, self.as_of, self.oldest_rate)
        if isinstance(rate, str):
            return question.blank(rate)
        inputs = {**question.inputs, "rate": rate.text}
        return replace(question, inputs=inputs).answer(one.quantity * mark.value * rate.value)

    def _whole(self, values: Sequence[Figure]) -> Figure:
        blank = [
            one.asset
            for one, value in zip(self.holdings, values, strict=True)
            if value.value is None
        ]
        inputs = {"currency": self.currency, "positions": str(len(values))}
        question = Question("value", self.as_of, len(values) - len(blank), inputs, places=2)
        if not values:
            return question.blank("there are no positions")
        if blank:
            return question.blank(f"no value of {listed(blank)}")
        return question.answer(sum((one.known for one in values), Fraction(0)))

    def _part(self, question: Question, value: Figure, whole: Figure) -> Figure:
        if value.value is None:
            return question.blank(str(value.reason))
        if whole.value is None:
            return question.blank(str(whole.reason))
        if not whole.value:
            return question.blank("the portfolio is worth nothing")
        return question.answer(value.value / whole.value)

    def _squares(self, values: Sequence[Figure], whole: Figure) -> tuple[Figure, Figure]:
        """HHI of the weights, and how many equal positions are as concentrated."""
        n = len(values)
        hhi = Question("HHI", self.as_of, n, places=2)
        effective = Question("effective positions", self.as_of, n, places=2)
        if not whole.value:
            reason = whole.reason or "the portfolio is worth nothing"
            return hhi.blank(reason), effective.blank(reason)
        squares = sum(((one.known / whole.value) ** 2 for one in values), Fraction(0))
        return hhi.answer(squares * 10_000), effective.answer(1 / squares)

    def _series(self, one: Holding) -> Growth:
        marks = self._marks_of(one)
        grown = growth(marks, self.income.get(one.asset, ()))
        if not marks:
            return grown
        return in_currency(grown, marks[0].currency, self.currency, self.rates, self.oldest_rate)

    def _position(self, one: Holding, value: Figure, whole: Figure, grown: Growth) -> Position:
        weight = Question("weight", self.as_of, 1, percent=True, places=2)
        asked = Question(
            "total return",
            self.as_of,
            len(grown.levels),
            {"reinvested": str(grown.reinvested)},
            percent=True,
            places=2,
        )
        if grown.reason is None:
            since = {"from": moment(grown.times[0]), "to": moment(grown.times[-1])}
            returned = replace(asked, inputs={**asked.inputs, **since}).answer(grown.levels[-1] - 1)
        else:
            returned = asked.blank(grown.reason)
        return Position(
            one,
            value,
            self._part(weight, value, whole),
            returned,
            volatility(grown, interval=self.interval, as_of=self.as_of),
            autocorrelation(grown, interval=self.interval, as_of=self.as_of),
            drawdown(grown, as_of=self.as_of),
        )

    def _looking_back(self, values: Sequence[Figure], series: Mapping[str, Growth]) -> Growth:
        """What today's holdings were worth on the seconds that all series have."""
        for one, value in zip(self.holdings, values, strict=True):
            reason = value.reason or series[one.asset].reason
            if reason is None and not series[one.asset].levels[-1]:
                reason = "the last mark is 0"
            if reason is not None:
                return Growth((), (), reason=f"{one.asset}: {reason}")
        levels = [dict(zip(one.times, one.levels, strict=True)) for one in series.values()]
        common = sorted(set.intersection(*(set(one) for one in levels))) if levels else []
        if len(common) < 2:
            return Growth((), (), reason=f"not enough data: {len(common)} of 2 common marks")
        worth: dict[str, Fraction] = {}
        for one, value in zip(self.holdings, values, strict=True):
            worth[one.asset] = worth.get(one.asset, Fraction(0)) + value.known
        sums = []
        for time in common:
            parts = zip(series, levels, strict=True)
            sums.append(
                sum(
                    (worth[name] * level[time] / series[name].levels[-1] for name, level in parts),
                    Fraction(0),
                )
            )
        return Growth(tuple(common), tuple(one / sums[0] for one in sums))

    def _money_weighted(self, whole: Figure) -> Figure:
        if self.flows is None:
            question = Question("money-weighted return", self.as_of, percent=True)
            return question.blank("no file of flows is given")
        if whole.value is None:
            question = Question("money-weighted return", self.as_of, len(self.flows), percent=True)
            return question.blank(str(whole.reason))
        earlier = [flow for flow in self.flows if flow.time <= self.as_of]
        return xirr([*earlier, Flow(self.as_of, whole.value)], as_of=self.as_of)
