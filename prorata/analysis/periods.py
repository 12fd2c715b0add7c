# SPDX-License-Identifier: MIT
"""Equal intervals: days, weeks, months, quarters and years of the calendar in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from prorata.analysis.figures import DAY
from prorata.values.times import UTC

__all__ = ["Interval", "last_second", "period_of"]

_THURSDAY = 3
"""1 January 1970 was one; a week begins on Monday."""


class Interval(str, Enum):
    """How far apart the marks of a series are."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def in_a_year(self) -> int:
        """How many make a year."""
        return {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}[self.value]


def period_of(second: int, interval: Interval) -> int:
    """The number of the period in which a second lies; the next period has the next number."""
    count: dict[Interval, Callable[[], int]] = {
        Interval.DAY: lambda: second // DAY,
        Interval.WEEK: lambda: (second // DAY + _THURSDAY) // 7,
        Interval.MONTH: lambda: _month(second),
        Interval.QUARTER: lambda: _month(second) // 3,
        Interval.YEAR: lambda: _month(second) // 12,
    }
    return count[interval]()


def _month(second: int) -> int:
    day = datetime.fromtimestamp(second, UTC)
    return day.year * 12 + day.month - 1


def last_second(period: int, interval: Interval) -> int:
    """The last second of the period with that number."""
    following = period + 1
    begins: dict[Interval, Callable[[], int]] = {
        Interval.DAY: lambda: following * DAY,
        Interval.WEEK: lambda: (following * 7 - _THURSDAY) * DAY,
        Interval.MONTH: lambda: _beginning(following),
        Interval.QUARTER: lambda: _beginning(following * 3),
        Interval.YEAR: lambda: _beginning(following * 12),
    }
    return begins[interval]() - 1


def _beginning(month: int) -> int:
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp())
