# SPDX-License-Identifier: MIT
"""Lines in time, steps, and the Lorenz curve of how unequally something is held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from prorata.errors import InputError
from prorata.reports.charts.canvas import SOFT, Number, colour
from prorata.reports.charts.chart import Chart, check, drawn, keys, table_of, tone
from prorata.reports.charts.frame import Frame
from prorata.reports.charts.numbers import Figure, Series, share
from prorata.reports.pages import PageTable

__all__ = ["line", "lorenz", "steps"]

DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 3", "12 4")
"""So that lines are told apart without colours."""

POINTS = 10
"""A Lorenz curve is drawn through so many points at most, besides its origin."""


def line(
    title: str,
    about: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    at: Sequence[int] | None = None,
    unit: str = "",
    first: str = "date",
    powers: bool = False,
) -> Chart:
    """A line for each series; where a figure is missing, the line is interrupted.

    `at` says where each label stands from left to right, such as seconds; else all are equally far
    apart. With `powers` figures are drawn by their powers of ten, and have to be above 0.

    Raises: InputError as `check` does, and for places that do not go from left to right.
    """
    return _drawn(title, about, (labels, series, at), unit=unit, first=first, powers=powers)


def steps(
    title: str,
    about: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    at: Sequence[int] | None = None,
    unit: str = "",
    first: str = "date",
) -> Chart:
    """The same for what holds until it changes, such as a supply: no slopes.

    Raises: InputError as `line` does.
    """
    return _drawn(title, about, (labels, series, at), unit=unit, first=first, stepped=True)


def _drawn(
    title: str,
    about: str,
    shown: tuple[Sequence[str], Sequence[Series], Sequence[int] | None],
    *,
    unit: str,
    first: str,
    powers: bool = False,
    stepped: bool = False,
) -> Chart:
    labels, series, at = shown
    check(title, labels, series, signed=True)
    places = list(range(len(labels))) if at is None else list(at)
    if any(b <= a for a, b in pairwise(places)):
        rule = "does not stand to the right of the one before"
        raise InputError.of(title, "a place", rule, "give places in order, each once")
    values = [value for one in series for value in drawn(one.figures)]
    least, most = min(values), max(values)
    # From 0, unless what there is to see is far above it.
    far = 2 * least > most > least and not stepped
    low = least if powers or least < 0 or far else Fraction(0)
    frame = Frame.of(low, most, unit=unit, legend=keys(series, DASHES), powers=powers)
    length = places[-1] - places[0] or 1
    inset = 6
    across = [
        frame.left + inset + (frame.width - 2 * inset) * float(Fraction(place - places[0], length))
        for place in places
    ]
    for number, one in enumerate(series):
        for run in _runs(across, one.figures):
            points = [(x, frame.y(value)) for x, value in run]
            if stepped:
                points = _stepped(points)
            frame.canvas.line(points, tone(one, number), dashes=DASHES[number % len(DASHES)])
            if len(run) == 1 or (len(labels) <= 24 and not stepped):
                for x, value in run:
                    frame.canvas.element(
                        "circle", cx=x, cy=frame.y(value), r=2.5, fill=tone(one, number)
                    )
    frame.below([(x - frame.left, label) for x, label in zip(across, labels, strict=True)], 1)
    svg = frame.canvas.svg(title, about)
    return Chart(title, about, svg, table_of(title, first, labels, series))


def _runs(
    across: Sequence[Number], figures: Sequence[Figure]
) -> Iterator[list[tuple[Number, Number]]]:
    """Points without a gap between them."""
    run: list[tuple[Number, Number]] = []
    for x, figure in zip(across, figures, strict=True):
        if figure.value is not None:
            run.append((x, figure.value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _stepped(points: Sequence[tuple[Number, Number]]) -> list[tuple[Number, Number]]:
    """Each height is kept until the next place, and only then left."""
    found = [points[0]]
    for x, y in points[1:]:
        found += [(x, found[-1][1]), (x, y)]
    return found


# ------------------------------------------------------------------------------------------ Lorenz


def lorenz(title: str, about: str, holdings: Sequence[int], *, first: str = "holders") -> Chart:
    """What part of everything the smallest holdings have together, against how many they are.

    Where all hold the same, it is the diagonal. Of more than ten holders every tenth part is a
    point.

    Raises: InputError unless every holding is above 0 and there is one.
    """
    held = sorted(holdings)
    if not held or held[0] <= 0:
        given = "" if not held else held[0]
        raise InputError.of(title, given, "is no holding", "give whole numbers above 0")
    sums = [0, *accumulate(held)]
    cuts = sorted({-(-len(held) * part // POINTS) for part in range(POINTS + 1)})
    points = [(Fraction(cut, len(held)), Fraction(sums[cut], sums[-1])) for cut in cuts]
    height = 220
    frame = Frame.of(Fraction(0), Fraction(100), unit="% of all", height=height)
    span = frame.width - 12

    def on_paper(x: Fraction, y: Fraction) -> tuple[Number, Number]:
        return frame.left + span * float(x), frame.y(100 * y)

    one, nought = Fraction(1), Fraction(0)
    frame.canvas.line([on_paper(nought, nought), on_paper(one, one)], SOFT, width=1, dashes="4 3")
    frame.canvas.line([on_paper(x, y) for x, y in points], colour(0))
    middle = frame.left + span / 2
    frame.canvas.text(
        middle, frame.top + height + 14, f"% of {first}, from the smallest",
        size=10, anchor="middle", fill=SOFT,
    )  # fmt: skip
    for x, text in ((nought, "0"), (one, "100")):
        frame.canvas.text(
            on_paper(x, nought)[0], frame.top + height + 14, text,
            size=10, anchor="middle", fill=SOFT,
        )  # fmt: skip
    rows = [
        (f"{cut:,}", share(cut, len(held)).text, share(sums[cut], sums[-1]).text) for cut in cuts
    ]
    columns = (f"smallest {first}>", f"of all {first}>", "have together>")
    return Chart(title, about, frame.canvas.svg(title, about), PageTable(title, columns, rows))
