# SPDX-License-Identifier: MIT
"""Indices as people write them: a method in YAML, and tables of prices and income beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from prorata.analysis.fields import Days, Line, Name, Number, Strict, Time
from prorata.analysis.figures import DAY
from prorata.analysis.indices import (
    Delisted,
    Delisting,
    Index,
    Method,
    MissingPrice,
    Rebalance,
    Weighting,
)
from prorata.analysis.sheets import read_paid, read_prices
from prorata.assets.schedules.values import named
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.words import listed

__all__ = ["IndexFile", "IndexSettings", "read_index"]

EXAMPLE = "examples/analytics/index.yaml"


def _members(value: object) -> object:
    """A list of names, as an equal weighting takes, is a mapping without quantities."""
    if isinstance(value, list) and len({*map(str, value)}) == len(value):
        return dict.fromkeys(map(str, value))
    return value


Members = Annotated[Mapping[Name, Number | None], BeforeValidator(_members), Field(min_length=1)]


class Base(Strict):
    """When the index begins, and at which level."""

    date: Time
    level: Number


class Missing(Strict):
    """What is done where a price lacks; one that is carried may be so many days old."""

    rule: Annotated[MissingPrice, named(MissingPrice)]
    most_days: Days | None = None

    @model_validator(mode="after")
    def _has_its_days(self) -> Missing:
        if (self.rule is MissingPrice.CARRY) != (self.most_days is not None):
            raise ValueError("has days without carry, or carry without; write most_days with carry")
        return self


class RebalanceLine(Strict):
    """New members after the level of a time, and when they were known."""

    date: Time
    universe: Time
    members: Members


class DelistingLine(Strict):
    """A member that leaves after the level of a time."""

    date: Time
    member: Name


class IndexSettings(Strict):
    """All that decides an index's levels, and where its prices stand."""

    name: Line
    version: Name
    currency: Name
    weighting: Annotated[Weighting, named(Weighting)]
    universe: Time
    base: Base
    missing_price: Missing
    delisting: Annotated[Delisting, named(Delisting)]
    members: Members
    prices: Line
    income: Line | None = None
    rebalances: tuple[RebalanceLine, ...] = ()
    delistings: tuple[DelistingLine, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of all that the method says, as JSON with sorted names."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def method(self) -> Method:
        """The method.

        Raises: InputError as the method does.
        """
        return Method(
            name=self.name,
            currency=self.currency,
            weighting=self.weighting,
            base=self.base.date,
            base_level=self.base.level,
            universe=self.universe,
            missing_price=self.missing_price.rule,
            oldest=(self.missing_price.most_days or 0) * DAY,
            delisting=self.delisting,
        )

    def quantities(self, members: Mapping[str, Any], column: str) -> dict[str, Fraction]:
        """The quantity of each member; of an equal weighting none is given.

        Raises: InputError where one is given that is not used, or lacks.
        """
        equal = self.weighting is Weighting.EQUAL
        for name, quantity in members.items():
            if equal and quantity is not None:
                rule, remedy = "has a quantity in an equal weighting", "list the names only"
                raise InputError.of(column, name, rule, remedy)
            if not equal and (quantity is None or quantity <= 0):
                rule, remedy = "has no quantity over 0", "write how many units there are"
                raise InputError.of(column, name, rule, remedy)
        return {name: Fraction(1 if equal else quantity) for name, quantity in members.items()}


@dataclass(frozen=True)
class IndexFile:
    """An index as its files say, and the digests of the method and of the tables."""

    settings: IndexSettings
    index: Index
    digests: Mapping[str, str]


def read_index(path: Path) -> IndexFile:
    """The index of a file, with the prices and income that stand beside it.

    Raises: InputError for every fault in a file.
    """
    settings = validated(IndexSettings, read_yaml(path, "index", EXAMPLE), EXAMPLE, str(path))
    prices = path.parent / settings.prices
    income = None if settings.income is None else path.parent / settings.income
    tables = {"prices": prices} | ({} if income is None else {"income": income})
    index = Index(
        settings.method,
        settings.quantities(settings.members, "members"),
        read_prices(prices),
        [] if income is None else read_paid(income),
        [
            Rebalance(one.date, settings.quantities(one.members, "rebalances"), one.universe)
            for one in settings.rebalances
        ],
        [Delisted(one.date, one.member) for one in settings.delistings],
    )
    _check_members(index)
    digests = {name: hashlib.sha256(Sheet.read(one)).hexdigest() for name, one in tables.items()}
    return IndexFile(settings, index, {"method": settings.digest, **digests})


def _check_members(index: Index) -> None:
    """Raises: InputError for a member without any price, which is likely misspelt."""
    priced = {one.member for one in index.prices}
    for one in (index.members, *(change.members for change in index.rebalances)):
        for name in one:
            if name not in priced:
                remedy = f"write one of {listed(sorted(priced))}"
                raise InputError.of("members", name, "is in no line of the prices", remedy)
