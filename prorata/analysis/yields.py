# SPDX-License-Identifier: MIT
"""Yields: of seven days, of thirty days as the SEC has it, and of what was distributed.

The first two are those of Form N-1A, Item 26: (a) for money market funds, (b) for others. They need
a file of accrued income and expenses, which no chain has; without one they are blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prorata.analysis.distributions import Distribution
from prorata.analysis.figures import DAY, YEAR, Figure, Question
from prorata.analysis.marks import Mark, newest
from prorata.analysis.precision import exact, power
from prorata.values.times import lasting, moment

__all__ = [
    "Accrued",
    "distribution_yield",
    "forward_yield",
    "sec_yield",
    "seven_day_effective",
    "seven_day_yield",
]

_NO_ACCRUALS = "no file of accrued income and expenses"


@dataclass(frozen=True)
class Accrued:
    """The accrued income of a fund over `days`, from the file whose digest is `document`.

    `income` are dividends and interest earned, `expenses` those accrued for the period net of
    reimbursements, `shares` the average daily number that was entitled to dividends, `price` the
    greatest offering price of a share on the last day.
    """

    days: int
    income: Fraction
    expenses: Fraction
    shares: Fraction
    price: Fraction
    document: str

    @property
    def inputs(self) -> dict[str, str]:
        """For a figure."""
        return {
            "income": exact(self.income),
            "expenses": exact(self.expenses),
            "average shares": exact(self.shares),
            "price": exact(self.price),
            "document": self.document,
        }


# ----------------------------------------------------------------------------------- accrued income


def seven_day_yield(daily: Sequence[Fraction] | None, start: Fraction, *, as_of: int) -> Figure:
    """The current yield: base period return x 365 / 7.

    `daily` is what an account of one share, worth `start` when the seven days begin, earned on each
    of them net of charges, with what its own dividends bought and without changes of capital. The
    base period return is their sum over `start`. Form N-1A, Item 26(a)(1).
    """
    question = _seven("7-day yield", daily, start, as_of)
    if isinstance(question, Figure):
        return question
    return question.answer(_base(daily, start) * YEAR / 7)


def seven_day_effective(daily: Sequence[Fraction] | None, start: Fraction, *, as_of: int) -> Figure:
    """The effective yield: (base period return + 1)^(365/7) - 1. Form N-1A, Item 26(a)(2)."""
    question = _seven("7-day effective yield", daily, start, as_of)
    if isinstance(question, Figure):
        return question
    base = _base(daily, start)
    if base <= -1:
        return question.blank("the account lost all that it had")
    return question.answer(power(1 + base, Fraction(YEAR, 7)) - 1)


def _seven(
    name: str, daily: Sequence[Fraction] | None, start: Fraction, as_of: int
) -> Question | Figure:
    """The question, or the figure where there is no answer."""
    count = len(daily or ())
    inputs = {"days": str(count), "start": exact(start)}
    if daily:
        inputs["earned"] = exact(sum(daily, Fraction(0)))
    question = Question(name, as_of, count, inputs, percent=True, places=2)
    if daily is None:
        return question.blank(_NO_ACCRUALS)
    if count != 7:
        return question.too_few(count, 7, "days")
    return question if start > 0 else question.blank("the account was worth nothing at the start")


def _base(daily: Sequence[Fraction] | None, start: Fraction) -> Fraction:
    return sum(daily or (), Fraction(0)) / start


def sec_yield(accrued: Accrued | None, *, as_of: int) -> Figure:
    """The 30-day yield: 2[((a - b) / (c d) + 1)^6 - 1]. Form N-1A, Item 26(b)(2).

    a is the income, b the expenses, c the average shares, d the price.
    """
    if accrued is None:
        return Question("30-day SEC yield", as_of, percent=True).blank(_NO_ACCRUALS)
    question = Question("30-day SEC yield", as_of, accrued.days, accrued.inputs, percent=True)
    if accrued.days != 30:
        return question.too_few(accrued.days, 30, "days")
    value = accrued.shares * accrued.price
    if value <= 0:
        return question.blank("no shares were outstanding, or they had no price")
    earned = (accrued.income - accrued.expenses) / value
    if earned <= -1:
        return question.blank("expenses were more than the fund was worth")
    return question.answer(2 * (power(earned + 1, Fraction(6)) - 1))


# -------------------------------------------------------------------------------------- distributed


def distribution_yield(
    distributions: Sequence[Distribution],
    marks: Sequence[Mark],
    *,
    since: int,
    as_of: int,
    oldest: int,
) -> Figure:
    """The trailing yield: what a share was paid gross in 365 days, over what it is worth.

    Counted are the records of the last 365 days that were declared; capital that was paid back is
    no yield. The newest of `marks`, which are of one kind, may be `oldest` seconds old. An asset
    that has paid for less than a year `since` it began has no trailing yield.
    """
    name, mark = "distribution yield, 365 days", newest(marks, as_of)
    counted = [
        one
        for one in distributions
        if one.is_income and as_of - YEAR * DAY < one.record <= as_of and one.declared <= as_of
    ]
    inputs = {str(n): one.text for n, one in enumerate(counted, start=1)}
    question = _over_mark(name, len(counted), inputs, mark, as_of)
    if as_of - since < YEAR * DAY:
        return question.too_few(max(0, as_of - since) // DAY, YEAR, "days")
    return _yield(question, counted, mark, Fraction(1), oldest)


def forward_yield(
    distributions: Sequence[Distribution],
    marks: Sequence[Mark],
    *,
    frequency: int,
    as_of: int,
    oldest: int,
) -> Figure:
    """The forward yield: the last distribution x how often the terms pay in a year, over a mark."""
    known = [one for one in distributions if one.is_income and one.declared <= as_of]
    last = max(known, key=lambda one: one.record, default=None)
    mark = newest(marks, as_of)
    inputs = {"frequency": str(frequency)} | ({} if last is None else {"last": last.text})
    question = _over_mark("distribution yield, forward", int(bool(known)), inputs, mark, as_of)
    if last is None:
        return question.blank("nothing was distributed yet")
    return _yield(question, [last], mark, Fraction(frequency), oldest)


def _over_mark(
    name: str, n: int, inputs: dict[str, str], mark: Mark | None, as_of: int
) -> Question:
    shown = {} if mark is None else {mark.kind.value: mark.text}
    return Question(name, as_of, n, {**inputs, **shown}, percent=True, places=2)


def _yield(
    question: Question,
    counted: Sequence[Distribution],
    mark: Mark | None,
    times: Fraction,
    oldest: int,
) -> Figure:
    if mark is None:
        return question.blank("there is no mark")
    if question.as_of - mark.time > oldest:
        age = lasting(question.as_of - mark.time)
        return question.blank(f"the newest mark is {age} old, of {moment(mark.time)}")
    if not mark.amount:
        return question.blank(f"the mark of {moment(mark.time)} is 0")
    foreign = {one.currency for one in counted} - {mark.currency}
    if foreign:
        return question.blank(f"income in {min(foreign)} and a mark in {mark.currency}")
    return question.answer(sum((one.gross for one in counted), Fraction(0)) * times / mark.value)
