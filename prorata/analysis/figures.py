# SPDX-License-Identifier: MIT
"""A figure: its value, or the reason why there is none, with its date, count and inputs.

A figure is never 0, and never guessed, for want of data. It is a fraction inside, rounded half-even
when it is shown, to the places that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from prorata.analysis.precision import rounded
from prorata.values.times import moment

__all__ = ["DAY", "YEAR", "Figure", "Question"]

DAY = 86_400
"""Seconds."""
YEAR = 365
"""Days of a year in every yield and rate here."""


@dataclass(frozen=True)
class Figure:
    """One figure of an analysis.

    `n` counts the observations that it rests on, `inputs` names them as text, and `as_of` is the
    Unix second for which it holds. A `percent` is shown times 100.
    """

    name: str
    value: Fraction | None
    as_of: int
    n: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    percent: bool = False
    places: int = 4

    def __post_init__(self) -> None:
        """Hold that there is a value or a reason, and not both."""
        if (self.value is None) == (self.reason is None):
            raise ValueError(f"{self.name} needs a value or a reason")

    @property
    def known(self) -> Fraction:
        """The value of a figure that has one.

        Raises: ValueError, with the reason why it has none.
        """
        if self.value is None:
            raise ValueError(f"{self.name} is blank: {self.reason}")
        return self.value

    @property
    def number(self) -> str | None:
        """The value rounded to its places, without a unit."""
        if self.value is None:
            return None
        return rounded(self.value * 100 if self.percent else self.value, self.places)

    @property
    def text(self) -> str:
        """As people read it: the value, or the reason."""
        if self.value is None:
            return str(self.reason)
        shown = self.value * 100 if self.percent else self.value
        return rounded(shown, self.places, grouping=True) + ("%" if self.percent else "")

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "name": self.name,
            "value": self.number,
            "unit": "percent" if self.percent else "number",
            "places": self.places,
            "as_of": moment(self.as_of),
            "n": self.n,
            "inputs": dict(self.inputs),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Question:
    """What a figure will say of itself, before it is known whether there is one."""

    name: str
    as_of: int
    n: int = 0
    inputs: Mapping[str, str] = field(default_factory=dict)
    percent: bool = False
    places: int = 4

    def answer(self, value: Fraction | int) -> Figure:
        """The figure with its value."""
        return self._figure(Fraction(value), None)

    def blank(self, reason: str) -> Figure:
        """The figure without one."""
        return self._figure(None, reason)

    def too_few(self, have: int, need: int, what: str) -> Figure:
        """The figure for which `need` are needed: `not enough data: 7 of 36 months`."""
        return self.blank(f"not enough data: {have} of {need} {what}")

    def _figure(self, value: Fraction | None, reason: str | None) -> Figure:
        return Figure(
            self.name, value, self.as_of, self.n, self.inputs, reason, self.percent, self.places
        )
