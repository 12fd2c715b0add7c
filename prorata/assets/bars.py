# SPDX-License-Identifier: MIT
"""Bars of precious metal as a vault lists them, read strictly.

A CSV file with the columns `serial,refiner,fineness,weight`, in any order, all needed:

    serial      what is stamped on the bar; no two bars of a list have the same
    fineness    parts of a thousand, with two decimals at most: 999.9
    weight      gross, in grams, with three decimals at most: 12,441.385

The fine weight of a bar is its weight times its fineness, rounded down to the milligram.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.writer import Row, csv_text
from prorata.values.amounts import format_units, parse_units, strange_character

__all__ = ["GRAM_DECIMALS", "Bar", "BarList", "grams", "parse_bars", "read_bars"]

COLUMNS = ("serial", "refiner", "fineness", "weight")

GRAM_DECIMALS = 3
FINENESS_DECIMALS = 2
PURE: Final = 100_000
"""A thousand parts of a thousand, with their decimals."""

LONGEST = 40
"""Characters of a serial, or of a refiner's name."""


class BarRow(Row):
    """A bar as the file has it."""

    serial: str
    refiner: str
    fineness: str
    weight: str


@dataclass(frozen=True)
class Bar:
    """One bar: `fineness` in hundredths of a part of a thousand, `weight` in milligrams."""

    serial: str
    refiner: str
    fineness: int
    weight: int

    @property
    def fine(self) -> int:
        """Its fine weight in milligrams."""
        return self.weight * self.fineness // PURE

    @property
    def row(self) -> BarRow:
        """As a file has it."""
        fineness = format_units(self.fineness, FINENESS_DECIMALS, trim=True)
        weight = format_units(self.weight, GRAM_DECIMALS, grouping=False)
        return BarRow(serial=self.serial, refiner=self.refiner, fineness=fineness, weight=weight)


@dataclass(frozen=True)
class BarList:
    """The bars of a vault, in the order of its list."""

    bars: tuple[Bar, ...]

    def __iter__(self) -> Iterator[Bar]:
        return iter(self.bars)

    def __len__(self) -> int:
        return len(self.bars)

    @property
    def fine(self) -> int:
        """Their fine weight in milligrams."""
        return sum(bar.fine for bar in self.bars)

    @property
    def text(self) -> str:
        """The list as a CSV file, whose hash is published."""
        return csv_text(BarRow, (bar.row for bar in self.bars))

    def bar(self, serial: str) -> Bar:
        """The bar of this serial.

        Raises: InputError when the list has none.
        """
        for bar in self.bars:
            if bar.serial == serial:
                return bar
        rule = f"is not among the {len(self.bars)} bars of the vault"
        raise InputError.of("serial", serial, rule, "choose a bar of the published list")

    def without(self, gone: Collection[Bar]) -> BarList:
        """The list when some bars have left."""
        return BarList(tuple(bar for bar in self.bars if bar not in gone))


def grams(milligrams: int) -> str:
    """A weight for people: `12,441.385`."""
    return format_units(milligrams, GRAM_DECIMALS)


# ---------------------------------------------------------------------------------------- the file


def read_bars(path: Path) -> BarList:
    """The bars in a file.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return parse_bars(Sheet.read(path), str(path))


def parse_bars(content: str | bytes, subject: str) -> BarList:
    """The bars in the text of a file.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(subject, COLUMNS, row="bar")

    def serial(line: int, cell: str) -> str:
        return sheet.once(line, "serial", cell, _word("serial", cell), "bar")

    bars = []
    for line, row in sheet.rows(content):
        named = sheet.cell(line, row, "serial", lambda cell, line=line: serial(line, cell))  # type: ignore[misc]
        refiner = sheet.cell(line, row, "refiner", lambda cell: _word("refiner", cell))
        fineness = sheet.cell(line, row, "fineness", _fineness)
        weight = sheet.cell(line, row, "weight", _weight)
        if None not in (named, refiner, fineness, weight):
            bars.append(Bar(str(named), str(refiner), int(fineness or 0), int(weight or 0)))
    sheet.check()
    return BarList(tuple(bars))


def _word(column: str, cell: str) -> str:
    if not 0 < len(cell) <= LONGEST:
        rule = f"is not 1 to {LONGEST} characters long"
        raise InputError.of(column, cell, rule, "write it as it is stamped on the bar")
    if (strange := strange_character(cell, printable=True)) is not None:
        raise InputError.of(column, cell, *strange)
    return cell


def _fineness(cell: str) -> int:
    fineness = parse_units(cell, FINENESS_DECIMALS, noun="parts of a thousand")
    if not 0 < fineness < PURE:
        rule = "is not between 0 and 1,000 parts of a thousand"
        raise InputError.of("fineness", cell, rule, "write it as in 999.9")
    return fineness


def _weight(cell: str) -> int:
    weight = parse_units(cell, GRAM_DECIMALS, noun="grams")
    if weight == 0:
        raise InputError.of("weight", cell, "is nothing", "write grams, as in 12,441.385")
    return weight
