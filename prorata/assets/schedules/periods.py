# SPDX-License-Identifier: MIT
"""Interest periods: regular dates, the stub that is left over, and business days.

Dates are counted from one end, the front where the stub stands at the back and the other way
round, as ISDA 2006 section 4.10 and 4.11 have it. Where terms name the `first` or the `last`
regular date, what is outside it is the stub, whatever its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import pairwise

from prorata.assets.calendars import WEEKDAYS, Calendar, Roll
from prorata.assets.schedules.cycles import Cycle
from prorata.errors import InputError

__all__ = ["Accrual", "Grid", "Period", "Stub", "make_periods"]


class Stub(str, Enum):
    """Where the irregular period is, and whether it is shorter than a regular one."""

    SHORT_FRONT = "short front"
    LONG_FRONT = "long front"
    SHORT_BACK = "short back"
    LONG_BACK = "long back"

    @property
    def at_front(self) -> bool:
        """Whether the first period is irregular, so that dates are counted from the end."""
        return self in (Stub.SHORT_FRONT, Stub.LONG_FRONT)

    @property
    def long(self) -> bool:
        """Whether it is joined with the regular period beside it."""
        return self in (Stub.LONG_FRONT, Stub.LONG_BACK)


class Accrual(str, Enum):
    """Whether interest follows the business days."""

    ADJUSTED = "adjusted"
    """Shift, then calculate: interest runs from one business day to another."""
    UNADJUSTED = "unadjusted"
    """Calculate, then shift: interest runs between the dates of the cycle, and is paid later."""


@dataclass(frozen=True)
class Period:
    """One interest period: from `start`, counted, to `end`, not counted.

    `due` is the date of the cycle at which it ends, `pays` the business day of the payment.
    `reference` are the regular dates around it, for ACT/ACT ICMA, and `frequency` how many regular
    periods a year has. `provisional` is whether a holiday may yet be published that moves it.
    """

    start: date
    end: date
    due: date
    pays: date
    reference: tuple[date, ...]
    frequency: int | None
    provisional: bool = False


@dataclass(frozen=True)
class Grid:
    """The dates of a cycle between two dates, before any business day.

    Without a cycle there is one period. Stubs are left where they are put by `stub`, or outside
    `first` and `last`.
    """

    start: date
    end: date
    cycle: Cycle | None = None
    stub: Stub = Stub.SHORT_FRONT
    end_of_month: bool = False
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.end <= self.start:
            rule = f"is not after the start, {self.start}"
            raise InputError.of("end", self.end, rule, "give a later date")
        low, high = self.first or self.start, self.last or self.end
        if not self.start <= low <= high <= self.end:
            rule = f"is not in order between {self.start} and {self.end}"
            raise InputError.of("first and last", f"{low}, {high}", rule, "give dates in between")

    def dates(self) -> list[date]:
        """All dates, from the start to the end.

        Raises: InputError when `first` and `last` are no whole number of cycles apart.
        """
        if self.cycle is None:
            return [self.start, self.end]
        low, high = self.first or self.start, self.last or self.end
        found = sorted({low, high, *self._between(low, high)})
        if self.first and self.last and low != high and not self._on_grid(low, high):
            rule = f"is no whole number of cycles of {self.cycle} after {low}"
            raise InputError.of("last", high, rule, "give a date that is, or only one of the two")
        if self.stub.long and len(found) > 2 and self._has_stub(low, high):
            del found[1 if self.stub.at_front else -2]
        return sorted({self.start, *found, self.end})

    def _between(self, low: date, high: date) -> list[date]:
        found: list[date] = []
        step = -1 if self._backwards else 1
        times = step
        while low < (day := self._at(low, high, times)) < high:
            found.append(day)
            times += step
        return found

    @property
    def _backwards(self) -> bool:
        """Whether dates are counted from the end: a named first date is a better start."""
        if self.first is not None:
            return False
        return self.last is not None or self.stub.at_front

    def _at(self, low: date, high: date, times: int) -> date:
        assert self.cycle is not None
        anchor = high if self._backwards else low
        return self.cycle.after(anchor, times, end_of_month=self.end_of_month)

    def _on_grid(self, low: date, high: date) -> bool:
        times = 0
        while (day := self._at(low, high, times)) < high:
            times += 1
        return day == high

    def _has_stub(self, low: date, high: date) -> bool:
        """Whether the irregular period is none of the named ones, but a rest."""
        if self._backwards:
            times = 0
            while (day := self._at(low, high, times)) > low:
                times -= 1
            return day != low and self.last is None
        return not self._on_grid(low, high) and self.first is None

    def reference(self, start: date, end: date) -> tuple[date, ...]:
        """The regular dates, before and after the grid as well, that just cover two dates."""
        if self.cycle is None:
            return ()
        low, high = self.first or self.start, self.last or self.end
        times = 0
        found: list[date] = []
        while self._at(low, high, times) > start:
            times -= 1
        while self._at(low, high, times + 1) <= start:
            times += 1
        while not found or found[-1] < end:
            found.append(self._at(low, high, times))
            times += 1
        return tuple(found)


def make_periods(
    grid: Grid,
    *,
    calendar: Calendar = WEEKDAYS,
    roll: Roll = Roll.NONE,
    accrual: Accrual = Accrual.UNADJUSTED,
    pay_delay: int = 0,
) -> tuple[Period, ...]:
    """The periods of a grid, on the business days of a calendar.

    `pay_delay` is in business days. With adjusted accrual the reference dates are business days,
    too, so that a regular period is one whole period for ACT/ACT ICMA.

    Raises: InputError when a period would have no days, or the calendar does not answer.
    """
    days = grid.dates()
    ends = [calendar.rolled(day, roll) for day in days]
    shifts = accrual is Accrual.ADJUSTED
    runs = ends if shifts else days
    for before, after in pairwise(runs):
        if after <= before:
            rule = "ends a period of no days, once both ends are business days"
            raise InputError.of("period", after, rule, "choose a longer cycle, or another stub")
    return tuple(
        Period(
            start=runs[index],
            end=runs[index + 1],
            due=days[index + 1],
            pays=calendar.moved(ends[index + 1], pay_delay),
            reference=_reference(grid, days[index : index + 2], calendar, roll, shifts=shifts),
            frequency=None if grid.cycle is None else grid.cycle.per_year,
            provisional=calendar.is_provisional(days[index + 1]),
        )
        for index in range(len(days) - 1)
    )


def _reference(
    grid: Grid, days: Sequence[date], calendar: Calendar, roll: Roll, *, shifts: bool
) -> tuple[date, ...]:
    found = grid.reference(*days)
    return tuple(calendar.rolled(day, roll) for day in found) if shifts else found
