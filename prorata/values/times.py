# SPDX-License-Identifier: MIT
"""Moments: Unix seconds, and the ISO 8601 text that people write and read."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timezone

from prorata.errors import InputError

__all__ = ["WRITE_A_TIME", "checked_second", "iso", "moment", "parse_instant", "parse_time"]

LAST_SECOND = 253_402_300_799
"""The last second of the year 9999, after which no calendar here has a name for one."""
WRITE_A_TIME = "write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"
"""The remedy for what is no time."""

_DAY_ALONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def moment(timestamp: int) -> str:
    """A Unix second as people read it, `2027-03-31T23:59:59Z`; after 9999, the plain number."""
    if timestamp > LAST_SECOND:
        return str(timestamp)
    return datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(column: str, value: object, remedy: str = WRITE_A_TIME) -> int:
    """The Unix second that ISO 8601 names; of a day without a time, its last one in UTC.

    `remedy` says how to write one. YAML has dates of its own, which are taken as they are.

    Raises: InputError when it names none, has no time zone, or a fraction of a second.
    """
    if isinstance(value, datetime):
        named = value
    elif isinstance(value, date):
        named = datetime(value.year, value.month, value.day, 23, 59, 59, tzinfo=timezone.utc)
    else:
        named = _parsed(column, str(value), remedy)
    if named.tzinfo is None:
        raise InputError.of(column, value, "has no time zone", f"add Z for UTC: {value}Z")
    if named.microsecond:
        raise InputError.of(column, value, "has a fraction of a second", remedy)
    return checked_second(column, value, int(named.timestamp()), remedy)


def checked_second(column: str, value: object, second: int, remedy: str = WRITE_A_TIME) -> int:
    """The Unix second that `value` names, if a calendar has a name for it.

    Raises: InputError for one before 1970 or after the year 9999.
    """
    if second <= 0:
        raise InputError.of(column, value, "is before 1970", remedy)
    if second > LAST_SECOND:
        raise InputError.of(column, value, "is after the year 9999", remedy)
    return second


def _parsed(column: str, text: str, remedy: str) -> datetime:
    written = f"{text}T23:59:59Z" if _DAY_ALONE.fullmatch(text) else text
    if "T" in written:
        iso = f"{written[:-1]}+00:00" if written.endswith("Z") else written
        with suppress(ValueError):
            return datetime.fromisoformat(iso)
    raise InputError.of(column, text, "is no time", remedy)


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
