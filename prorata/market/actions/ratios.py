# SPDX-License-Identifier: MIT
"""Ratios of shares to shares, as people write them: `3:2`, `1:4`.

What the numbers count is said by each action. A split into `3:2` makes three shares of two, and a
dividend of `1:4` gives one share for four.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from prorata.errors import InputError

__all__ = ["Ratio", "parse_ratio"]

_RATIO = re.compile(r"([0-9]{1,9}):([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True)
class Ratio:
    """So many whole shares `given` for so many whole shares `held`, in lowest terms."""

    given: int
    held: int

    @classmethod
    def of(cls, fraction: Fraction) -> Ratio:
        """The ratio of this value."""
        return cls(fraction.numerator, fraction.denominator)

    @property
    def fraction(self) -> Fraction:
        """Shares given for one share held."""
        return Fraction(self.given, self.held)

    def __str__(self) -> str:
        return f"{self.given}:{self.held}"

    def units(self, *, decimals_given: int, decimals_held: int) -> Fraction:
        """The same between the smallest units of both tokens."""
        return self.fraction * Fraction(10**decimals_given, 10**decimals_held)


def parse_ratio(text: str, column: str = "ratio") -> Ratio:
    """The ratio that `text` names.

    Raises: InputError when it names none, or one of its numbers is 0.
    """
    found = _RATIO.fullmatch(text)
    if found is None:
        rule, remedy = "is no ratio", "write two whole numbers with a colon between, such as 3:2"
        raise InputError.of(column, text, rule, remedy)
    given, held = int(found[1]), int(found[2])
    if not given or not held:
        raise InputError.of(
            column, text, "has a zero, so that nobody would get or give anything", "write 3:2"
        )
    return Ratio.of(Fraction(given, held))
