# SPDX-License-Identifier: MIT
"""Bars beside names, and columns in time that are stacked of parts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from prorata.reports.charts.canvas import LETTER, PAPER, WIDTH, Canvas, Number, shortened
from prorata.reports.charts.chart import Chart, check, drawn, keys, table_of, tone
from prorata.reports.charts.frame import Frame
from prorata.reports.charts.numbers import Series

__all__ = ["bars", "stacked"]

LABEL, BAR, GAP, SIZE, WIDEST = 15, 9, 9, 10, 70


def bars(
    title: str, about: str, labels: Sequence[str], series: Sequence[Series], *, first: str = "name"
) -> Chart:
    """A bar for each label and series, as long as its figure says; 0 is at the left.

    Above the bars stand the label and the figures; one that is missing takes no room. `first`
    heads the labels in the table.

    Raises: InputError as `check` does.
    """
    check(title, labels, series, signed=False)
    most = max(value for one in series for value in drawn(one.figures))
    canvas = Canvas(0)
    y = canvas.legend(keys(series), 0)
    for number, label in enumerate(labels):
        figures = [one.figures[number] for one in series]
        told = " · ".join(figure.text for figure in figures if figure.text)
        canvas.text(WIDTH, y + 11, told, anchor="end")
        canvas.text(0, y + 11, shortened(label, WIDTH - 12 - 6.4 * len(told), 11))
        y += LABEL
        for place, one in enumerate(series):
            value = one.figures[number].value
            if value is not None:
                canvas.bar(0, y, _part(value, most) * WIDTH, BAR, tone(one, place))
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
    totals: Series | None = None,
) -> Chart:
    """A column for each label, of one part a series; `unit` stands above the axis.

    The `totals` are told above the columns, where there is room, and in the table.

    Raises: InputError as `check` does.
    """
    check(title, labels, [*series, *([totals] if totals else [])], signed=False)
    heights = [
        sum(drawn([one.figures[number] for one in series]), Fraction(0))
        for number in range(len(labels))
    ]
    # What is told above the highest column has room below the next line.
    most = max(heights) * (1 if totals is None else Fraction(106, 100))
    frame = Frame.of(Fraction(0), most, unit=unit, legend=keys(series))
    canvas, slot = frame.canvas, frame.width / len(labels)
    for number in range(len(labels)):
        level = Fraction(0)
        for place, one in enumerate(series):
            value = one.figures[number].value
            if value:
                top = frame.y(level + value)
                height, wide = frame.y(level) - top, min(slot * Fraction(3, 4), WIDEST)
                x = frame.left + (number + Fraction(1, 2)) * slot - wide / 2
                canvas.bar(x, top, wide, height, tone(one, place))
                if level:
                    edge = frame.y(level)
                    canvas.line([(x, edge), (x + wide, edge)], PAPER, width=1)
                level += value
    if totals is not None:
        _told_above(frame, heights, totals, slot)
    frame.below([(number + Fraction(1, 2), label) for number, label in enumerate(labels)], slot)
    shown = series if totals is None else [*series, totals]
    return Chart(title, about, canvas.svg(title, about), table_of(title, first, labels, shown))


def _told_above(frame: Frame, heights: Sequence[Fraction], totals: Series, slot: Number) -> None:
    """The text of each total above its column, or of none where one has no room."""
    if max(len(figure.text) for figure in totals.figures) * SIZE * LETTER > slot - 2:
        return
    for number, (height, figure) in enumerate(zip(heights, totals.figures, strict=True)):
        x = frame.left + (number + Fraction(1, 2)) * slot
        frame.canvas.text(x, frame.y(height) - 4, figure.text, size=SIZE, anchor="middle")


def _part(value: int | Fraction, most: Fraction) -> Fraction:
    return Fraction(value) / most if most else Fraction(0)
