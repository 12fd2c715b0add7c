# SPDX-License-Identifier: MIT
"""Cells that say how many shares: which mark stands before decimals is told, never guessed.

`1.000` is one share to some and a thousand to others. Without a word on it such a cell is refused,
and so is `1,000.50`. A point otherwise stands before decimals: `2.5` names one number only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from prorata.errors import InputError
from prorata.register.dialects import Dialect
from prorata.values.amounts import parse_units

__all__ = ["MARKS", "UNITS", "shares_parser"]

MARKS = (".", ",")
UNITS = ("whole", "smallest")

_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}(?:[.,][0-9]{3})+(?:[.,][0-9]+)?", re.ASCII)
_EXPONENT = re.compile(r"[+-]?[0-9][0-9.,]*e[+-]?[0-9]+", re.ASCII | re.IGNORECASE)
_PADDED = re.compile(r"[0-9]+\.0+", re.ASCII)
_NAME_IT = "write whole shares only, or name the explorer's format with `--as explorer`"
_SWAPPED = str.maketrans(".,", ",.")


def shares_parser(
    decimals: int, mark: str | None, units: str | None, dialect: Dialect | None
) -> Callable[[str], int]:
    """What reads a cell as shares, in smallest units.

    Raises: InputError for a mark or units that there are not, or that the format contradicts.
    """
    if mark is not None and mark not in MARKS:
        raise InputError.of("decimal-mark", mark, "is no decimal mark", 'give "." or ","')
    if units is not None and units not in UNITS:
        raise InputError.of("units", units, "are no units", f"give {' or '.join(UNITS)}")
    _check_against(dialect, mark, units)
    own = None if dialect is None else dialect.mark
    counted = units or ("whole" if dialect is None else dialect.counts)
    noun, places = ("shares", decimals) if counted == "whole" else ("smallest units", 0)
    parse = partial(_parse, decimals=places, noun=noun, mark=mark or own)
    return parse if dialect is None else partial(_of_program, dialect, places, parse)


def _check_against(dialect: Dialect | None, mark: str | None, units: str | None) -> None:
    if dialect is None:
        return
    if mark is not None and dialect.rounds and mark != dialect.mark:
        rule = "is no decimal mark of an explorer, which writes a point"
        raise InputError.of("decimal-mark", mark, rule, "leave it out")
    if units == "whole" and dialect.counts != "whole":
        rule = f"are not the units of {dialect.title}, which counts smallest ones"
        raise InputError.of("units", units, rule, "leave it out")


def _parse(cell: str, *, decimals: int, noun: str, mark: str | None) -> int:
    if mark is None:
        if _TWO_WAYS.fullmatch(cell):
            raise InputError.of(
                None,
                cell,
                "has a mark that may stand between thousands or before decimals",
                "write it without, or say which mark stands before decimals with --decimal-mark",
            )
        if not decimals and noun == "shares" and _PADDED.fullmatch(cell):
            raise InputError.of(None, cell, "is not a whole number of shares", _NAME_IT)
        return parse_units(cell, decimals, grouping=False, noun=noun)
    try:
        read = cell if mark == "." else cell.translate(_SWAPPED)
        return parse_units(read, decimals, noun=noun)
    except InputError as error:
        fault = error.problems[0]
        if mark == ".":
            raise
        remedy = fault.remedy.translate(_SWAPPED) if "such as" in fault.remedy else fault.remedy
        raise InputError.of(None, cell, fault.rule, remedy) from None


def _of_program(dialect: Dialect, decimals: int, parse: Callable[[str], int], cell: str) -> int:
    """The cell by the rules of the program that wrote it."""
    if dialect.rounds and _EXPONENT.fullmatch(cell):
        raise InputError.of(
            None,
            cell,
            "is in exponent notation, in which an explorer may have rounded",
            "take a full export, which writes every digit",
        )
    whole, point, part = cell.partition(".")
    if dialect.pads and point and part.isdigit() and len(part) > decimals:
        part = part[:decimals] + part[decimals:].rstrip("0")
        cell = f"{whole}.{part}" if part else whole
    return parse(cell)
