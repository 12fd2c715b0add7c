# SPDX-License-Identifier: MIT
"""What a loan's contract makes due: instalment dates, interest, the annuity.

Interest is simple within a period and rounded once, when it falls due. An annuity's instalment is
rounded once, when it is fixed, and the last instalment takes the difference:

    instalment = principal * G_1 / (1 + G_2 + ... + G_n),   G_k = F_k * F_(k+1) * ... * F_n

where F_k is 1 + rate * the part of a year of the k-th period. For equal periods this is the plain
annuity principal * i / (1 - (1 + i)^-n). It is worked out exactly, whatever the day count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import lcm

from prorata.assets.day_counts import DayCount, year_fraction
from prorata.assets.schedules.cycles import Cycle

__all__ = ["DueDates", "Loan", "LoanType", "annuity_factor", "annuity_of", "months_after"]


class LoanType(str, Enum):
    """How principal is repaid, by the names of ACTUS."""

    ANN = "ANN"
    """Annuity: equal instalments of interest and principal."""
    LAM = "LAM"
    """Linear: equal instalments of principal, with interest on top."""
    PAM = "PAM"
    """Bullet: interest only, and all principal at the end."""


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last of a month that has none of that number."""
    return Cycle(months=months).after(day, 1)


@dataclass(frozen=True)
class DueDates:
    """When instalments fall due: every so many months from `anchor` on, and by which day count."""

    day_count: DayCount
    anchor: date
    every: int

    def of(self, number: int) -> date:
        """When the instalment of this number, counted from 0, falls due."""
        return months_after(self.anchor, number * self.every)

    def first(self, count: int) -> tuple[date, ...]:
        """When so many instalments fall due, from that of number 0 on."""
        return _first(self, count)

    def fraction(self, start: date, end: date, last: date) -> Fraction:
        """The part of a year between two days; `last` is the loan's maturity."""
        return _fraction(self, start, end, last)


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as the tape has it when the pool opens.

    Amounts are smallest units; `rate` is a year's. Interest is paid up to `paid_to`; `payments`
    instalments follow, the first on `next_due`, one every `every` months. `instalment` is that of
    an annuity, where its contract says one; `original` is the principal once lent. `line` is where
    the tape has it.
    """

    name: str
    type: LoanType
    principal: int
    rate: Fraction
    paid_to: date
    next_due: date
    payments: int
    every: int
    day_count: DayCount
    instalment: int | None
    original: int
    line: int | None = None

    @property
    def due_dates(self) -> DueDates:
        """When its instalments fall due."""
        return DueDates(self.day_count, self.next_due, self.every)


@lru_cache(maxsize=1_000)
def _first(dates: DueDates, count: int) -> tuple[date, ...]:
    return tuple(dates.of(number) for number in range(count))


@lru_cache(maxsize=50_000)
def _fraction(dates: DueDates, start: date, end: date, last: date) -> Fraction:
    if dates.day_count is not DayCount.ACT_ACT_ICMA:
        return year_fraction(dates.day_count, start, end, maturity=last)
    # The regular periods run from instalment date to instalment date, before the first one too.
    months = (start.year - dates.anchor.year) * 12 + start.month - dates.anchor.month
    number = months // dates.every - 1
    grid = [dates.of(number)]
    while grid[-1] < end:
        number += 1
        grid.append(dates.of(number))
    return year_fraction(dates.day_count, start, end, reference=grid, frequency=12 // dates.every)


@lru_cache(maxsize=10_000)
def annuity_of(
    dates: DueDates, rate: Fraction, since: date, first: int, payments: int
) -> tuple[int, int]:
    """What repays a principal of 1 in so many instalments, as a numerator and a denominator.

    Interest runs from `since`; the first instalment is that of number `first`.
    """
    due = dates.first(first + payments)[first:]
    between = pairwise((since, *due))
    return annuity_factor(rate, [dates.fraction(start, end, due[-1]) for start, end in between])


def annuity_factor(rate: Fraction, periods: Sequence[Fraction]) -> tuple[int, int]:
    """What repays a principal of 1 exactly, in an instalment at the end of each of the periods.

    `periods` are parts of a year. The instalment is the first number over the second, exactly: all
    growth factors are brought to one denominator, and the rest is multiplication of integers.
    """
    unit = lcm(*(period.denominator for period in periods))
    below = rate.denominator * unit
    above = [
        below + rate.numerator * period.numerator * (unit // period.denominator)
        for period in periods
    ]
    product, total = 1, 1  # over the same power of `below`: G_k, and 1 + G_k + ... + G_n
    for factor in reversed(above[1:]):
        product *= factor
        total = total * below + product
    return product * above[0], below * total
