# SPDX-License-Identifier: MIT
"""Moments: Unix seconds, and the ISO 8601 text that people write and read.

A moment is written in one of four ways:

    2027-03-31T23:59:59Z               a second, with its offset from UTC
    2027-03-31                         a day in UTC
    2027-03-31 America/New_York        a day in the calendar of an IANA time zone
    2027-03-31T17:00:00 Europe/Berlin  a second by the clock of such a zone

A day alone means its last second, where something ends with it, as records, deadlines and
validities do; only what begins with a day begins in its first second.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from prorata.errors import InputError

__all__ = [
    "UTC",
    "WRITE_A_TIME",
    "checked_second",
    "iso",
    "lasting",
    "moment",
    "parse_beginning",
    "parse_instant",
    "parse_time",
    "parse_zone",
    "year_of",
]

UTC = timezone.utc

LAST_SECOND = 253_402_300_799
"""The last second of the year 9999, after which no calendar here has a name for one."""
WRITE_A_TIME = "write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"
"""The remedy for what is no time."""

_DAY_ALONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ZONED = re.compile(r"(?P<time>[0-9TZ:.+-]+) (?P<zone>[A-Za-z][A-Za-z0-9_+/-]*)", re.ASCII)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def moment(timestamp: int) -> str:
    """A Unix second as people read it, `2027-03-31T23:59:59Z`; after 9999, the plain number."""
    if timestamp > LAST_SECOND:
        return str(timestamp)
    return datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(column: str, value: object, remedy: str = WRITE_A_TIME) -> int:
    """The Unix second that `value` names; of a day without a time, its last one.

    `remedy` says how to write one. YAML has dates of its own, which are taken as they are.

    Raises: InputError when it names none, has no time zone, or a fraction of a second.
    """
    return _second(column, value, remedy, ending=True)


def parse_beginning(column: str, value: object, remedy: str = WRITE_A_TIME) -> int:
    """As `parse_time`; but of a day without a time, its first second.

    Raises: as `parse_time`.
    """
    return _second(column, value, remedy, ending=False)


def _second(column: str, value: object, remedy: str, *, ending: bool) -> int:
    if isinstance(value, datetime):
        named = value
    elif isinstance(value, date):
        named = _edge(column, value.isoformat(), UTC, remedy, ending=ending)
    else:
        named = _parsed(column, str(value), remedy, ending=ending)
    if named.tzinfo is None:
        rule, better = "has no time zone", f"add Z for UTC: {value}Z"
        raise InputError.of(column, value, rule, better)
    if named.microsecond:
        raise InputError.of(column, value, "has a fraction of a second", remedy)
    return checked_second(column, value, int(named.timestamp()), remedy)


def parse_zone(text: str, column: str = "zone") -> tzinfo:
    """The time zone that an IANA name names, `America/New_York` or `UTC`.

    Raises: InputError when it names none, or this computer knows no zones.
    """
    if text == "UTC":
        return UTC
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(text)
    if not available_timezones():
        rule = "cannot be looked up: this computer has no time zone data"
        raise InputError.of(column, text, rule, "install it with `pip install tzdata`")
    rule, remedy = "is no IANA time zone", "write one such as America/New_York, or UTC"
    raise InputError.of(column, text, rule, remedy)


def year_of(second: int, zone: tzinfo = UTC) -> int:
    """The year of a Unix second in the calendar of a zone."""
    return datetime.fromtimestamp(second, zone).year


def checked_second(column: str, value: object, second: int, remedy: str = WRITE_A_TIME) -> int:
    """The Unix second that `value` names, if a calendar has a name for it.

    Raises: InputError for one before 1970 or after the year 9999.
    """
    if second <= 0:
        raise InputError.of(column, value, "is before 1970", remedy)
    if second > LAST_SECOND:
        raise InputError.of(column, value, "is after the year 9999", remedy)
    return second


def _parsed(column: str, text: str, remedy: str, *, ending: bool) -> datetime:
    zoned = _ZONED.fullmatch(text)
    if zoned is not None:
        return _local(column, text, zoned["time"], parse_zone(zoned["zone"], column), ending=ending)
    if _DAY_ALONE.fullmatch(text):
        return _edge(column, text, UTC, remedy, ending=ending)
    if "T" in text:
        written = f"{text[:-1]}+00:00" if text.endswith("Z") else text
        with suppress(ValueError):
            return datetime.fromisoformat(written)
    raise InputError.of(column, text, "is no time", remedy)


def _local(column: str, text: str, time: str, zone: tzinfo, *, ending: bool) -> datetime:
    """A day, or a second by the clock, of a zone."""
    remedy = "write 2027-03-31 America/New_York, or 2027-03-31T17:00:00 America/New_York"
    if _DAY_ALONE.fullmatch(time):
        return _edge(column, time, zone, remedy, ending=ending)
    named = _parsed(column, time, remedy, ending=ending)
    if named.tzinfo is not None:
        rule = "has an offset and a time zone"
        raise InputError.of(column, text, rule, "keep one of them")
    first, second = (named.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    shown = first.astimezone(zone).replace(tzinfo=None) == named
    often = "happens twice" if shown else "never happens"
    rule = f"{often} by that zone's clocks, which are changed then"
    better = "write it with its offset from UTC, such as 2027-03-31T17:00:00-04:00"
    raise InputError.of(column, text, rule, better)


def _edge(column: str, text: str, zone: tzinfo, remedy: str, *, ending: bool) -> datetime:
    """The last second of a day in a zone, or its first."""
    with suppress(ValueError, OverflowError):
        day = date.fromisoformat(text)
        first = _first_second(day, zone)
        if first.astimezone(zone).date() == day:
            return _last_second(day, zone) if ending else first
        rule = "never happened by that zone's calendar"
        raise InputError.of(column, text, rule, "write the day before or after it")
    raise InputError.of(column, text, "is no time", remedy)


def _last_second(day: date, zone: tzinfo) -> datetime:
    if day == date.max:
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone).astimezone(UTC)
    return _first_second(day + _DAY, zone) - _SECOND


def _first_second(day: date, zone: tzinfo) -> datetime:
    """The first second of a day in UTC: midnight, or when clocks that skip midnight go on.

    A midnight that clocks show twice is the earlier one.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    # Of a time that clocks skip, this makes what they show instead, which is later by the skip.
    first = midnight.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return first
    before, after = first - timedelta(hours=26), first
    while after - before > _SECOND:
        middle = (before + (after - before) // 2).replace(microsecond=0)
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            after = middle
    return after


def parse_instant(text: str, column: str = "at") -> int:
    """The Unix second that `text` names, whenever it is read.

    Raises: InputError when it names none, or another one tomorrow.
    """
    if text == "now" or text.startswith("+"):
        rule = "is relative to the present, so that the same words again would be another time"
        raise InputError.of(column, text, rule, WRITE_A_TIME)
    return parse_time(column, text)


def iso(time: int) -> str:
    """`2026-03-31T23:59:59Z`; empty for 0, and the plain number for what no calendar has."""
    return moment(time) if time else ""


def lasting(seconds: int) -> str:
    """A span as people say it, in its largest unit: `12 minutes`, `1 hour`, `3 days`."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count:,} {name}{'s' * (count != 1)}"
    return f"{seconds} second{'s' * (seconds != 1)}"
