# SPDX-License-Identifier: MIT
"""The numbers of a chart: exact, and each with the text that stands for it everywhere.

A `Figure` is drawn by its value and read by its text, in the chart and in the table beside it
alike. One without a value is missing, and its text says why: it is never drawn as nought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prorata.errors import InputError
from prorata.values.amounts import Amount, figures, percent

__all__ = ["Figure", "Series", "amounts", "count", "share", "tick_texts", "ticks"]

MOST_TICKS = 5
_LARGE = ((10**12, " tn"), (10**9, " bn"), (10**6, " M"))


@dataclass(frozen=True)
class Figure:
    """A number and its text; `value` is None where there is none, and `text` is then the reason."""

    value: int | Fraction | None
    text: str


@dataclass(frozen=True)
class Series:
    """One name of the legend, and its figure for each place of the chart.

    `tone` is the number of its colour, from 0; else its place among the series is.
    """

    name: str
    figures: Sequence[Figure]
    tone: int | None = None


def count(number: int) -> Figure:
    """A whole number."""
    return Figure(number, f"{number:,}")


def amounts(of: Sequence[Amount]) -> list[Figure]:
    """Amounts of one currency: all with the decimals that any of them needs, of money two."""
    return [
        Figure(Fraction(one.units, 10**one.decimals), text)
        for one, text in zip(of, figures(of), strict=True)
    ]


def share(part: int, whole: int, places: int = 2) -> Figure:
    """A part of a whole, in per cent, its text rounded down."""
    return Figure(Fraction(100 * part, whole), percent(part, whole, places))


def ticks(least: Fraction, most: Fraction) -> list[Fraction]:
    """Round numbers from `least` or below to `most` or above, at most five steps of 1, 2 or 5.

    Raises: InputError when there is nothing between them.
    """
    if most <= least:
        raise InputError.of("most", most, f"is not above {least}", "give a range with a length")
    unit = Fraction(1)
    while unit * 10 <= most - least:
        unit *= 10
    while unit > most - least:
        unit /= 10
    step = next(
        unit * part / 10
        for part in (1, 2, 5, 10, 20, 50)
        if -(-most * 10 // (unit * part)) - least * 10 // (unit * part) <= MOST_TICKS
    )
    return [number * step for number in range(int(least // step), int(-(-most // step)) + 1)]


def tick_texts(marks: Sequence[Fraction]) -> list[str]:
    """The ticks as text: all with the decimals that any of them needs, millions as `1.5 M`."""
    step = marks[1] - marks[0]
    largest = max(map(abs, marks))
    scale, name = next(((s, n) for s, n in _LARGE if step * 10 >= s and largest >= s), (1, ""))
    places = 0
    while any((mark / scale * 10**places).denominator != 1 for mark in marks):
        places += 1
    return [f"{_decimal(mark / scale, places)}{name if mark else ''}" for mark in marks]


def _decimal(value: Fraction, places: int) -> str:
    units = int(abs(value) * 10**places)
    whole, part = divmod(units, 10**places)
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")
