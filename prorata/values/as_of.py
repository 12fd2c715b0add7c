# SPDX-License-Identifier: MIT
"""As of when: a record date, a block, or the end of a second, as people write it.

`record:3` is when record 3 closed, `block:21000000` after the last event of that block, and
`2027-03-31T23:59:59Z` the end of that second, as times are written everywhere (`times`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prorata.errors import InputError
from prorata.values.times import WRITE_A_TIME, iso, parse_instant

__all__ = ["AS_OF", "Occasion", "parse_as_of", "parse_numbered"]

AS_OF = "record:3, block:21000000, or a time such as 2027-03-31T23:59:59Z"
"""How it is written, for the help of options."""

_NUMBERED = re.compile(r"(?P<kind>record|block):(?P<number>.*)", re.DOTALL)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True)
class Occasion:
    """A record by its number, a block by its number, or a Unix second: `kind` says which."""

    kind: str
    number: int

    def __str__(self) -> str:
        return iso(self.number) if self.kind == "time" else f"{self.kind} {self.number}"


def parse_as_of(text: str, column: str = "at") -> Occasion:
    """What `text` names.

    Raises: InputError when it names nothing, or a time without a zone.
    """
    if (named := parse_numbered(text, column)) is not None:
        return named
    try:
        return Occasion("time", parse_instant(text, column))
    except InputError as error:
        fault = error.problems[0]
        if fault.remedy != WRITE_A_TIME:
            raise
        remedy = f"{WRITE_A_TIME}, record:3, or block:21000000"
        raise InputError.of(column, text, fault.rule, remedy) from None


def parse_numbered(text: str, column: str = "at") -> Occasion | None:
    """A record or a block; None for what begins as neither.

    Raises: InputError when no number of one follows.
    """
    found = _NUMBERED.fullmatch(text)
    if found is None:
        return None
    kind, number = found["kind"], found["number"]
    least = 1 if kind == "record" else 0
    if not _NUMBER.fullmatch(number) or int(number) < least:
        rule, remedy = f"has no number of a {kind}", f"write {kind}: and digits, as in {kind}:3"
        raise InputError.of(column, text, rule, remedy)
    return Occasion(kind, int(number))
