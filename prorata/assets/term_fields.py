# SPDX-License-Identifier: MIT
"""What stands in terms files and in the tables beside them: names, amounts, rates, dates.

    amount   in whole units of the currency, as text: "1,500.00"
    rate     a per cent with its sign and at most twelve decimals: 6.125%
    date     2027-01-31

An amount that YAML would read as a number of its own is refused: it would be a float.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

from pydantic import PlainSerializer

from prorata.assets.schedules.roundings import Direction
from prorata.assets.schedules.values import format_part, named, parse_part
from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.values.amounts import MAX_UNITS, format_units, parse_units, strange_character

__all__ = [
    "CurrencySymbol",
    "Rate",
    "RoundingName",
    "Title",
    "Word",
    "Words",
    "format_fraction",
    "parse_amount",
    "parse_date",
    "parse_rate",
    "parse_whole",
    "parse_word",
]

LONGEST_TITLE, LONGEST_WORD = 120, 64
WRITE_A_DATE = "write a day such as 2027-01-31"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.\-]*[A-Za-z0-9])?", re.ASCII)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def parse_amount(value: object, decimals: int, column: str | None = None) -> int:
    """The smallest units that an amount of 0 or more names.

    Raises: InputError when it is no text, or names none.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        rule, remedy = "is no text", 'write the amount in quotes: "1,500.00"'
        raise InputError.of(column, value, rule, remedy)
    return parse_units(str(value), decimals)


def parse_rate(value: object, column: str = "rate") -> Fraction:
    """The exact ratio that a per cent of 0 or more names: `6.125%` is 49/800.

    Raises: InputError when it names none.
    """
    rate = parse_part(value, column)
    if rate < 0:
        raise InputError.of(column, value, "is negative", "write 0% or more")
    return rate


def format_fraction(ratio: Fraction, places: int) -> str:
    """A ratio as a decimal, rounded down to so many places, without zeros at the end."""
    return format_units(
        ratio.numerator * 10**places // ratio.denominator, places, grouping=False, trim=True
    )


def parse_date(value: object, column: str = "date") -> date:
    """The day that a text, or YAML's own date, names.

    Raises: InputError when it names none.
    """
    if isinstance(value, datetime):
        raise InputError.of(column, value, "has a time of day", WRITE_A_DATE)
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise InputError.of(column, value, "is no date", WRITE_A_DATE)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InputError.of(column, value, "is in no calendar", WRITE_A_DATE) from None


def parse_whole(
    value: object, column: str | None = None, *, least: int = 0, most: int = MAX_UNITS
) -> int:
    """A whole number between two bounds, both included.

    Raises: InputError for anything else.
    """
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise InputError.of(column, value, "is no whole number", "write digits without a point")
    number = int(str(value))
    if not least <= number <= most:
        rule = f"is outside {least:,} to {most:,}"
        raise InputError.of(column, value, rule, f"write {least:,} to {most:,}")
    return number


def parse_word(value: object, column: str = "name") -> str:
    """The name of a loan, a tranche, a bucket or a column.

    Raises: InputError when it has other characters, or none.
    """
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if len(text) > LONGEST_WORD or not _WORD.fullmatch(text):
        remedy = f"use 1 to {LONGEST_WORD} letters, digits, spaces, hyphens, points and underscores"
        raise InputError.of(column, value, "is no name", remedy)
    return text


def _title(value: object) -> str:
    text = str(value)
    if not text.strip() or len(text) > LONGEST_TITLE or "\n" in text:
        rule, remedy = "is no title", f"write one line of 1 to {LONGEST_TITLE} characters"
        raise InputError.of("name", value, rule, remedy)
    if (strange := strange_character(text, printable=True)) is not None:
        raise InputError.of("name", value, *strange)
    return text


Title = Annotated[str, parsed_by(_title)]
Word = Annotated[str, parsed_by(parse_word)]
Words = tuple[Word, ...]
CurrencySymbol = Annotated[str, parsed_by(lambda value: parse_word(value, "currency"))]
Rate = Annotated[Fraction, parsed_by(parse_rate), PlainSerializer(format_part, return_type=str)]
RoundingName = Annotated[Direction, named(Direction)]
