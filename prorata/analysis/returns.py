# SPDX-License-Identifier: MIT
"""Returns: with income reinvested, linked over time, and weighted by money.

Time-weighting is that of the Global Investment Performance Standards; compliance with them is not
claimed. Net and gross of tax, and series of net asset values and of prices, are never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import prod

from prorata.analysis.distributions import Distribution
from prorata.analysis.figures import Figure, Question
from prorata.analysis.marks import Basis, Mark, MarkKind, checked_series
from prorata.analysis.precision import exact
from prorata.values.times import moment

__all__ = [
    "Flow",
    "Growth",
    "growth",
    "held_flows",
    "linked",
    "modified_dietz",
    "total_return",
]


@dataclass(frozen=True)
class Flow:
    """Money at a time: for an account, what came in is positive; for its owner, what came back."""

    time: int
    amount: Fraction


# ------------------------------------------------------------------------------------- total return


@dataclass(frozen=True)
class Growth:
    """What 1 became, with income reinvested: at each time a level, or why there is none."""

    times: tuple[int, ...]
    levels: tuple[Fraction, ...]
    kind: MarkKind | None = None
    reinvested: int = 0
    reason: str | None = None

    def until(self, as_of: int) -> Growth:
        """The same, as far as a time."""
        count = sum(time <= as_of for time in self.times)
        return replace(self, times=self.times[:count], levels=self.levels[:count])

    @property
    def returns(self) -> tuple[Fraction, ...]:
        """From each time to the next."""
        pairs = pairwise(self.levels)
        return tuple(after / before - 1 for before, after in pairs)


def growth(
    marks: Sequence[Mark], distributions: Sequence[Distribution], *, net: bool = False
) -> Growth:
    """The total-return series: at each mark t, level x (P_t + D_t) / P_(t-1).

    D_t is income whose first ex mark is t: the first one after the second of the record that is
    not cum. That is the same as buying shares at the ex price. Of income that was declared only
    after its ex mark, nobody knows whether the mark is without it, so that there is no series.

    Raises: InputError when the marks make no series.
    """
    times = tuple(mark.time for mark in checked_series(marks))
    kind = marks[0].kind if marks else None
    if len(marks) < 2:
        return Growth(times, (), kind, reason=f"not enough data: {len(marks)} of 2 marks")
    if (empty := next((m for m in marks[:-1] if not m.amount), None)) is not None:
        return Growth(times, (), kind, reason=f"the mark of {moment(empty.time)} is 0")
    entering: dict[int, Fraction] = {}
    counted = 0
    for one in distributions:
        place = _ex_mark(marks, one)
        if place is None:
            continue
        amount = one.net if net else one.gross
        if (reason := _fault(marks[place], one, amount)) is not None or amount is None:
            return Growth(times, (), kind, reason=reason)
        entering[place] = entering.get(place, Fraction(0)) + amount
        counted += 1
    levels = [Fraction(1)]
    for place in range(1, len(marks)):
        came = marks[place].value + entering.get(place, Fraction(0))
        levels.append(levels[-1] * came / marks[place - 1].value)
    return Growth(times, tuple(levels), kind, counted)


def _ex_mark(marks: Sequence[Mark], one: Distribution) -> int | None:
    """Where the income of a record comes in; None if it is before the first mark or not yet."""
    after = (n for n, m in enumerate(marks) if m.time > one.record and m.basis is Basis.EX)
    place = next(after, None)
    return None if place == 0 else place


def _fault(mark: Mark, one: Distribution, amount: Fraction | None) -> str | None:
    if amount is None:
        return f"what the record of {moment(one.record)} paid after tax is not known"
    if one.currency != mark.currency:
        return f"income in {one.currency} and marks in {mark.currency}"
    if one.declared > mark.time:
        return (
            f"income of the record of {moment(one.record)} was declared after the mark of "
            f"{moment(mark.time)}, which is not cum"
        )
    return None


def held_flows(marks: Sequence[Mark], distributions: Sequence[Distribution]) -> list[Flow]:
    """The flows of whoever buys one share at the first mark and has what it is worth at the last.

    Income comes in at its first ex mark, as in the total return, and is not reinvested.
    """
    if not marks:
        return []
    income = [
        Flow(marks[place].time, one.gross)
        for one in distributions
        if (place := _ex_mark(marks, one)) is not None
    ]
    bought, worth = Flow(marks[0].time, -marks[0].value), Flow(marks[-1].time, marks[-1].value)
    return [bought, *income, worth]


def total_return(
    marks: Sequence[Mark], distributions: Sequence[Distribution], *, as_of: int, net: bool = False
) -> Figure:
    """The return of a share whose income was reinvested on ex-dates: the last level less 1.

    Gross of tax, or with `net` after it.

    Raises: InputError when the marks make no series.
    """
    known = [mark for mark in marks if mark.time <= as_of]
    grown = growth(known, distributions, net=net)
    name = f"total return, {'net' if net else 'gross'} of tax"
    inputs = {"reinvested": str(grown.reinvested)}
    if known:
        inputs = {"from": known[0].text, "to": known[-1].text, **inputs}
    question = Question(name, as_of, len(known), inputs, percent=True, places=2)
    if grown.reason is not None:
        return question.blank(grown.reason)
    return question.answer(grown.levels[-1] - 1)


def linked(returns: Sequence[Fraction | Figure], *, as_of: int) -> Figure:
    """The time-weighted return of adjoining periods: prod (1 + r_i) - 1.

    One period without a return leaves the whole without one.
    """
    question = Question("time-weighted return", as_of, len(returns), percent=True, places=2)
    if not returns:
        return question.blank("not enough data: 0 of 1 periods")
    values = []
    for number, one in enumerate(returns, start=1):
        if isinstance(one, Figure) and one.value is None:
            return question.blank(f"period {number} has no return: {one.reason}")
        values.append(one.known if isinstance(one, Figure) else one)
    return question.answer(prod((1 + value for value in values), start=Fraction(1)) - 1)


# ----------------------------------------------------------------------------------- modified Dietz


def modified_dietz(
    start: Fraction,
    end: Fraction,
    flows: Sequence[Flow],
    *,
    begins: int,
    ends: int,
) -> Figure:
    """The Modified Dietz return of one period: (V1 - V0 - F) / (V0 + sum w_i F_i).

    V0 and V1 are the values at both ends, F all flows into the account, and w_i the part of the
    period that is left after flow i: (ends - time) / (ends - begins), in seconds or in days. A
    holder's return on monthly marks is this one, and is called so: Dietz, "Measurement of
    Performance of Security Portfolios", Journal of Finance 23 (1968). Transfers between wallets of
    one person, and recoveries, are no flows.
    """
    inputs = {"start": exact(start), "end": exact(end)}
    for number, flow in enumerate(flows, start=1):
        inputs[f"flow {number}"] = f"{exact(flow.amount)} at {flow.time}"
    question = Question("Modified Dietz return", ends, len(flows), inputs, percent=True, places=2)
    if ends <= begins:
        return question.blank("the period has no length")
    outside = [flow.time for flow in flows if not begins <= flow.time <= ends]
    if outside:
        return question.blank(f"the flow at {outside[0]} is outside the period")
    capital = start + sum(
        (flow.amount * Fraction(ends - flow.time, ends - begins) for flow in flows), Fraction(0)
    )
    if capital <= 0:
        return question.blank("the average capital is not positive")
    gain = end - start - sum((flow.amount for flow in flows), Fraction(0))
    return question.answer(gain / capital)
