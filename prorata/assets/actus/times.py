# SPDX-License-Identifier: MIT
"""Times of ACTUS contracts: stamps, cycles with their stubs, business days, fractions of years.

A stamp has a time of day, which nothing else here has: 23:59:59 is kept as it is where a schedule
is made and shown, and counts as the next midnight where days are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from prorata.assets.calendars import WEEKDAYS, Calendar, Roll
from prorata.assets.day_counts import DayCount, year_fraction
from prorata.assets.schedules.cycles import Cycle, parse_cycle
from prorata.errors import InputError

__all__ = ["ActusCycle", "Times", "parse_actus_cycle", "parse_stamp", "series"]

_DAY_COUNTS = {
    "A360": DayCount.ACT_360,
    "A365": DayCount.ACT_365F,
    "AA": DayCount.ACT_ACT_ISDA,
    "30E360": DayCount.E_30_360,
    "30E360ISDA": DayCount.E_30_360_ISDA,
}
_ROLLS = {
    "F": Roll.FOLLOWING,
    "MF": Roll.MODIFIED_FOLLOWING,
    "P": Roll.PRECEDING,
    "MP": Roll.MODIFIED_PRECEDING,
}
_CALENDARS = {"MF": WEEKDAYS, "NC": None, "": None}


def parse_stamp(text: str, column: str = "time") -> datetime:
    """A time as the vectors write it, `2013-01-01T00:00:00` or without seconds.

    Raises: InputError when it is none, or has a zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        remedy = "write one such as 2013-01-01T00:00:00"
        raise InputError.of(column, text, "is no time without a zone", remedy)
    return found


@dataclass(frozen=True)
class ActusCycle:
    """A cycle, and whether its last period may be longer than it (`L0`), or shorter (`L1`)."""

    cycle: Cycle
    long_stub: bool


def parse_actus_cycle(text: str, column: str) -> ActusCycle:
    """`P1ML0` is a month with a long last period, `P1ML1` one with a short one.

    Raises: InputError when it is none.
    """
    length, mark, stub = text.partition("L")
    if mark and stub not in ("0", "1"):
        raise InputError.of(column, text, "has no stub of L0 or L1", "write one such as P1ML1")
    return ActusCycle(parse_cycle(length, column), stub == "0")


def series(
    start: datetime, cycle: ActusCycle | None, end: datetime, *, end_of_month: bool, to_end: bool
) -> list[datetime]:
    """The dates from `start` on, every cycle, before `end`; with `to_end`, the end as well.

    Without a cycle it is `start` alone. A long last period swallows the date before a stub.
    """
    if cycle is None:
        return sorted({start, end} if to_end else {start} if start < end else set())
    found: list[datetime] = []
    while (day := cycle.cycle.after(start, len(found), end_of_month=end_of_month)) < end:
        found.append(day)
    if cycle.long_stub and day != end and len(found) > 1:
        found.pop()
    return [*found, end] if to_end else found


@dataclass(frozen=True)
class Times:
    """How a contract counts and moves its times."""

    convention: DayCount
    calendar: Calendar | None
    roll: Roll
    shifts_first: bool
    end_of_month: bool
    maturity: datetime | None = None

    @classmethod
    def of(cls, day_count: str, calendar: str, rolling: str, end_of_month: str) -> Times:
        """From the words of the terms.

        Raises: InputError for a convention that is not played here.
        """
        convention = _DAY_COUNTS.get(day_count or "A365")
        if convention is None:
            remedy = f"use one of {', '.join(_DAY_COUNTS)}"
            raise InputError.of("dayCountConvention", day_count, "is not played here", remedy)
        if calendar not in _CALENDARS:
            raise InputError.of("calendar", calendar, "is not played here", "use NC or MF")
        kept = rolling in ("", "NOS", "NULL")
        if not kept and (rolling[:2] not in ("SC", "CS") or rolling[2:] not in _ROLLS):
            remedy = "use SC or CS with F, MF, P or MP"
            raise InputError.of("businessDayConvention", rolling, "is not played here", remedy)
        roll = Roll.NONE if kept else _ROLLS[rolling[2:]]
        first = rolling.startswith("SC")
        return cls(convention, _CALENDARS[calendar], roll, first, end_of_month == "EOM")

    def shifted(self, time: datetime) -> datetime:
        """On a business day."""
        if self.calendar is None or self.roll is Roll.NONE:
            return time
        return datetime.combine(self.calendar.rolled(time.date(), self.roll), time.time())

    def counted(self, time: datetime) -> datetime:
        """Until when interest runs for something that is planned at that time."""
        return self.shifted(time) if self.shifts_first else time

    def fraction(self, start: datetime, end: datetime) -> Fraction:
        """The part of a year between two times; none when the second is not later."""
        first, last = _day_of(start), _day_of(end)
        if last <= first:
            return Fraction(0)
        maturity = None if self.maturity is None else _day_of(self.maturity)
        return year_fraction(self.convention, first, last, maturity=maturity or date.max)


def _day_of(time: datetime) -> date:
    whole = time + timedelta(seconds=1) if time.second == 59 else time
    return whole.date()
