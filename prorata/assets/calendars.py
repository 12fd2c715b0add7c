# SPDX-License-Identifier: MIT
"""Business-day calendars as files: who published the days, and until when they are certain.

    name: TARGET                       how terms name it
    title: euro payments (T2)
    source: "who published the days, and where"
    licence: "under what"
    from: 2000-01-01                   the first and the last day that it answers for
    until: 2099-12-31
    verified_until: 2027-12-31         later days follow the rules, and are provisional
    hash: 9f86d081…                    SHA-256 of its holidays until then, one a line
    rules:
      - { easter: -2 }                 days after Easter Sunday; `first_week: false` leaves it out
                                       on the first seven days of a month
      - { day: 12-25, moves: next }    a day of the year; on a weekend, the next free weekday
      - { day: 07-04, moves: nearest } Saturday to Friday, Sunday to Monday
      - { day: 01-01, moves: sunday }  Sunday to Monday; nothing on a Saturday
      - { weekday: monday, nth: -1, month: 5, from: 2022, to: 2030 }
    adds: [2001-12-31]                 single days, and days on which a rule was not followed
    drops: [2020-05-04]

Saturdays and Sundays are never business days. Terms name the calendars of this package, `TARGET`,
`London`, `US bond` and `Zurich`, joint ones as `TARGET+London`, or a file of one's own. Such a file
stands instead of the packaged calendar of its name, or `extends` it with days of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml

__all__ = ["WEEKDAYS", "Calendar", "Roll", "find_calendar", "packaged_calendars", "read_calendar"]

FOLDER = Path(__file__).parent / "data" / "calendars"
EXAMPLE = "prorata/assets/data/calendars/target.yaml"
_DAY = timedelta(days=1)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Roll(str, Enum):
    """What becomes of a date that is no business day (ISDA 2006, section 4.12)."""

    NONE = "unadjusted"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified following"
    """The next business day, unless that is in another month: then the one before."""
    PRECEDING = "preceding"
    MODIFIED_PRECEDING = "modified preceding"
    """The business day before, unless that is in another month: then the next one."""


# ------------------------------------------------------------------------------------- the calendar


@dataclass(frozen=True)
class Calendar:
    """Which days are business days, between two days.

    `verified_until` is the last day for which every holiday was published; None is a calendar
    without holidays, which has nothing to verify.
    """

    name: str
    holidays: frozenset[date] = frozenset()
    first: date = date.min
    last: date = date.max
    verified_until: date | None = None
    sources: tuple[str, ...] = ()
    hash: str = field(default="", compare=False)

    def is_business_day(self, day: date) -> bool:
        """Whether payments are made on that day.

        Raises: InputError when the calendar does not answer for it.
        """
        if not self.first <= day <= self.last:
            rule = f"is outside the calendar {self.name}, which runs {self.first} to {self.last}"
            raise InputError.of("date", day, rule, "use a calendar that covers it")
        return day.weekday() < 5 and day not in self.holidays

    def is_provisional(self, day: date) -> bool:
        """Whether a holiday may yet be published that makes a difference to that day."""
        return self.verified_until is not None and day > self.verified_until

    def rolled(self, day: date, roll: Roll) -> date:
        """The day itself, or the business day that the convention puts in its place.

        Raises: InputError when the calendar does not answer for the days in question.
        """
        if roll is Roll.NONE or self.is_business_day(day):
            return day
        back = roll in (Roll.PRECEDING, Roll.MODIFIED_PRECEDING)
        moved = self._next(day, -_DAY if back else _DAY)
        modified = roll in (Roll.MODIFIED_FOLLOWING, Roll.MODIFIED_PRECEDING)
        if modified and moved.month != day.month:
            moved = self._next(day, _DAY if back else -_DAY)
        return moved

    def moved(self, day: date, business_days: int) -> date:
        """That many business days later, or earlier if negative; the day itself need not be one.

        Raises: InputError when the calendar does not answer for the days in question.
        """
        step = _DAY if business_days > 0 else -_DAY
        for _ in range(abs(business_days)):
            day = self._next(day, step)
        return day

    def _next(self, day: date, step: timedelta) -> date:
        day += step
        while not self.is_business_day(day):
            day += step
        return day

    def __add__(self, other: Calendar) -> Calendar:
        """The joint calendar: business days of both."""
        ends = [one.verified_until for one in (self, other) if one.verified_until is not None]
        return Calendar(
            name=f"{self.name}+{other.name}",
            holidays=self.holidays | other.holidays,
            first=max(self.first, other.first),
            last=min(self.last, other.last),
            verified_until=min(ends, default=None),
            sources=self.sources + other.sources,
            hash=f"{self.hash}+{other.hash}",
        )


WEEKDAYS = Calendar("weekdays")
"""Monday to Friday, without holidays."""


# ----------------------------------------------------------------------------------------- the file


def _a_date(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if type(value) is date:
        return value
    raise ValueError("is no date; write one such as 2027-03-31")


def _day_of_year(value: object) -> object:
    try:
        day = date.fromisoformat(f"2000-{value}")
    except ValueError:
        raise ValueError("is no day of the year; write one such as 12-25") from None
    return (day.month, day.day)


_Date = Annotated[date, BeforeValidator(_a_date)]
_Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday"]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    day: Annotated[tuple[int, int] | None, BeforeValidator(_day_of_year)] = None
    easter: int | None = None
    weekday: _Weekday | None = None
    nth: Literal[1, 2, 3, 4, -1] = 1
    month: Annotated[int, Field(ge=1, le=12)] = 1
    moves: Literal["next", "nearest", "sunday", ""] = ""
    first_week: bool = True
    since: Annotated[int, Field(alias="from")] = 1
    to: int = 9999

    def in_year(self, year: int) -> date | None:
        """The day of that year, before it moves."""
        if not self.since <= year <= self.to:
            return None
        if self.easter is not None:
            day = easter_sunday(year) + timedelta(days=self.easter)
            return day if self.first_week or day.day > 7 else None
        if self.weekday is not None:
            return _nth_weekday(year, self.month, _WEEKDAYS.index(self.weekday), self.nth)
        return None if self.day is None else date(year, *self.day)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = ""
    source: str
    licence: str
    first: Annotated[_Date, Field(alias="from")] = date(2000, 1, 1)
    until: _Date = date(2099, 12, 31)
    verified_until: _Date
    hash: str | None = None
    extends: str | None = None
    rules: tuple[_Rule, ...] = ()
    adds: tuple[_Date, ...] = ()
    drops: tuple[_Date, ...] = ()


def read_calendar(path: str | Path) -> Calendar:
    """A calendar from its file.

    Raises: InputError with every fault in it; when the hash in it is not that of its holidays.
    """
    settings = validated(_File, read_yaml(path, "calendar", EXAMPLE), EXAMPLE, str(path))
    base = WEEKDAYS if settings.extends is None else find_calendar(settings.extends)
    expanded = (base.holidays | _expanded(settings) | set(settings.adds)) - set(settings.drops)
    first, last = max(base.first, settings.first), min(base.last, settings.until)
    holidays = frozenset(day for day in expanded if first <= day <= last and day.weekday() < 5)
    certain = [day for day in holidays if day <= settings.verified_until]
    digest = _digest(certain)
    if settings.hash is not None and settings.hash != digest:
        rule = f"is not the hash of the holidays in {path}, which is {digest}"
        remedy = "take the file from its source again, or write that hash after checking its days"
        raise InputError.of("hash", settings.hash, rule, remedy)
    return Calendar(
        name=settings.name,
        holidays=holidays,
        first=first,
        last=last,
        verified_until=settings.verified_until,
        sources=(*base.sources, f"{settings.name}: {settings.source} ({settings.licence})"),
        hash=digest,
    )


def _digest(days: Iterable[date]) -> str:
    return hashlib.sha256("".join(f"{day}\n" for day in sorted(days)).encode()).hexdigest()


@cache
def packaged_calendars() -> Mapping[str, Calendar]:
    """The calendars that come with this package, by name."""
    read = (read_calendar(path) for path in sorted(FOLDER.glob("*.yaml")))
    return {one.name: one for one in read}


def find_calendar(name: str, folder: Path | None = None) -> Calendar:
    """The calendar that terms name: a packaged one, a file in `folder`, or several with `+`.

    Raises: InputError when there is none of the name, or its file is at fault.
    """
    first, *others = (_single(part.strip(), folder or Path()) for part in name.split("+"))
    for other in others:
        first = first + other
    return first


def _single(name: str, folder: Path) -> Calendar:
    if name.endswith((".yaml", ".yml")):
        return read_calendar(folder / name)
    if name == WEEKDAYS.name:
        return WEEKDAYS
    found = packaged_calendars().get(name)
    if found is None:
        names = ", ".join((*packaged_calendars(), WEEKDAYS.name))
        remedy = f"write one of {names}, several with +, or the path of a file"
        raise InputError.of("calendar", name, "is no calendar", remedy)
    return found


# ---------------------------------------------------------------------------------------- the rules


def easter_sunday(year: int) -> date:
    """Easter Sunday of the western churches, by the Gregorian computus (Meeus, chapter 8)."""
    golden, century = year % 19, year // 100
    skipped = century - century // 4 - (8 * century + 13) // 25
    moon = (19 * golden + skipped + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    return date(year, 3, 28) + timedelta(days=moon - weekday)


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    if nth > 0:
        start = date(year, month, 1)
        return start + timedelta(days=(weekday - start.weekday()) % 7 + 7 * (nth - 1))
    end = date(year + month // 12, month % 12 + 1, 1) - _DAY
    return end - timedelta(days=(end.weekday() - weekday) % 7)


def _expanded(settings: _File) -> set[date]:
    found: set[date] = set()
    for year in range(settings.first.year, settings.until.year + 1):
        for rule in sorted(settings.rules, key=lambda one: one.moves == "next"):
            day = rule.in_year(year)
            if day is not None and day not in settings.drops:
                found.add(_MOVES[rule.moves](day, found, settings.rules))
    return found


def _moved_next(day: date, taken: set[date], rules: Iterable[_Rule]) -> date:
    if day.weekday() < 5:
        return day
    own = {rule.in_year(day.year) for rule in rules}
    while day.weekday() >= 5 or day in taken or day in own:
        day += _DAY
    return day


def _moved_nearest(day: date, *, saturday: int) -> date:
    return day + timedelta(days={5: saturday, 6: 1}.get(day.weekday(), 0))


_MOVES: Mapping[str, Callable[[date, set[date], Iterable[_Rule]], date]] = {
    "": lambda day, *_: day,
    "next": _moved_next,
    "nearest": lambda day, *_: _moved_nearest(day, saturday=-1),
    "sunday": lambda day, *_: _moved_nearest(day, saturday=0),
}
