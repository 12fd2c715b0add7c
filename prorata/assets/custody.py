# SPDX-License-Identifier: MIT
"""Metal in custody: what a share is a claim on, and how the fee for storage is paid in metal.

A share is a part of the metal in the vault less what the keeper has earned of it. The fee accrues
by the day on that part, and the keeper takes it as whole bars, sold for it, as soon as a bar fits.
Nothing is minted for the fee: there are as many shares as before, each a claim on a little less.
So the fine weight of a share, the factor, falls day by day, and neither a sale of the keeper's nor
a delivery makes it fall.

    metal in the vault = fine weight of all shares + what the keeper has earned and not taken
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from prorata.assets.bars import Bar, BarList
from prorata.assets.withholding import Percent
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.amounts import format_units

__all__ = ["Custody", "CustodyTerms", "factor_text"]

EXAMPLE = "examples/gold/custody.yaml"

YEAR = 365
WHOLE = 10_000
FACTOR_DECIMALS = 9


class CustodyTerms(BaseModel):
    """Who keeps the metal and for how much a year, as its file says: ACT/365, on the metal held."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keeper: Annotated[str, Field(min_length=1, max_length=64)]
    vault: Annotated[str, Field(min_length=1, max_length=64)]
    fee: Percent

    @classmethod
    def load(cls, path: Path) -> CustodyTerms:
        """From a YAML file.

        Raises: InputError with every fault in it, or when it cannot be read.
        """
        return validated(cls, read_yaml(path, "custody", EXAMPLE), EXAMPLE, str(path))


@dataclass(frozen=True)
class Custody:
    """The metal of one asset: `earned` is the keeper's, in milligrams, as long as it is not taken.

    `shares` are in smallest units, of which a whole share has 10 ** `decimals`.
    """

    bars: BarList
    shares: int
    decimals: int
    earned: int = 0

    @property
    def claimed(self) -> int:
        """The fine milligrams that all shares are a claim on."""
        return self.bars.fine - self.earned

    @property
    def factor(self) -> Fraction:
        """The fine grams of a whole share, exactly.

        Raises: InputError when there are no shares.
        """
        if not self.shares:
            raise InputError.of("shares", 0, "are a claim on nothing", "issue shares first")
        return Fraction(self.claimed * 10**self.decimals, self.shares * 1_000)

    def accrued(self, terms: CustodyTerms, days: int) -> Custody:
        """When so many days have passed: the fee is rounded down to the milligram."""
        fee = self.claimed * terms.fee * days // (WHOLE * YEAR)
        return replace(self, earned=self.earned + fee)

    def takeable(self) -> tuple[Bar, ...]:
        """The bars that the keeper takes for its fee: the smallest first, as long as they fit."""
        taken, left = [], self.earned
        for bar in sorted(self.bars, key=lambda bar: (bar.fine, bar.serial)):
            if bar.fine > left:
                break
            taken.append(bar)
            left -= bar.fine
        return tuple(taken)

    def taken(self, bars: Collection[Bar]) -> Custody:
        """When the keeper has taken some bars."""
        earned = self.earned - sum(bar.fine for bar in bars)
        return replace(self, bars=self.bars.without(bars), earned=earned)

    def shares_for(self, bar: Bar) -> int:
        """The fewest shares, in smallest units, that are a claim on a whole bar."""
        return -(-bar.fine * self.shares // self.claimed)

    def delivered(self, bar: Bar, shares: int) -> Custody:
        """When a bar has been delivered for so many shares.

        Raises: InputError when those are a claim on less than the bar.
        """
        if shares < (needed := self.shares_for(bar)):
            rule = f"are a claim on less than bar {bar.serial}, which takes {needed}"
            raise InputError.of("shares", shares, rule, f"give {needed} of the smallest unit")
        return replace(self, bars=self.bars.without([bar]), shares=self.shares - shares)


def factor_text(factor: Fraction) -> str:
    """A factor for people, rounded down: `0.998998756`."""
    units = factor.numerator * 10**FACTOR_DECIMALS // factor.denominator
    return format_units(units, FACTOR_DECIMALS, grouping=False)
