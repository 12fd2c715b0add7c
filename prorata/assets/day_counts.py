# SPDX-License-Identifier: MIT
"""Day counts: which part of a year lies between two dates, as an exact fraction.

ISDA 2006 stands for section 4.16 of the 2006 ISDA Definitions, ICMA for rule 251 of the ICMA rule
book, MSRB for rule G-33 of the Municipal Securities Rulemaking Board, ISO for the codes of the type
InterestComputationMethod in ISO 20022. The first date is counted, the last is not. A convention
that needs more than two dates refuses without it: nothing is guessed.

Adjoining periods add up for all of them but three: 30/360 and 30/360 US, as
they look at both ends together, and 30E/360 ISDA where the maturity is the last day of February;
and ACT/ACT ICMA adds up within its reference periods.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from prorata.errors import InputError

__all__ = ["DayCount", "counted_days", "parse_day_count", "year_fraction"]


class DayCount(str, Enum):
    """A day count convention, by the name that terms files use."""

    ACT_360 = "ACT/360"
    """Days / 360 (ISDA 2006 (e), ISO A004)."""
    ACT_365F = "ACT/365F"
    """Days / 365, in leap years too (ISDA 2006 (d), ISO A005)."""
    BOND_30_360 = "30/360"
    """Months of 30 days; a 31st at the end counts as 30th only after a 30th or 31st at the start
    (ISDA 2006 (f), bond basis, ISO A001)."""
    E_30_360 = "30E/360"
    """Months of 30 days; every 31st counts as 30th (ISDA 2006 (g), Eurobond basis, ISO A011)."""
    E_30_360_ISDA = "30E/360 ISDA"
    """As 30E/360, and the last day of February counts as 30th, unless it is the maturity at the end
    of the period (ISDA 2006 (h), ISO A007)."""
    US_30_360 = "30/360 US"
    """As 30/360, and the last day of February counts as 30th at the start, and at the end where the
    start is one too (MSRB rule G-33 for securities paid at month ends)."""
    ACT_ACT_ISDA = "ACT/ACT ISDA"
    """Days in leap years / 366 + other days / 365 (ISDA 2006 (b), ISO A008)."""
    ACT_ACT_ICMA = "ACT/ACT ICMA"
    """Days / (days of the reference period times periods a year), summed over the reference periods
    (ISDA 2006 (c), ICMA rule 251, ISO A006)."""
    MONTHS_30_365 = "30/365"
    """Days as in 30E/360, over 365 (ISO A002)."""
    NL_365 = "NL/365"
    """Days without the 29ths of February / 365 (ISO A014)."""


_BY_NAME = {one.value.replace(" ", "").upper(): one for one in DayCount}
_THIRTY = {
    DayCount.BOND_30_360,
    DayCount.E_30_360,
    DayCount.E_30_360_ISDA,
    DayCount.US_30_360,
    DayCount.MONTHS_30_365,
}
_YEAR_OF_365 = {DayCount.ACT_365F, DayCount.MONTHS_30_365, DayCount.NL_365}


def parse_day_count(text: str) -> DayCount:
    """A convention by its name, in whatever case and with or without spaces.

    Raises: InputError for another name.
    """
    found = _BY_NAME.get("".join(text.split()).upper())
    if found is None:
        names = ", ".join(one.value for one in DayCount)
        raise InputError.of("day count", text, "is no day count", f"write one of {names}")
    return found


def year_fraction(
    convention: DayCount,
    start: date,
    end: date,
    *,
    reference: Sequence[date] | None = None,
    frequency: int | None = None,
    maturity: date | None = None,
) -> Fraction:
    """The part of a year from `start` to `end`, exactly.

    `reference` are the dates between which the regular coupon periods run: two for one period, more
    for a stub or a range that reaches into several, all adjoining; `frequency` is how many regular
    periods a year has. Both are for ACT/ACT ICMA. `maturity` is the day on which the instrument
    ends, for 30E/360 ISDA.

    Raises: InputError when the convention needs what is not given, when `end` is before `start`, or
    when a reference period does not cover the dates.
    """
    if convention is DayCount.ACT_ACT_ICMA:
        return _icma(start, end, reference, frequency)
    if convention is DayCount.ACT_ACT_ISDA:
        _check_order(start, end)
        return _isda(start, end)
    days = counted_days(convention, start, end, maturity=maturity)
    return Fraction(days, 365 if convention in _YEAR_OF_365 else 360)


def counted_days(
    convention: DayCount, start: date, end: date, *, maturity: date | None = None
) -> int:
    """The days that a convention counts from `start` to `end`: what stands above the line.

    For ACT/ACT these are the calendar's days.

    Raises: InputError when `end` is before `start`; for 30E/360 ISDA without the maturity.
    """
    _check_order(start, end)
    if convention in _THIRTY:
        return _thirty(convention, start, end, maturity)
    days = (end - start).days
    return days - _leap_days(start, end) if convention is DayCount.NL_365 else days


def _check_order(start: date, end: date) -> None:
    for name, day in (("start", start), ("end", end)):
        if isinstance(day, datetime):
            raise InputError.of(name, day, "has a time of day", "give the date alone")
    if end < start:
        rule = f"is before the start of the period, {start}"
        raise InputError.of("end", end, rule, "give the earlier date first")


# ---------------------------------------------------------------------------------- 30 days a month


def _last_of_february(day: date) -> bool:
    return day.month == 2 and day.day == (29 if isleap(day.year) else 28)


def _thirty(convention: DayCount, start: date, end: date, maturity: date | None) -> int:
    first, last = start.day, end.day
    if convention is DayCount.E_30_360_ISDA:
        if maturity is None:
            rule = "needs the maturity, as the last day of February counts differently there"
            raise InputError.of("day count", convention.value, rule, "give the maturity")
        first = 30 if _last_of_february(start) else first
        last = 30 if _last_of_february(end) and end != maturity else last
    if convention is DayCount.US_30_360 and _last_of_february(start):
        first, last = 30, 30 if _last_of_february(end) else last
    at_both_ends = convention in (DayCount.BOND_30_360, DayCount.US_30_360)
    if not at_both_ends or first >= 30:
        last = min(last, 30)
    months = (end.year - start.year) * 12 + end.month - start.month
    return 30 * months + last - min(first, 30)


def _leap_days(start: date, end: date) -> int:
    """The 29ths of February after `start` and not after `end`."""
    return _leap_days_until(end) - _leap_days_until(start)


def _leap_days_until(day: date) -> int:
    """The 29ths of February from the year 1 to `day`."""
    years = day.year if (day.month, day.day) >= (2, 29) else day.year - 1
    return years // 4 - years // 100 + years // 400


# ------------------------------------------------------------------------------- actual over actual


def _isda(start: date, end: date) -> Fraction:
    if start.year == end.year:
        return Fraction((end - start).days, 366 if isleap(start.year) else 365)
    first = Fraction((date(start.year + 1, 1, 1) - start).days, 366 if isleap(start.year) else 365)
    last = Fraction((end - date(end.year, 1, 1)).days, 366 if isleap(end.year) else 365)
    return first + (end.year - start.year - 1) + last


def _icma(
    start: date, end: date, reference: Sequence[date] | None, frequency: int | None
) -> Fraction:
    _check_order(start, end)
    name = DayCount.ACT_ACT_ICMA.value
    if reference is None:
        rule = "needs the regular coupon periods that it divides by"
        remedy = "give the reference dates and the frequency"
        raise InputError.of("day count", name, rule, remedy)
    if frequency is None or frequency < 1:
        rule = "needs how many regular periods a year has, one at least"
        raise InputError.of("frequency", frequency or "", rule, "give 1, 2, 4 or 12")
    if len(reference) < 2 or any(after <= before for before, after in pairwise(reference)):
        listed = ", ".join(map(str, reference))
        rule = "are no reference periods"
        raise InputError.of("reference", listed, rule, "give two dates or more, each later")
    if start < reference[0] or end > reference[-1]:
        rule = f"is outside the reference periods, {reference[0]} to {reference[-1]}"
        outside = start if start < reference[0] else end
        raise InputError.of("reference", outside, rule, "give the periods that cover it")
    return sum(
        (
            Fraction((min(end, after) - max(start, before)).days, (after - before).days * frequency)
            for before, after in pairwise(reference)
            if before < end and after > start
        ),
        Fraction(0),
    )
