# SPDX-License-Identifier: MIT
"""A chart: its picture, and the table that says the same to who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prorata.errors import InputError
from prorata.reports.charts.canvas import Key, colour
from prorata.reports.charts.numbers import Figure, Series
from prorata.reports.pages import PageTable

__all__ = ["Chart", "check", "drawn", "keys", "table_of", "tone"]

SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class Chart:
    """`svg` is the picture for a page, `table` has exactly its numbers; `about` describes it."""

    title: str
    about: str
    svg: str
    table: PageTable

    @property
    def file(self) -> str:
        """The picture as a file of its own: it names its language, which is nothing to load."""
        return self.svg.replace("<svg ", f'<svg xmlns="{SVG}" ', 1) + "\n"


def table_of(title: str, first: str, labels: Sequence[str], series: Sequence[Series]) -> PageTable:
    """The table of a chart: one row for each place, one column for each series."""
    rows = [
        (label.replace("\n", ", "), *(one.figures[number].text for one in series))
        for number, label in enumerate(labels)
    ]
    return PageTable(title, (first, *(f"{one.name}>" for one in series)), rows)


def check(title: str, labels: Sequence[str], series: Sequence[Series], *, signed: bool) -> None:
    """Refuse what cannot be drawn.

    Raises: InputError for a chart without a figure, a series of another length, or a negative
    figure where a length or an angle stands for it.
    """
    for one in series:
        if len(one.figures) != len(labels):
            rule = f"has {len(one.figures)} figures for {len(labels)} places of the chart"
            raise InputError.of(title, one.name, rule, "give one figure for each place")
    values = [value for one in series for value in drawn(one.figures)]
    if not values:
        raise InputError.of(title, "", "has no figure", "leave the chart out")
    if not signed and min(values) < 0:
        rule = "is negative, and no length stands for that"
        raise InputError.of(title, str(min(values)), rule, "draw it as a line")


def keys(series: Sequence[Series], dashes: Sequence[str] | None = None) -> list[Key]:
    """The legend of several series: none of one, whose name is in the title."""
    if len(series) < 2:
        return []
    return [
        (one.name, tone(one, place), None if dashes is None else dashes[place % len(dashes)])
        for place, one in enumerate(series)
    ]


def tone(series: Series, place: int) -> str:
    """The colour of a series, which is at a place among others."""
    return colour(place if series.tone is None else series.tone)


def drawn(figures: Sequence[Figure]) -> list[Fraction]:
    """The values that there are."""
    return [Fraction(one.value) for one in figures if one.value is not None]
