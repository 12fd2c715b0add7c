"""Day counts and schedules beside QuantLib, which is only here and never in the package.

Both are asked for the same seeded dates. QuantLib answers in floating point, so that a year
fraction agrees when it is within a million millionth; dates agree or do not.
"""

from __future__ import annotations

import random
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from functools import cache

import QuantLib as ql  # noqa: N813 - as its own documentation has it

from prorata.assets.calendars import Calendar, Roll, find_calendar
from prorata.assets.day_counts import DayCount, year_fraction
from prorata.assets.schedules.cycles import Cycle, parse_cycle
from prorata.assets.schedules.periods import Grid, Stub

CALENDARS = {
    "TARGET": ql.TARGET(),
    "London": ql.UnitedKingdom(ql.UnitedKingdom.Settlement),
    "US bond": ql.UnitedStates(ql.UnitedStates.GovernmentBond),
    "Zurich": ql.Switzerland(),
}
ROLLS = {
    Roll.FOLLOWING: ql.Following,
    Roll.MODIFIED_FOLLOWING: ql.ModifiedFollowing,
    Roll.PRECEDING: ql.Preceding,
    Roll.MODIFIED_PRECEDING: ql.ModifiedPreceding,
}
CYCLES = ("1M", "2M", "3M", "6M", "1Y", "2Y", "1W", "2W", "4W", "45D", "91D")
CLOSE = 1e-12
FROM_ORDINAL = date(2000, 1, 1).toordinal() - ql.Date(1, 1, 2000).serialNumber()

_THIRTY = ql.Thirty360
_PLAIN = {
    DayCount.ACT_360: ql.Actual360(),
    DayCount.ACT_365F: ql.Actual365Fixed(),
    DayCount.BOND_30_360: _THIRTY(_THIRTY.BondBasis),
    DayCount.E_30_360: _THIRTY(_THIRTY.EurobondBasis),
    DayCount.US_30_360: _THIRTY(_THIRTY.USA),
    DayCount.ACT_ACT_ISDA: ql.ActualActual(ql.ActualActual.ISDA),
    DayCount.MONTHS_30_365: ql.Thirty365(),
    DayCount.NL_365: ql.Actual365Fixed(ql.Actual365Fixed.NoLeap),
}
_ICMA = ql.ActualActual(ql.ActualActual.ISMA)

CONVENTIONS = (*_PLAIN, DayCount.E_30_360_ISDA, DayCount.ACT_ACT_ICMA)


@cache
def to_ql(day: date) -> ql.Date:
    """The same day as QuantLib has it."""
    return ql.Date(day.toordinal() - FROM_ORDINAL)


# --------------------------------------------------------------------------------------- day counts


def _a_day(dice: random.Random, low: int, span: int) -> date:
    """A day, every third time one at the end of a month, where conventions differ."""
    day = date.fromordinal(low + int(dice.random() * span))
    if (kind := dice.random()) > 1 / 3:
        return day
    longest = monthrange(day.year, 2 if kind < 1 / 6 else day.month)[1]
    wanted = 28 + int(dice.random() * 5)
    return day.replace(month=2 if kind < 1 / 6 else day.month, day=min(wanted, longest))


def _two_days(dice: random.Random) -> tuple[date, date]:
    span = (40, 400, 4_000, 14_000)[int(dice.random() * 4)]
    start = _a_day(dice, date(1905, 1, 1).toordinal(), 245 * 365)
    end = _a_day(dice, start.toordinal(), span)
    return (start, end) if start <= end else (end, start)


def compare_day_counts(seed: str, pairs: int) -> dict[DayCount, int]:
    """For each convention, how many of so many pairs of dates the two count differently."""
    dice, different = random.Random(seed), dict.fromkeys(CONVENTIONS, 0)
    far = ql.Thirty360(_THIRTY.ISDA, ql.Date(31, 12, 2199))
    for _ in range(pairs):
        start, end = _two_days(dice)
        first, last = to_ql(start), to_ql(end)
        for convention, theirs in _PLAIN.items():
            ours = year_fraction(convention, start, end)
            different[convention] += _differ(ours, theirs.yearFraction(first, last))
        ends = dice.random() < 0.5
        known = _THIRTY(_THIRTY.ISDA, last) if ends else far
        ours = year_fraction(
            DayCount.E_30_360_ISDA, start, end, maturity=end if ends else date(2199, 12, 31)
        )
        different[DayCount.E_30_360_ISDA] += _differ(ours, known.yearFraction(first, last))
        different[DayCount.ACT_ACT_ICMA] += _differ(*_within_a_period(dice))
    return different


def _differ(ours: Fraction, theirs: float) -> bool:
    # The quotient of two integers is the nearest float, which is quicker than a fraction's.
    return abs(ours.numerator / ours.denominator - theirs) > CLOSE


def _within_a_period(dice: random.Random) -> tuple[Fraction, float]:
    """QuantLib is asked within one regular period: across several it goes by another rule."""
    first = _a_day(dice, date(1950, 1, 1).toordinal(), 150 * 365)
    months = (1, 3, 6, 12)[int(dice.random() * 4)]
    last = Cycle(months=months).after(first, 1)
    span = (last - first).days
    start = date.fromordinal(first.toordinal() + int(dice.random() * span))
    end = date.fromordinal(start.toordinal() + int(dice.random() * ((last - start).days + 1)))
    ours = year_fraction(
        DayCount.ACT_ACT_ICMA, start, end, reference=(first, last), frequency=12 // months
    )
    return ours, _ICMA.yearFraction(to_ql(start), to_ql(end), to_ql(first), to_ql(last))


# ---------------------------------------------------------------------------------------- schedules


def compare_holidays(name: str) -> int:
    """How many days of the calendar's century the two call a business day differently."""
    ours, theirs = find_calendar(name), CALENDARS[name]
    days = range(ours.first.toordinal(), ours.last.toordinal() + 1)
    return sum(
        ours.is_business_day(date.fromordinal(day))
        != theirs.isBusinessDay(ql.Date(day - FROM_ORDINAL))
        for day in days
    )


def compare_schedules(name: str, seed: str, schedules: int) -> Counter[str]:
    """How many schedules, and dates in them, were made; and how many dates differ."""
    dice, calendar = random.Random(f"{seed}/{name}"), find_calendar(name)
    counted = Counter[str](schedules=schedules, dates=0, different=0)
    for _ in range(schedules):
        grid, roll = _a_grid(dice), dice.choice(list(ROLLS))
        ours, theirs = _ours(grid, calendar, roll), _theirs(grid, name, roll)
        counted["dates"] += len(ours)
        counted["different"] += len(set(ours) ^ set(theirs))
    return counted


def _a_grid(dice: random.Random) -> Grid:
    cycle = parse_cycle(dice.choice(CYCLES))
    start = _a_day(dice, date(2000, 2, 1).toordinal(), 45 * 365)
    # No whole number of cycles, as a rule, so that there is a stub.
    end = cycle.after(start, dice.randint(1, 24))
    if dice.randrange(4):
        end = date.fromordinal(end.toordinal() + dice.randint(1, 20))
    stub = dice.choice(list(Stub))
    return Grid(start, end, cycle, stub, end_of_month=bool(cycle.months and dice.randrange(2)))


def _ours(grid: Grid, calendar: Calendar, roll: Roll) -> set[int]:
    return {calendar.rolled(day, roll).toordinal() - FROM_ORDINAL for day in grid.dates()}


def _serials(days: Iterable[ql.Date]) -> set[int]:
    return {day.serialNumber() for day in days}


def _theirs(grid: Grid, name: str, roll: Roll) -> set[int]:
    """QuantLib's dates: with months that end on business days it rolls one by one.

    Its end of month is that of business days; that of terms is the calendar's, which is then
    rolled. A long stub is told to QuantLib by the date at its end.
    """
    assert grid.cycle is not None
    rule = ql.DateGeneration.Backward if grid.stub.at_front else ql.DateGeneration.Forward
    cycle = grid.cycle
    length = ql.Period(cycle.months, ql.Months) if cycle.months else ql.Period(cycle.days, ql.Days)
    start, end = to_ql(grid.start), to_ql(grid.end)
    known = (ql.Date(), ql.Date())
    if grid.stub.long:
        plain = ql.Schedule(
            start, end, length, ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, rule,
            grid.end_of_month,
        )  # fmt: skip
        at_front = grid.stub.at_front
        known = _long_stub(list(plain), plain.isRegular, at_front=at_front)
        if len(plain) == 3 and not plain.isRegular(1 if at_front else 2):
            # One regular period and its stub are one period.
            return _serials(CALENDARS[name].adjust(day, ROLLS[roll]) for day in (start, end))
    if grid.end_of_month:
        made = ql.Schedule(
            start, end, length, ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, rule, True, *known
        )
        return _serials(CALENDARS[name].adjust(day, ROLLS[roll]) for day in made.dates())
    made = ql.Schedule(
        start, end, length, CALENDARS[name], ROLLS[roll], ROLLS[roll], rule, False, *known
    )
    return _serials(made.dates())


def _long_stub(
    days: list[ql.Date], is_regular: Callable[[int], bool], *, at_front: bool
) -> tuple[ql.Date, ql.Date]:
    """The first date, or the last but one, once the irregular period is joined to the next."""
    if len(days) < 4 or is_regular(1 if at_front else len(days) - 1):
        return ql.Date(), ql.Date()
    return (days[2], ql.Date()) if at_front else (ql.Date(), days[-3])
