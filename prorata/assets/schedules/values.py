# SPDX-License-Identifier: MIT
"""Single values of a terms file: per cents, amounts, dates, times, and names of a list."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, PlainSerializer

from prorata.assets.day_counts import DayCount, parse_day_count
from prorata.assets.schedules.cycles import Cycle, parse_cycle
from prorata.errors import InputError
from prorata.files.models import forwarded, parsed_by

__all__ = [
    "Counting",
    "Day",
    "Every",
    "Percent",
    "Time",
    "Written",
    "format_part",
    "named",
    "parse_part",
]

Named = TypeVar("Named", bound=Enum)

_PART = re.compile(r"(?P<sign>-?)(?P<figure>[0-9]{1,6}(?:\.[0-9]{1,12})?) ?%", re.ASCII)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)


def parse_part(text: object, column: str = "rate") -> Fraction:
    """The part of one that a per cent names: `4.125%` is 33/800. Below zero with a minus.

    Raises: InputError when it names none.
    """
    found = _PART.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        remedy = "write a per cent with its sign, such as 4.125%"
        raise InputError.of(column, text, "is no per cent", remedy)
    return Fraction(found["sign"] + found["figure"]) / 100


def format_part(part: Fraction) -> str:
    """A part of one as a per cent, with as many decimals as it has, and twelve at most."""
    per_cent = part * 100
    digits = f"{float(per_cent):.12f}".rstrip("0").rstrip(".")
    return f"{digits}%"


def _day(value: object) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is no date; write one such as 2027-03-31, without a time") from None


def _time(value: object) -> time:
    # Without quotes, YAML takes 17:00 for a number to the base of sixty.
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('is no time of day; write one in quotes, such as "17:00"')
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError('is no time of day; write one in quotes, such as "17:00"') from None


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('is no text; write it in quotes, such as "1,000.00"')
    return value


def named(kind: type[Named]) -> BeforeValidator:
    """Reads one of the names of a list; with a hyphen or an underscore for a space as well."""

    def read(value: object) -> Named:
        wanted = str(value).replace("-", " ").replace("_", " ")
        for one in kind:
            if wanted in (one.value, str(one.value).replace("_", " ")):
                return one
        names = ", ".join(str(one.value) for one in kind)
        raise ValueError(f"is none of the names there are; write one of {names}")

    return BeforeValidator(read)


def _parsed(parse: Callable[[str], object]) -> BeforeValidator:
    return BeforeValidator(lambda value: forwarded(parse)(str(value)))


_as_text = PlainSerializer(str, return_type=str)

Percent = Annotated[
    Fraction,
    parsed_by(partial(parse_part)),
    PlainSerializer(format_part, return_type=str),
]
Day = Annotated[date, BeforeValidator(_day)]
Time = Annotated[time, BeforeValidator(_time)]
Written = Annotated[str, BeforeValidator(_text)]
"""An amount in words, read once the decimals are known."""
Every = Annotated[Cycle, _parsed(parse_cycle), _as_text]
Counting = Annotated[DayCount, _parsed(parse_day_count)]
