# SPDX-License-Identifier: MIT
"""The money-weighted return of dated flows: the rate at which they are worth nothing, if one is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from prorata.analysis.figures import DAY, YEAR, Figure, Question
from prorata.analysis.precision import decimal_of, exact, rounded, settled, wide
from prorata.analysis.returns import Flow
from prorata.analysis.roots import roots_of
from prorata.values.times import moment
from prorata.values.words import listed

__all__ = ["xirr"]

MOST = 1_000_000_000
"""Times a year: a rate beyond it says only that the days between the flows are few."""


def xirr(flows: Sequence[Flow], *, as_of: int) -> Figure:
    """The yearly rate r with sum F_i (1 + r)^(-(d_i - d_0) / 365) = 0, d_i being days in UTC.

    Flows are the owner's: what was paid in is negative. Spreadsheets find one such rate near a
    guess; here all of them are found, at 50 digits, and with several there is no figure, for none
    of them is the return.
    """
    inputs = {
        f"flow {number}": f"{exact(flow.amount)} at {moment(flow.time)}"
        for number, flow in enumerate(flows, start=1)
    }
    question = Question("money-weighted return", as_of, len(flows), inputs, percent=True)
    by_day: dict[int, Fraction] = {}
    for flow in flows:
        day = flow.time // DAY
        by_day[day] = by_day.get(day, Fraction(0)) + flow.amount
    dated = sorted((day, amount) for day, amount in by_day.items() if amount)
    if len(dated) < 2:
        return question.blank(f"not enough data: flows on {len(dated)} of 2 days")
    with wide():
        terms = [(day, decimal_of(amount)) for day, amount in dated]
        # Rounded is the factor, not the rate: near a total loss the rate would lose its digits.
        rates = [settled((YEAR * u).exp()) - 1 for u in roots_of(terms)]
    if not rates:
        return question.blank("no rate makes these flows worth nothing")
    if len(rates) > 1:
        return question.blank(f"several roots: {listed([_shown(rate) for rate in rates])}")
    if rates[0] > MOST:
        return question.blank(f"the rate is {_shown(rates[0])}: the flows are too close together")
    return question.answer(rates[0])


def _shown(rate: Fraction) -> str:
    return f"over {MOST:,}" if rate > MOST else f"{rounded(rate * 100, 4)}%"
