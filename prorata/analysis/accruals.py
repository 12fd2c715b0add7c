# SPDX-License-Identifier: MIT
"""Accrued income and expenses, as a fund's administrator writes them: for the SEC's yields."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import Field

from prorata.analysis.fields import Number, Strict, Time
from prorata.analysis.yields import Accrued
from prorata.files.csv_reader import Sheet
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml

__all__ = ["Accruals", "read_accruals"]

EXAMPLE = "docs/guide/analytics.md"


class ThirtyDays(Strict):
    """What was accrued in so many days, over all shares."""

    days: Annotated[int, Field(ge=1, le=366, strict=True)]
    income: Number
    expenses: Number
    average_shares: Number
    price: Number


class SevenDays(Strict):
    """What an account of one share earned on each day, and what it was worth before."""

    start: Number
    daily: Sequence[Number]


class AccrualsFile(Strict):
    """The last day of both, and what was accrued."""

    date: Time
    thirty_days: ThirtyDays | None = None
    seven_days: SevenDays | None = None


@dataclass(frozen=True)
class Accruals:
    """What was accrued until `date`, for the yields of thirty and of seven days."""

    date: int
    month: Accrued | None = None
    daily: Sequence[Fraction] | None = None
    start: Fraction = Fraction(0)


def read_accruals(path: Path) -> Accruals:
    """The accruals of a YAML file.

    Raises: InputError for every fault in it.
    """
    found = validated(AccrualsFile, read_yaml(path, "accruals", EXAMPLE), EXAMPLE, str(path))
    document = hashlib.sha256(Sheet.read(path, "YAML")).hexdigest()
    month, week = found.thirty_days, found.seven_days
    accrued = None
    if month is not None:
        shares, price = month.average_shares, month.price
        accrued = Accrued(month.days, month.income, month.expenses, shares, price, document)
    if week is None:
        return Accruals(found.date, accrued)
    return Accruals(found.date, accrued, list(week.daily), week.start)
