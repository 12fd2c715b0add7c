# SPDX-License-Identifier: MIT
"""Bars beside names, and columns in time that are stacked of parts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from prorata.reports.charts.canvas import WIDTH, Canvas, colour, shortened
from prorata.reports.charts.chart import Chart, check, drawn, table_of
from prorata.reports.charts.frame import Frame
from prorata.reports.charts.numbers import Series

__all__ = ["bars", "stacked"]

LABEL, BAR, GAP = 15, 9, 9


def bars(
    title: str, about: str, labels: Sequence[str], series: Sequence[Series], *, first: str = "name"
) -> Chart:
    """A bar for each label and series, as long as its figure says; 0 is at the left.

    Above the bars stand the label and the figures. `first` heads the labels in the table.

    Raises: InputError as `check` does.
    """
    check(title, labels, series, signed=False)
    most = max(value for one in series for value in drawn(one.figures))
    several = len(series) > 1
    canvas = Canvas(0)
    y = canvas.legend([one.name for one in series] if several else [], 0)
    for number, label in enumerate(labels):
        figures = [one.figures[number] for one in series]
        told = " · ".join(figure.text for figure in figures if figure.text)
        canvas.text(WIDTH, y + 11, told, anchor="end")
        canvas.text(0, y + 11, shortened(label, WIDTH - 12 - 6.4 * len(told), 11))
        y += LABEL
        for place, figure in enumerate(figures):
            if figure.value is not None:
                canvas.bar(0, y, _part(figure.value, most) * WIDTH, BAR, colour(place))
            y += BAR + 1
        y += GAP
    canvas.height = y - GAP + 1
    return Chart(title, about, canvas.svg(title, about), table_of(title, first, labels, series))


def stacked(
    title: str,
    about: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "",
    first: str = "name",
) -> Chart:
    """A column for each label, of one part a series; `unit` stands above the axis.

    Raises: InputError as `check` does.
    """
    check(title, labels, series, signed=False)
    heights = [
        sum(drawn([one.figures[number] for one in series]), Fraction(0))
        for number in range(len(labels))
    ]
    frame = Frame.of(Fraction(0), max(heights), unit=unit, legend=[one.name for one in series])
    canvas, slot = frame.canvas, frame.width / len(labels)
    for number in range(len(labels)):
        level = Fraction(0)
        for place, one in enumerate(series):
            value = one.figures[number].value
            if value:
                top = frame.y(level + value)
                height = frame.y(level) - top
                x = frame.left + (number + Fraction(1, 8)) * slot
                # A line of paper between two parts, where both are thick enough.
                cut = 1 if level and height > 2 else 0
                canvas.bar(x, top, slot * Fraction(3, 4), height - cut, colour(place))
                level += value
    frame.below([(number + Fraction(1, 2), label) for number, label in enumerate(labels)], slot)
    return Chart(title, about, canvas.svg(title, about), table_of(title, first, labels, series))


def _part(value: int | Fraction, most: Fraction) -> Fraction:
    return Fraction(value) / most if most else Fraction(0)
