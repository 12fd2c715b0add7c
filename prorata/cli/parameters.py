# SPDX-License-Identifier: MIT
"""What people type after an option, as values."""

from __future__ import annotations

import re

from prorata.chain.node import RpcChain
from prorata.errors import InputError
from prorata.values.times import WRITE_A_TIME, checked_second, moment, parse_time

__all__ = ["WHEN", "is_relative", "parse_moment", "parse_span"]

WHEN = (
    "2027-03-31T23:59:59Z, a day such as 2027-03-31 (its last second in UTC) or '2027-03-31 "
    "America/New_York' (in that zone), +3600s, +90m, +12h, +2d from now, or now, which is in 2 "
    "seconds on a local chain and in 60 on a public one"
)
"""How a moment is written, for the help of options."""

# `now` leaves a transaction this long to be mined.
SOON_LOCAL_SECONDS = 2
SOON_PUBLIC_SECONDS = 60

SECONDS_DIGITS = 10

_NUMBERED = re.compile(r"[0-9]{9,14}", re.ASCII)
_RELATIVE = re.compile(r"\+(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_REMEDY = f"{WRITE_A_TIME}, now, or +3600s, +90m, +12h, +2d"


def is_relative(text: str) -> bool:
    """Whether the words mean another second tomorrow."""
    return text == "now" or text.startswith("+")


def parse_moment(text: str, chain: RpcChain, column: str = "at") -> int:
    """The Unix second that `text` names: ISO 8601 with a zone, `now`, or `+2d` from now.

    Raises: InputError when it names none.
    """
    if text == "now":
        return chain.now() + (SOON_LOCAL_SECONDS if chain.is_local else SOON_PUBLIC_SECONDS)
    if (relative := _RELATIVE.fullmatch(text)) is not None:
        second = chain.now() + int(relative["count"]) * _SECONDS[relative["unit"]]
        return checked_second(column, text, second, _REMEDY)
    _check_numbered(text, column)
    return parse_time(column, text, _REMEDY)


def parse_span(text: str, column: str) -> int:
    """So many seconds, from `90m`, `12h` or `2d`.

    Raises: InputError when it is no span of time.
    """
    found = _RELATIVE.fullmatch(f"+{text.removeprefix('+')}")
    if found is None:
        rule = "is no span of time"
        raise InputError.of(column, text, rule, "write 3600s, 90m, 12h or 2d")
    return int(found["count"]) * _SECONDS[found["unit"]]


def _check_numbered(text: str, column: str) -> None:
    """Refuse a number of seconds or milliseconds: one digit more or less is another century."""
    if (number := _NUMBERED.fullmatch(text)) is None:
        return
    milliseconds = len(text) > SECONDS_DIGITS
    second = int(number[0]) // (1_000 if milliseconds else 1)
    unit = "milliseconds" if milliseconds else "seconds"
    rule = f"is a number, of {unit} since 1970 by its length"
    raise InputError.of(column, text, rule, f"if that is meant, write {moment(second)}")
