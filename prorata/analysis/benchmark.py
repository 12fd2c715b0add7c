# SPDX-License-Identifier: MIT
"""The benchmark: assets of all classes in one table, with the same columns.

A figure that an asset does not have is there with its reason. Nothing is ranked and nothing is
averaged over classes: what a yield is differs from class to class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prorata.analysis.figures import Figure
from prorata.analysis.scores import Score
from prorata.assets.templates import TEMPLATES
from prorata.errors import InputError
from prorata.values.words import listed

__all__ = ["COLUMNS", "Benchmark", "Line"]

COLUMNS = (
    "size",
    "holders",
    "distribution yield",
    "premium to NAV",
    "HHI",
    "turnover",
    "payout quality",
)
"""What every asset is asked for, before its score."""


@dataclass(frozen=True)
class Line:
    """One asset of a class, with a figure for each column, and its score, if it has a card."""

    asset: str
    asset_class: str
    figures: Mapping[str, Figure]
    score: Score | None = None

    def __post_init__(self) -> None:
        """Raises: InputError for a class that there is not, or another set of columns."""
        if self.asset_class not in TEMPLATES:
            rule = "is no class of assets"
            raise InputError.of("class", self.asset_class, rule, f"write {listed([*TEMPLATES])}")
        if set(self.figures) != set(COLUMNS):
            wrong = sorted(set(self.figures) ^ set(COLUMNS))
            remedy = "give each column once, blank with its reason where nothing is known"
            raise InputError.of("figures", listed(wrong), "is missing, or is no column", remedy)

    @property
    def span(self) -> str:
        """The score as it leads: its span, or that there is none."""
        if self.score is None:
            return "no scorecard"
        return f"{self.score.low.text} to {self.score.high.text}"


@dataclass(frozen=True)
class Benchmark:
    """The table: lines by class, in the order of the classes."""

    lines: Sequence[Line]

    @property
    def ordered(self) -> list[Line]:
        """By class, then by name."""
        order = list(TEMPLATES)
        return sorted(self.lines, key=lambda one: (order.index(one.asset_class), one.asset))

    @property
    def missing_classes(self) -> list[str]:
        """The classes of which no asset is in the table."""
        have = {one.asset_class for one in self.lines}
        return [name for name in TEMPLATES if name not in have]
