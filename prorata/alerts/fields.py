# SPDX-License-Identifier: MIT
"""What stands in a rule: lengths of time, dates, names, addresses, numbers; each read one way."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.values.addresses import check_address
from prorata.values.times import parse_beginning, parse_time

__all__ = [
    "Beginning",
    "Duration",
    "End",
    "Figure",
    "Name",
    "Said",
    "Strict",
    "Token",
    "Value",
    "Whole",
    "parse_duration",
    "parse_figure",
]

LONGEST = 10 * 365 * 86_400

_DURATION = re.compile(r"([0-9]{1,9})(s|min|h|d)", re.ASCII)
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


class Strict(BaseModel):
    """What has these settings and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parse_duration(value: object, column: str | None = None) -> int:
    """Seconds of a time such as `24h`: a whole number of `s`, `min`, `h` or `d`.

    Raises: InputError for anything else, and for more than ten years.
    """
    found = _DURATION.fullmatch(str(value))
    if found is None:
        raise InputError.of(column, value, "is no length of time", "write 30s, 5min, 24h or 90d")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds > LONGEST:
        raise InputError.of(column, value, "is more than ten years", "write a shorter time")
    return seconds


_FIGURE = re.compile(r"-?(0|[1-9][0-9]{0,76})(\.[0-9]{1,36})?", re.ASCII)


def parse_figure(value: object, column: str | None = None) -> Fraction:
    """An exact number: digits, or text such as `102.50`.

    Raises: InputError for anything else. What YAML reads with a point is no longer exact.
    """
    if isinstance(value, float):
        rule = "is not exact to YAML"
        raise InputError.of(column, value, rule, f'write it in quotes, such as "{value}"')
    text = "" if isinstance(value, bool) else str(value)
    if not _FIGURE.fullmatch(text):
        rule = "is no number"
        raise InputError.of(column, value, rule, 'write digits such as 1000, or "102.50"')
    return Fraction(text)


def _begins(value: object) -> int:
    return parse_beginning("since", value)


def _ends(value: object) -> int:
    return parse_time("by", value)


def _token(value: object) -> str:
    return check_address("token", value)


Duration = Annotated[int, parsed_by(parse_duration)]
Beginning = Annotated[int, parsed_by(_begins)]
End = Annotated[int, parsed_by(_ends)]
Token = Annotated[str, parsed_by(_token)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Said = Annotated[str, Field(min_length=1, max_length=200)]
Value: TypeAlias = bool | int | str
Whole = Annotated[int, Field(strict=True, ge=0)]
Figure = Annotated[Fraction, parsed_by(parse_figure), PlainSerializer(str, return_type=str)]
