# SPDX-License-Identifier: MIT
"""Rates of interest: fixed, stepped, and floating with what has been fixed so far.

All rates are fractions of one a year: 5 % is 1/20. A rate that depends on fixings which are not
published yet is None, and whatever follows from it is not planned yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from typing import Protocol

from prorata.assets.calendars import WEEKDAYS, Calendar, Roll
from prorata.assets.schedules.periods import Period
from prorata.assets.schedules.roundings import Direction, round_to
from prorata.errors import InputError

__all__ = ["FixedRate", "Fixing", "FloatingRate", "Rate", "SteppedRate"]


class Rate(Protocol):
    """What says at which rate interest runs."""

    def of(self, period: Period) -> Fraction | None:
        """The rate of a period; None while it is not fixed."""


@dataclass(frozen=True)
class FixedRate:
    """One rate for all periods."""

    rate: Fraction

    def of(self, _period: Period) -> Fraction | None:
        """The rate."""
        return self.rate


@dataclass(frozen=True)
class SteppedRate:
    """Rates that change at the start of periods; `steps` are in order, the first from the start."""

    steps: tuple[tuple[date, Fraction], ...]

    def of(self, period: Period) -> Fraction | None:
        """The rate of the last step not after the period's start.

        Raises: InputError for a step inside the period, or before the first one.
        """
        for day, _ in self.steps:
            if period.start < day < period.end:
                rule = f"is inside the period from {period.start} to {period.end}"
                raise InputError.of("steps", day, rule, "let rates change where a period begins")
        begun = [rate for day, rate in self.steps if day <= period.start]
        if not begun:
            rule = "has no rate yet: all steps are later"
            raise InputError.of("steps", period.start, rule, "add a step from the start")
        return begun[-1]


class Fixing(str, Enum):
    """When a floating rate is known."""

    IN_ADVANCE = "in advance"
    """One fixing, so many business days before the period begins."""
    IN_ARREARS = "in arrears"
    """Overnight rates compounded over the period (ISDA 2021 section 7, compounding methods)."""


@dataclass(frozen=True)
class FloatingRate:
    """A reference rate times `multiplier` + `spread`, kept between `floor` and `cap`.

    `fixings` are by the day for which they are published. `lookback` is in business days of the
    fixing `calendar`: in advance, how long before the start it is fixed; in arrears, how much
    earlier each night's rate is taken. With `observation_shift` the nights are weighted by the
    earlier days, too (observation period shift), otherwise by those of the period (lookback, or
    lag). `basis` is the year of the overnight rate, 360 or 365. `decimals`, if given, rounds the
    reference rate half up, as a part of one: 7 is five decimals of a per cent.

    A rate below zero needs a floor: nobody who holds a share pays interest.
    """

    fixings: Mapping[date, Fraction] = field(hash=False)
    fixing: Fixing = Fixing.IN_ADVANCE
    spread: Fraction = Fraction(0)
    multiplier: Fraction = Fraction(1)
    cap: Fraction | None = None
    floor: Fraction | None = None
    lookback: int = 0
    observation_shift: bool = False
    calendar: Calendar = WEEKDAYS
    basis: int = 360
    decimals: int | None = None

    def of(self, period: Period) -> Fraction | None:
        """The rate of a period; None while a fixing is missing.

        Raises: InputError for a rate below zero without a floor.
        """
        arrears = self.fixing is Fixing.IN_ARREARS
        found = self._compounded(period) if arrears else self._in_advance(period)
        if found is None:
            return None
        if self.decimals is not None:
            scale = 10**self.decimals
            found = Fraction(round_to(found * scale, Direction.HALF_UP), scale)
        rate = found * self.multiplier + self.spread
        rate = rate if self.cap is None else min(rate, self.cap)
        rate = rate if self.floor is None else max(rate, self.floor)
        if rate < 0:
            rule = f"is below zero in the period from {period.start}, and there is no floor"
            raise InputError.of("rate", float(rate), rule, "add floor: 0% to the terms")
        return rate

    def _in_advance(self, period: Period) -> Fraction | None:
        day = self.calendar.moved(period.start, -self.lookback)
        return self.fixings.get(day)

    def _compounded(self, period: Period) -> Fraction | None:
        """(Π (1 + rᵢ·nᵢ/basis) - 1) · basis / d, over the business days of the d days."""
        start, end, back = period.start, period.end, self.lookback
        if self.observation_shift:
            start, end, back = self._moved(start, -back), self._moved(end, -back), 0
        growth = Fraction(1)
        for night, nights in self._nights(start, end):
            rate = self.fixings.get(self._moved(night, -back))
            if rate is None:
                return None
            growth *= 1 + rate * nights / self.basis
        return (growth - 1) * self.basis / (end - start).days

    def _moved(self, day: date, business_days: int) -> date:
        known = self.calendar.rolled(day, Roll.PRECEDING)
        return self.calendar.moved(known, business_days)

    def _nights(self, start: date, end: date) -> Iterator[tuple[date, int]]:
        """The days on which a rate begins to count, and for how many nights it does."""
        day = start
        while day < end:
            after = min(self.calendar.rolled(day + timedelta(days=1), Roll.FOLLOWING), end)
            yield day, (after - day).days
            day = after
