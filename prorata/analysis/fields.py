# SPDX-License-Identifier: MIT
"""What stands in the files of an analysis: numbers, times, names and digests.

A number is written as digits, with a point in quotes: YAML would make a float of it without them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from prorata.analysis.precision import exact
from prorata.assets.term_fields import parse_word
from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.values.amounts import parse_units, strange_character
from prorata.values.times import moment, parse_time

__all__ = [
    "Days",
    "Digest",
    "Line",
    "Name",
    "Number",
    "Strict",
    "Time",
    "parse_digest",
    "parse_line",
    "parse_number",
]

PLACES = 30
LONGEST = 200

_SHA_256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Strict(BaseModel):
    """Settings of a file: nothing else may stand there."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parse_number(value: object, column: str | None = None) -> Fraction:
    """The exact number that digits name, with a minus or without: `-12.5`.

    Raises: InputError when they name none.
    """
    if isinstance(value, float):
        raise InputError.of(column, value, "is a float to YAML", f'write it in quotes: "{value}"')
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError.of(column, value, "is no number", 'write digits, such as "12.5"')
    text = str(value)
    if not text.strip():
        raise InputError.of(column, value, "is blank", "write digits, such as 12.5")
    negative = text.startswith("-")
    units = parse_units(text[1:] if negative else text, PLACES)
    return Fraction(-units if negative else units, 10**PLACES)


def parse_line(value: object, column: str | None = None) -> str:
    """A line of text of at most 200 characters.

    Raises: InputError for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise InputError.of(column, value, "is no text", "write it in quotes")
    text = str(value)
    if len(text) > LONGEST or "\n" in text:
        remedy = f"write one line of 1 to {LONGEST} characters"
        raise InputError.of(column, value, "is too long", remedy)
    if (strange := strange_character(text, printable=True)) is not None:
        raise InputError.of(column, value, *strange)
    return text


def parse_digest(value: object) -> str:
    """A SHA-256 in hexadecimal digits.

    Raises: InputError for anything else.
    """
    if not isinstance(value, str) or not _SHA_256.fullmatch(value):
        remedy = "write the 64 hexadecimal digits that sha256sum prints"
        raise InputError.of("document", value, "is no SHA-256 digest", remedy)
    return value


def _number(value: Any) -> Fraction:
    return value if isinstance(value, Fraction) else parse_number(value)


Number = Annotated[Fraction, parsed_by(_number), PlainSerializer(exact, return_type=str)]
Time = Annotated[
    int,
    parsed_by(lambda value: parse_time("time", value)),
    PlainSerializer(moment, return_type=str),
]
Days = Annotated[int, Field(ge=1, le=36_525, strict=True)]
Line = Annotated[str, parsed_by(parse_line)]
Name = Annotated[str, parsed_by(parse_word)]
Digest = Annotated[str, parsed_by(parse_digest)]
