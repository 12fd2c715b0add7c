# SPDX-License-Identifier: MIT
"""The frame of a chart with two axes: round numbers at the left, places below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prorata.reports.charts.canvas import LETTER, RULE, SOFT, WIDTH, Canvas, Key, Number, shortened
from prorata.reports.charts.numbers import tick_texts, ticks

__all__ = ["Frame"]

SIZE = 10
HEIGHT, BELOW, SPACE, LINE = 170, 20, 8, 12


@dataclass
class Frame:
    """Where figures between `least` and `most` are drawn on a canvas; y runs downwards."""

    canvas: Canvas
    left: Number
    top: Number
    height: Number
    least: Fraction
    most: Fraction
    powers: bool = False

    @classmethod
    def of(
        cls,
        least: Fraction,
        most: Fraction,
        *,
        unit: str = "",
        legend: Sequence[Key] = (),
        height: int = HEIGHT,
        powers: bool = False,
    ) -> Frame:
        """A frame with its axis at the left; a range of no length is made one.

        With `powers` the axis has powers of ten, each as far from the next as that from its next.
        """
        if powers:
            marks = _powers(least, most)
            texts = [f"{int(mark):,}" for mark in marks]
        else:
            marks = ticks(least, most) if most > least else ticks(least, least + 1)
            texts = tick_texts(marks)
        canvas = Canvas(0)
        top = canvas.legend(legend, 0)
        if unit:
            canvas.text(0, top + SIZE, unit, size=SIZE, fill=SOFT)
            top += SIZE + 4
        top += SIZE
        left = max(map(len, texts)) * SIZE * LETTER + 8
        frame = cls(canvas, left, top, height, marks[0], marks[-1], powers)
        for mark, text in zip(marks, texts, strict=True):
            y = frame.y(mark)
            canvas.line([(left, y), (WIDTH, y)], RULE, width=1)
            canvas.text(left - 6, y + 3.5, text, size=SIZE, anchor="end", fill=SOFT)
        canvas.height = top + height + BELOW
        return frame

    @property
    def width(self) -> Number:
        """Of the part where figures are drawn."""
        return WIDTH - float(self.left)

    def y(self, value: Number) -> Number:
        """Where a value is drawn."""
        return self.top + self.height * (1 - self._part(value))

    def _part(self, value: Number) -> float:
        if self.powers:
            return math.log(value / self.least) / math.log(self.most / self.least)
        return float((Fraction(value) - self.least) / (self.most - self.least))

    def below(self, places: Sequence[tuple[Number, str]], slot: Number) -> None:
        """Labels under the axis, each in the middle of its place: as many as there is room for."""
        places = [(at, _short(label)) for at, label in places]
        spans = [self._span(float(at) * float(slot), label) for at, label in places]
        # The last is always there, and what stands before it leaves room for it.
        free, last = -1.0, spans[-1][0]
        for number, ((start, end), (_, label)) in enumerate(zip(spans, places, strict=True)):
            ends = number == len(spans) - 1
            if ends or (start >= free and end + SPACE <= last):
                middle, y = (start + end) / 2, self.top + self.height + 14
                for row, text in enumerate(label.split("\n")):
                    below = y + LINE * row
                    self.canvas.text(middle, below, text, size=SIZE, anchor="middle", fill=SOFT)
                free = end + SPACE
        self.canvas.height += LINE * max(label.count("\n") for _, label in places)

    def _span(self, at: float, label: str) -> tuple[float, float]:
        """From where to where a label reaches, not beyond the edges of the canvas."""
        length = max(map(len, label.split("\n"))) * SIZE * LETTER
        start = max(0.0, min(float(self.left) + at - length / 2, WIDTH - length))
        return start, start + length


def _short(label: str) -> str:
    """A label that does not fill the axis, line by line."""
    return "\n".join(shortened(line, WIDTH / 3, SIZE) for line in label.split("\n"))


def _powers(least: Fraction, most: Fraction) -> list[Fraction]:
    """The powers of ten around what is above 0."""
    first = Fraction(1)
    while first > least:
        first /= 10
    while first * 10 <= least:
        first *= 10
    found = [first]
    while found[-1] < most:
        found.append(found[-1] * 10)
    return found
