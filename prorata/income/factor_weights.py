# SPDX-License-Identifier: MIT
"""Weights of a record range by daily factors, as a fund publishes them.

A CSV file with the columns `date,factor,days`, in any order, all needed, and a line for each
record:

    date      the day of UTC in which the record closes
    factor    what a share earned in each of its days, in whole units of money: 0.000119444
    days      for how many days the record stands, such as 3 over a weekend

A record weighs its factor times its days, in billionths, so that whoever came for the days that
earned less has less. The file is written when all days of the range are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.values.amounts import format_units, parse_units

__all__ = ["FACTOR_DECIMALS", "Factor", "parse_factors", "read_factors", "weights_at"]

COLUMNS = ("date", "factor", "days")
FACTOR_DECIMALS = 9
MAX_WEIGHT = 2**32 - 1
MOST_DAYS = 31


@dataclass(frozen=True)
class Factor:
    """What a share earned in a day, in billionths, and for how many days that stands."""

    factor: int
    days: int

    @property
    def weight(self) -> int:
        """What a record weighs."""
        return self.factor * self.days

    @property
    def text(self) -> str:
        """The factor as files have it."""
        return format_units(self.factor, FACTOR_DECIMALS, grouping=False)


def read_factors(path: Path) -> Mapping[date, Factor]:
    """The factors in a file, by their days.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return parse_factors(Sheet.read(path), str(path))


def parse_factors(content: str | bytes, subject: str) -> Mapping[date, Factor]:
    """The factors in the text of a file.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(subject, COLUMNS, row="record")
    found: dict[date, Factor] = {}
    for line, row in sheet.rows(content):
        day = sheet.cell(line, row, "date", _day)
        factor = sheet.cell(line, row, "factor", _factor)
        days = sheet.cell(line, row, "days", _days)
        if day is None or factor is None or days is None:
            continue
        one = Factor(factor, days)
        if day in found:
            sheet.add(line, "date", str(day), "is there twice", "keep one of them")
        elif one.weight > MAX_WEIGHT:
            rule = f"makes a weight of {one.weight}, and {MAX_WEIGHT} is the most"
            sheet.add(line, "factor", one.text, rule, "check the factor: it is of one day")
        else:
            found[day] = one
    sheet.check()
    return found


def weights_at(factors: Mapping[date, Factor], times: Sequence[int]) -> tuple[int, ...]:
    """The weights of records that close at `times`, in order.

    Raises: InputError when a record has no line, a line no record, or two records one day.
    """
    days = [datetime.fromtimestamp(time, tz=timezone.utc).date() for time in times]
    if len(set(days)) < len(days):
        twice = next(day for day in days if days.count(day) > 1)
        rule = "has two records, and a factor is for one"
        raise InputError.of("weights", twice, rule, "weigh by seconds, or leave one of them out")
    for day in days:
        if day not in factors:
            rule = "has a record and no line in the file"
            raise InputError.of("weights", day, rule, "add its factor")
    for day in factors:
        if day not in days:
            rule = "has a line in the file and no record in the range"
            raise InputError.of("weights", day, rule, "check the range, or remove the line")
    return tuple(factors[day].weight for day in days)


def _day(cell: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise InputError.of("date", cell, "is no date", "write one such as 2027-03-31") from None


def _factor(cell: str) -> int:
    factor = parse_units(cell, FACTOR_DECIMALS, grouping=False, noun="units of money")
    if factor == 0:
        rule = "is nothing, and a record must weigh something"
        raise InputError.of("factor", cell, rule, "leave its record out of the range")
    return factor


def _days(cell: str) -> int:
    days = parse_units(cell, 0, noun="days")
    if not 0 < days <= MOST_DAYS:
        rule = f"is not 1 to {MOST_DAYS}"
        raise InputError.of("days", cell, rule, "write how long the record stands")
    return days
