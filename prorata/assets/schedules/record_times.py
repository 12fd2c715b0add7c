# SPDX-License-Identifier: MIT
"""When a record closes and a payment begins: civil dates made seconds, in a named time zone.

Payments move to business days. A record never does: it is counted from the date of the cycle, or
from the payment where that moves to before it, so that everybody is paid after the record closes.
An hour that the clocks of the zone skip, or show twice, is refused: it would be no second, or two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum

from prorata.assets.calendars import Calendar, Roll
from prorata.assets.schedules.periods import Period
from prorata.values.times import parse_beginning, parse_time, parse_zone

__all__ = ["Days", "RecordTimes"]


class Days(str, Enum):
    """What an offset counts."""

    CALENDAR = "calendar"
    BUSINESS = "business"


@dataclass(frozen=True)
class RecordTimes:
    """When records close and payments begin.

    `offset` is how many days before that the record closes, at `cut_off` by the
    clocks of `zone`, an IANA name; `payable_at` is the time of the payment date from which it can
    be claimed, without one its first second.
    """

    zone: str = "UTC"
    cut_off: time = time(23, 59, 59)
    offset: int = 1
    days: Days = Days.CALENDAR
    payable_at: time | None = None

    def record_day(self, period: Period, calendar: Calendar) -> date:
        """The day on which the record of a period closes."""
        counted_from = min(period.due, period.pays)
        if self.days is Days.CALENDAR:
            return counted_from - timedelta(days=self.offset)
        if self.offset == 0:
            return calendar.rolled(counted_from, Roll.PRECEDING)
        return calendar.moved(counted_from, -self.offset)

    def closes_at(self, period: Period, calendar: Calendar) -> int:
        """The Unix second at whose end the record of a period closes.

        Raises: InputError when the clocks skip it or show it twice.
        """
        return self._second(self.record_day(period, calendar), self.cut_off, "cut_off")

    def payable_from(self, period: Period) -> int:
        """The Unix second from which the payment of a period can be claimed.

        Raises: InputError when the clocks skip it or show it twice.
        """
        if self.payable_at is None:
            written = period.pays.isoformat()
            if self.zone != "UTC":
                written = f"{written} {self.zone}"
            return parse_beginning("payable_at", written)
        return self._second(period.pays, self.payable_at, "payable_at")

    def _second(self, day: date, at: time, column: str) -> int:
        written = f"{day.isoformat()}T{at.isoformat('seconds')}"
        parse_zone(self.zone)
        return parse_time(column, f"{written}Z" if self.zone == "UTC" else f"{written} {self.zone}")
