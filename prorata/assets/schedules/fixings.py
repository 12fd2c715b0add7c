# SPDX-License-Identifier: MIT
"""Fixings of a reference rate: a CSV file with a day and a rate on each line.

date,rate
2027-01-14,4.31%
2027-01-15,4.33%
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path

from prorata.assets.schedules.values import parse_part
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet

__all__ = ["read_fixings"]


def read_fixings(path: Path) -> Mapping[date, Fraction]:
    """The rates by the day for which they are published.

    Raises: InputError with every fault in the file.
    """
    sheet = Sheet(str(path), ["date", "rate"], row="fixing")
    found: dict[date, Fraction] = {}
    for number, row in sheet.rows(Sheet.read(path, "CSV")):
        try:
            day = date.fromisoformat(row.get("date", ""))
        except ValueError:
            rule = "is no date"
            sheet.add(number, "date", row.get("date", ""), rule, "write one such as 2027-03-31")
            continue
        if day in found:
            sheet.add(number, "date", str(day), "is there twice", "keep one of them")
            continue
        try:
            found[day] = parse_part(row.get("rate", ""))
        except InputError as error:
            fault = error.problems[0]
            sheet.add(number, "rate", fault.value, fault.rule, fault.remedy)
    sheet.check()
    return found
