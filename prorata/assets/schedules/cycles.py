# SPDX-License-Identifier: MIT
"""Cycles: months or days that repeat from a date, counted from that date each time.

Counting from the first date is what keeps the 31st: 31 January, 28 February, 31 March. A cycle that
was added to the date before would stay on the 28th.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from prorata.errors import InputError

__all__ = ["Cycle", "last_of_month", "parse_cycle"]

Day = TypeVar("Day", bound=date)

_CYCLE = re.compile(r"P?(?P<count>[0-9]{1,4})(?P<unit>[DWMQHY])", re.ASCII)
_MONTHS = {"M": 1, "Q": 3, "H": 6, "Y": 12}


@dataclass(frozen=True)
class Cycle:
    """A number of months, or of days; one of the two is zero."""

    months: int = 0
    days: int = 0

    def after(self, start: Day, times: int, *, end_of_month: bool = False) -> Day:
        """The date that many cycles after `start`, before it if negative.

        A day that a month lacks is its last. With `end_of_month`, months that start on their last
        day go on to last days.
        """
        if self.days:
            return start + timedelta(days=self.days * times)
        year, month = divmod(start.year * 12 + start.month - 1 + self.months * times, 12)
        if not 1 <= year <= 9999:
            raise InputError.of("date", start, "has no such date before or after it", "go less far")
        longest = monthrange(year, month + 1)[1]
        keeps = not (end_of_month and last_of_month(start))
        day = min(start.day, longest) if keeps else longest
        return start.replace(year=year, month=month + 1, day=day)

    @property
    def per_year(self) -> int | None:
        """How many of them a year has; None when that is no whole number."""
        return 12 // self.months if self.months and 12 % self.months == 0 else None

    def __str__(self) -> str:
        if self.days:
            return f"{self.days}D"
        return f"{self.months // 12}Y" if self.months % 12 == 0 else f"{self.months}M"


def parse_cycle(text: str, column: str = "cycle") -> Cycle:
    """A cycle as people write it: `6M`, `1Y`, `2W`, `90D`, or as ISO 8601 has it, `P6M`.

    Raises: InputError when it is none, or one of no length.
    """
    found = _CYCLE.fullmatch(text)
    if found is None or not int(found["count"]):
        remedy = "write a number and D, W, M or Y, such as 6M"
        raise InputError.of(column, text, "is no cycle", remedy)
    count, unit = int(found["count"]), found["unit"]
    if unit in _MONTHS:
        return Cycle(months=count * _MONTHS[unit])
    return Cycle(days=count * (7 if unit == "W" else 1))


def last_of_month(day: date) -> bool:
    """Whether it is the last day of its month."""
    return day.day == monthrange(day.year, day.month)[1]
