# SPDX-License-Identifier: MIT
"""Parts of one whole as a ring, and figures by row and column as a map of shades."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from prorata.errors import InputError
from prorata.reports.charts.canvas import (
    LETTER,
    SOFT,
    WIDTH,
    Canvas,
    Number,
    colour,
    shortened,
    width_of,
)
from prorata.reports.charts.canvas import place as written
from prorata.reports.charts.chart import Chart, check, drawn, table_of
from prorata.reports.charts.numbers import Figure, Series

__all__ = ["donut", "heat_map"]

RING, HOLE = 62, 38
MOST_PARTS = 6
FAINT, STRONG = 0.08, 0.5
"""How much of its colour the smallest and the largest cell has: text stays readable on both."""


def donut(
    title: str,
    about: str,
    labels: Sequence[str],
    parts: Series,
    *,
    middle: str = "",
    first: str = "name",
) -> Chart:
    """A ring of at most six parts, clockwise from the top, and their names beside it.

    Raises: InputError as `check` does, for more parts, and where the whole is nought.
    """
    check(title, labels, [parts], signed=False)
    if len(labels) > MOST_PARTS:
        rule = f"are more parts than the {MOST_PARTS} that can be told apart"
        raise InputError.of(title, len(labels), rule, "join the smallest as one")
    whole = sum(drawn(parts.figures), Fraction(0))
    if not whole:
        raise InputError.of(title, "0", "is no whole", "leave the chart out")
    canvas, centre, edge = Canvas(2 * RING + 4), RING + 2, Fraction(0)
    for number, figure in enumerate(parts.figures):
        if figure.value:
            end = edge + Fraction(figure.value) / whole
            canvas.element(
                "path", d=_arc(centre, edge, end), fill=colour(number),
                stroke="var(--paper,#ffffff)", stroke_width=1, fill_rule="evenodd",
            )  # fmt: skip
            edge = end
    if middle:
        name = shortened(middle, 2 * HOLE - 10, 11)
        canvas.text(centre, centre + 4, name, anchor="middle", bold=True)
    left, step = 2 * RING + 18, min(24, (2 * RING + 4) / len(labels))
    top = centre - step * len(labels) / 2
    for number, (label, figure) in enumerate(zip(labels, parts.figures, strict=True)):
        y = top + step * number + step / 2
        canvas.bar(left, y - 5, 10, 10, colour(number))
        canvas.text(WIDTH, y + 4, figure.text, anchor="end")
        room = WIDTH - left - 24 - len(figure.text) * 11 * LETTER
        canvas.text(left + 14, y + 4, shortened(label, room, 11))
    svg = canvas.svg(title, about)
    return Chart(title, about, svg, table_of(title, first, labels, [parts]))


def _arc(centre: Number, start: Fraction, end: Fraction) -> str:
    """The path of a part of the ring, between two parts of a turn."""
    if end - start == 1:
        # An arc from a point to itself is none: two half turns instead.
        return _circle(centre, RING) + _circle(centre, HOLE)
    large = 1 if end - start > Fraction(1, 2) else 0
    outer, inner = (
        [_point(centre, radius, turn) for turn in (start, end)] for radius in (RING, HOLE)
    )
    return (
        f"M{outer[0]}A{RING} {RING} 0 {large} 1 {outer[1]}"
        f"L{inner[1]}A{HOLE} {HOLE} 0 {large} 0 {inner[0]}Z"
    )


def _circle(centre: Number, radius: int) -> str:
    top, bottom = _point(centre, radius, Fraction(0)), _point(centre, radius, Fraction(1, 2))
    half = f"A{radius} {radius} 0 1 1"
    return f"M{top}{half} {bottom}{half} {top}Z"


def _point(centre: Number, radius: int, turn: Fraction) -> str:
    angle = 2 * math.pi * float(turn)
    x, y = centre + radius * math.sin(angle), centre - radius * math.cos(angle)
    return f"{written(x)} {written(y)}"


def heat_map(
    title: str,
    about: str,
    rows: Sequence[str],
    columns: Sequence[Series],
    *,
    first: str = "name",
) -> Chart:
    """A cell for each row and column: the further from 0, the stronger; below 0 another colour.

    Raises: InputError as `check` does.
    """
    check(title, rows, columns, signed=True)
    most = max(abs(value) for one in columns for value in drawn(one.figures)) or Fraction(1)
    left = min(max(width_of(row, 10) for row in rows) + 8, WIDTH / 3)
    slot, height = (WIDTH - left) / len(columns), 22
    canvas = Canvas(18 + height * len(rows))
    for across, column in enumerate(columns):
        middle = left + slot * (across + 0.5)
        name = shortened(column.name, slot, 10)
        canvas.text(middle, 11, name, size=10, anchor="middle", fill=SOFT)
        for down, figure in enumerate(column.figures):
            top = 18 + height * down
            _cell(canvas, (left + slot * across, top, slot, height), figure, most)
    for down, row in enumerate(rows):
        y = 18 + height * down + 15
        canvas.text(0, y, shortened(row, left - 4, 10), size=10, fill=SOFT)
    svg = canvas.svg(title, about)
    return Chart(title, about, svg, table_of(title, first, rows, columns))


def _cell(
    canvas: Canvas, at: tuple[Number, Number, Number, Number], figure: Figure, most: Fraction
) -> None:
    x, y, width, height = at
    if figure.value is None:
        canvas.text(x + width / 2, y + 15, "\N{EN DASH}", size=10, anchor="middle", fill=SOFT)
        return
    part = float(abs(Fraction(figure.value)) / most)
    canvas.element(
        "rect", x=x + 0.5, y=y + 0.5, width=width - 1, height=height - 1,
        fill=colour(0 if figure.value >= 0 else 1),
        fill_opacity=FAINT + (STRONG - FAINT) * part,
    )  # fmt: skip
    text = shortened(figure.text, width - 2, 9.5)
    canvas.text(x + width / 2, y + 15, text, size=9.5, anchor="middle")
