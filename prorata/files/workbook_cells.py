# SPDX-License-Identifier: MIT
"""One cell of a workbook: what it says to a person who looks at it, where that is what it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from openpyxl.cell import Cell

from prorata.errors import InputError, Problem

__all__ = ["CellProblem", "cell_text"]

MOST_NUMBER = 10**15
"""Below it, a spreadsheet keeps every digit of a whole number."""


@dataclass(frozen=True)
class CellProblem(Problem):
    """A fault in a workbook: `line` is the row, `cell` such as B7, or empty for a whole row."""

    sheet: str = ""
    cell: str = ""

    @property
    def place(self) -> str:
        """As a spreadsheet writes it: `Holders!B7, shares`."""
        sheet = f"'{self.sheet}'" if re.search(r"\W", self.sheet) else self.sheet
        row = "" if self.line is None else f", row {self.line}"
        where = f"{sheet}!{self.cell}" if self.cell else f"{sheet}{row}"
        return where if self.column is None else f"{where}, {self.column}"


# ------------------------------------------------------------------------------------- one cell

_AS_TEXT = "give the cell the format Text, and write every digit"
_TINT = r"black|blue|cyan|green|magenta|red|white|yellow|color ?\d+"
_COLOUR = re.compile(rf"\[(?:{_TINT}|\$-[0-9a-f]+)\]", re.IGNORECASE)
_PADDING = re.compile(r"_.|\*.|\\[ ()-]")
_PLAIN = re.compile(r"general|@|[#0?, ]*[#0?](?:\.[#0?]*)?", re.IGNORECASE)


def cell_text(cell: Cell, *, dates: bool = False) -> str:
    """What a cell says, to a person who looks at it, where that is what it holds.

    Raises: InputError with the value, the rule and the remedy.
    """
    value, kind = cell.value, cell.data_type
    if kind == "f":
        shown = value if isinstance(value, str) else getattr(value, "text", None) or "a formula"
        raise _fault(shown, "is a formula", "replace it with its value")
    if kind == "b":
        shown = str(value).upper()
        raise _fault(shown, "is a truth value", "write text or a number")
    if kind == "e":
        raise _fault(value, "is a spreadsheet's error mark", "repair the cell")
    if kind == "d":
        return _date_text(value, welcome=dates)
    if isinstance(value, int | float):
        return _number_text(value, cell.number_format)
    return _plain_text(str(value), cell.number_format)


def _fault(value: object, rule: str, remedy: str) -> InputError:
    return InputError.of(None, value, rule, remedy)


def _date_text(value: object, *, welcome: bool) -> str:
    if not welcome:
        raise _fault(value, "is a date to the spreadsheet", "give the cell the format Text")
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date().isoformat()
    remedy = "write the day alone, or text with a zone such as 2027-12-31T12:00:00Z"
    raise _fault(value, "is a time without a zone", remedy)


def _number_text(value: float, number_format: str) -> str:
    if isinstance(value, float) and not value.is_integer():
        raise _fault(value, "is no whole number", _AS_TEXT)
    if abs(value) >= MOST_NUMBER:
        raise _fault(int(value), "has more digits than a spreadsheet keeps", _AS_TEXT)
    if not _is_plain(number_format.split(";", maxsplit=1)[0]):
        rule = f"looks otherwise by its number format {number_format}"
        raise _fault(int(value), rule, "give the cell the format General")
    return str(int(value))


def _plain_text(value: str, number_format: str) -> str:
    if not _is_plain(_text_section(number_format)):
        rule = f"looks otherwise by its number format {number_format}"
        raise _fault(value, rule, "give the cell the format Text")
    if "\n" in value or "\r" in value:
        raise _fault(value, "has a line break in the cell", "write it on one line")
    return value


@lru_cache(maxsize=256)
def _text_section(number_format: str) -> str:
    """The part of a number format that is for text, if it has one."""
    return next((part for part in number_format.split(";") if "@" in part), "@")


@lru_cache(maxsize=256)
def _is_plain(section: str) -> bool:
    """Whether a number format shows the number that there is, and nothing else.

    A comma behind the digits divides by a thousand, a percent sign multiplies by a hundred.
    """
    bare = _PADDING.sub("", _COLOUR.sub("", section)).strip()
    return _PLAIN.fullmatch(bare) is not None
