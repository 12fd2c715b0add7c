# SPDX-License-Identifier: MIT
"""Columns of amounts in a workbook, with sums that a spreadsheet works out again.

A spreadsheet keeps fifteen digits. A column in which every amount and the sum have no more is one
of numbers with a live sum; in any other all of it is text, so that nobody adds up a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from prorata.files.workbook_writer import Formula, Value
from prorata.values.amounts import format_units

__all__ = [
    "DIGITS",
    "Summed",
    "as_text",
    "computed",
    "exact",
    "exact_or_text",
    "money_format",
    "summed",
]

DIGITS = 15


@dataclass(frozen=True)
class Summed:
    """The cells of a column and its sum; `live` tells whether they are numbers."""

    cells: Sequence[Value]
    total: Value
    live: bool


def exact(units: int, decimals: int) -> int | Decimal | None:
    """An amount as a number that a spreadsheet keeps to the last digit, or None."""
    scaled = Decimal(units).scaleb(-decimals).normalize() if units else Decimal(0)
    if len(scaled.as_tuple().digits) > DIGITS or abs(scaled) >= 10**DIGITS:
        return None
    return int(scaled) if scaled == scaled.to_integral_value() else scaled


def as_text(units: int, decimals: int) -> str:
    """An amount with every digit, as the text of a cell."""
    return format_units(units, decimals, grouping=False, trim=True)


def exact_or_text(units: int, decimals: int) -> int | Decimal | str:
    """An amount as a number where a spreadsheet keeps it, else every digit as text."""
    number = exact(units, decimals)
    return as_text(units, decimals) if number is None else number


def computed(formula: str, units: int, decimals: int, *, live: bool) -> Value:
    """What a formula comes to: live where the cells that it names are numbers, else as text."""
    number = exact(units, decimals)
    if not live or number is None:
        return as_text(units, decimals)
    # Rounded, because a spreadsheet reckons in binary.
    return Formula(f"ROUND({formula},{decimals})", number)


def summed(letter: str, first: int, amounts: Sequence[int], decimals: int) -> Summed:
    """The column `letter` of amounts from row `first` on, and their sum for the row below."""
    numbers = [exact(units, decimals) for units in amounts]
    total = exact(sum(amounts), decimals)
    cells = [number for number in numbers if number is not None]
    if total is None or len(cells) < len(amounts):
        return Summed(
            [as_text(u, decimals) for u in amounts], as_text(sum(amounts), decimals), False
        )
    if not amounts:
        return Summed([], 0, True)
    last = first + len(amounts) - 1
    formula = f"SUM({letter}{first}:{letter}{last})"
    return Summed(cells, computed(formula, sum(amounts), decimals, live=True), True)


def money_format(decimals: int) -> str:
    """The number format of amounts: two decimals, and more where they say something."""
    places = "0" * min(decimals, 2) + "#" * max(decimals - 2, 0)
    return f"#,##0.{places}" if places else "#,##0"
