"""Charts: each picture is drawn from its figures, and its table has exactly these."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.reports.charts import (
    Figure,
    Series,
    amounts,
    bars,
    count,
    donut,
    heat_map,
    line,
    lorenz,
    share,
    stacked,
    steps,
)
from prorata.reports.charts.canvas import DARK, LIGHT, WIDTH, place
from prorata.reports.charts.numbers import tick_texts, ticks
from prorata.values.amounts import Unit

USD = Unit("USD", 6)
NASTY = "<script>alert(1)</script> & \"'=cmd"
HUNDREDTH = 0.0051
"""Coordinates are rounded to hundredths."""

whole = st.integers(0, 10**24)
names = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=40)


def figures(*numbers):
    return [count(number) for number in numbers]


def drawn(chart):
    """The picture as a tree: it is well-formed."""
    return ET.fromstring(chart.svg)


def boxes(chart, fill=None):
    """The filled rectangles, as (x, y, width, height); of a legend too."""
    return [
        tuple(float(box.get(key)) for key in ("x", "y", "width", "height"))
        for box in drawn(chart).iter("rect")
        if fill is None or fill in box.get("fill")
    ]


def cells(chart):
    return [list(row) for row in chart.table.rows]


# ------------------------------------------------------------------------------------- all shapes

LABELS = ["one", "two", NASTY]
PAIR = [
    Series("a", figures(1, 20, 3)),
    Series(NASTY, [count(4), Figure(None, "no data"), count(0)]),
]

SHAPES = {
    "bars": bars("T", "about", LABELS, PAIR),
    "stacked": stacked("T", "about", LABELS, PAIR, unit="USD"),
    "line": line("T", "about", LABELS, PAIR),
    "steps": steps("T", "about", LABELS, PAIR, at=[5, 10, 400]),
    "lorenz": lorenz("T", "about", [1, 2, 3, 4]),
    "heat map": heat_map("T", "about", LABELS, PAIR),
    "donut": donut("T", "about", LABELS, Series("of all", figures(1, 20, 3)), middle=NASTY),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_told_to_who_cannot_see_it(name):
    """Its title and description come first; it loads, runs and links to nothing."""
    chart = SHAPES[name]
    tree = drawn(chart)
    assert (tree.get("role"), tree[0].tag, tree[0].text) == ("img", "title", "T")
    assert (tree[1].tag, tree[1].text) == ("desc", "about")
    tags = {element.tag for element in tree.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "text", "polyline", "path", "circle"}
    keys = {key for element in tree.iter() for key in element.attrib}
    assert not keys & {"href", "src", "style", "onload", "onclick", "class", "id"}
    assert "http" not in chart.svg
    assert chart.file.startswith('<svg xmlns="http://www.w3.org/2000/svg" role="img"')
    assert float(tree.get("viewBox").split()[2]) == WIDTH


@pytest.mark.parametrize("name", SHAPES)
def test_the_figures_of_the_table_are_those_of_the_picture(name):
    """Every text of a figure that the picture writes is in the table, and none is a guess."""
    chart = SHAPES[name]
    if name == "lorenz":
        return
    first = chart.table.columns[1:]
    series = PAIR if name != "donut" else [Series("of all", figures(1, 20, 3))]
    assert list(first) == [f"{one.name}>" for one in series]
    assert cells(chart) == [
        [label, *(one.figures[n].text for one in series)] for n, label in enumerate(LABELS)
    ]


def test_a_chart_without_a_figure_is_refused_and_so_is_what_no_length_can_be():
    """By a sentence that says what to do instead."""
    with pytest.raises(InputError, match="has no figure; leave the chart out"):
        bars("T", "", ["a"], [Series("s", [Figure(None, "unknown")])])
    with pytest.raises(InputError, match="is negative, and no length stands for that"):
        stacked("T", "", ["a"], [Series("s", figures(-1))])
    with pytest.raises(InputError, match="has 1 figures for 2 places of the chart"):
        line("T", "", ["a", "b"], [Series("s", figures(1))])
    with pytest.raises(InputError, match="does not stand to the right of the one before"):
        steps("T", "", ["a", "b"], [Series("s", figures(1, 2))], at=[5, 5])
    with pytest.raises(InputError, match=r"7.* are more parts than the 6"):
        donut("T", "", list("abcdefg"), Series("s", figures(*range(1, 8))))
    with pytest.raises(InputError, match="is no whole; leave the chart out"):
        donut("T", "", ["a"], Series("s", figures(0)))
    with pytest.raises(InputError, match="is no holding"):
        lorenz("T", "", [3, 0])
    with pytest.raises(InputError, match="is no holding"):
        lorenz("T", "", [])


@given(st.lists(st.tuples(names, whole, whole), min_size=1, max_size=6))
def test_the_same_figures_give_the_same_bytes(rows):
    """Whatever people are called, the picture is well-formed, and says nothing else."""
    labels = [name for name, _, _ in rows]
    series = [Series(labels[0], figures(*(r[n] for r in rows))) for n in (1, 2)]
    for shape in (bars, stacked, line, steps, heat_map):
        one, other = (shape(labels[0], labels[-1], labels, series) for _ in "ab")
        assert one == other
        assert drawn(one)[0].text in (labels[0], None)
        assert "NaN" not in one.svg
        assert "inf" not in re.sub(">[^<]*<", "><", one.svg)


# ------------------------------------------------------------------------------------------- bars


@given(st.lists(whole, min_size=1, max_size=9).filter(any))
def test_bars_are_as_long_as_their_figures(numbers):
    """The longest is as wide as the chart, and each other is its part of it."""
    chart = bars("T", "", [str(n) for n in range(len(numbers))], [Series("s", figures(*numbers))])
    found = boxes(chart)
    assert len(found) == len(numbers)
    for number, (x, _, width, _) in zip(numbers, found, strict=True):
        assert x == 0
        assert abs(width - float(Fraction(WIDTH * number, max(numbers)))) < HUNDREDTH


def test_bars_of_nothing_but_noughts_have_no_length():
    assert {box[2] for box in boxes(bars("T", "", ["a"], [Series("s", figures(0))]))} == {0}


@given(
    st.lists(st.tuples(whole, whole, whole), min_size=1, max_size=9).filter(
        lambda r: any(map(any, r))
    )
)
def test_heights_of_stacked_parts_are_in_proportion_and_leave_no_gap(rows):
    series = [Series(str(n), figures(*(row[n] for row in rows)), n) for n in range(3)]
    chart = stacked("T", "", [str(n) for n in range(len(rows))], series)
    highest = max(map(sum, rows))
    columns: dict[float, list] = {}
    for x, y, width, height in boxes(chart):
        if (width, height) != (10, 10):
            columns.setdefault(x, []).append((y, height))
    parts = [[part for part in row if part] for row in rows if any(row)]
    assert len(columns) == len(parts)
    scale = max(sum(h for _, h in column) for column in columns.values())
    for (_, column), row in zip(sorted(columns.items()), parts, strict=True):
        assert len(column) == len(row)
        for (_, height), part in zip(column, row, strict=True):
            assert abs(height - float(Fraction(part, highest)) * scale) < 4 * HUNDREDTH
        for (lower, _), (y, height) in itertools.pairwise(column):
            assert abs(y + height - lower) < 2 * HUNDREDTH


def test_what_is_told_above_columns_stands_in_the_table_too():
    total = Series("received", amounts([USD.amount(1_500_000), USD.amount(20_000_000)]))
    chart = stacked("T", "", ["1", "2"], [Series("paid", figures(1, 20))], totals=total)
    assert [row[2] for row in chart.table.rows] == ["1.50", "20.00"]
    assert {"1.50", "20.00"} <= {text.text for text in drawn(chart).iter("text")}
    narrow = stacked(
        "T", "", [str(n) for n in range(30)], [Series("paid", figures(*range(30)))],
        totals=Series("received", [Figure(n, f"{n}00,000.00") for n in range(30)]),
    )  # fmt: skip
    assert "2900,000.00" not in {text.text for text in drawn(narrow).iter("text")}


# ------------------------------------------------------------------------------------------ lines


def points(chart):
    """The points of each coloured line, in order."""
    return [
        [tuple(map(float, pair.split(","))) for pair in one.get("points").split()]
        for one in drawn(chart).iter("polyline")
        if one.get("stroke").startswith("var(--c") and one.get("stroke-width") == "2"
    ]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=2, max_size=12, unique=True))
def test_a_line_rises_as_its_figures_do(numbers):
    [found] = points(line("T", "", [str(n) for n in numbers], [Series("s", figures(*numbers))]))
    low, high = min(numbers), max(numbers)
    by_number = dict(zip(numbers, (y for _, y in found), strict=True))
    for number in numbers:
        part = float(Fraction(number - low, high - low))
        expected = by_number[low] + (by_number[high] - by_number[low]) * part
        assert abs(by_number[number] - expected) < 2 * HUNDREDTH


def test_a_missing_figure_interrupts_a_line():
    """It is not drawn as nought, and its reason stands in the table."""
    gap = [count(1), count(2), Figure(None, "too few trades"), count(4), count(5)]
    chart = line("T", "", list("abcde"), [Series("s", gap)])
    assert [len(run) for run in points(chart)] == [2, 2]
    assert cells(chart)[2] == ["c", "too few trades"]


def test_a_step_holds_until_the_next_place():
    [found] = points(
        steps("T", "", list("abc"), [Series("s", figures(10, 10, 30))], at=[0, 50, 100])
    )
    assert [y for _, y in found][:4] == [found[0][1]] * 4
    assert found[3][0] == found[4][0]
    xs = sorted({x for x, _ in found})
    assert abs((xs[1] - xs[0]) - (xs[2] - xs[1])) < 2 * HUNDREDTH


def test_powers_of_ten_are_equally_far_apart():
    chart = line("T", "", list("abc"), [Series("s", figures(10, 1_000, 100_000))], powers=True)
    [found] = points(chart)
    ys = [y for _, y in found]
    assert abs((ys[0] - ys[1]) - (ys[1] - ys[2])) < 2 * HUNDREDTH
    texts = [text.text for text in drawn(chart).iter("text")]
    assert texts[:5] == ["10", "100", "1,000", "10,000", "100,000"]


# ----------------------------------------------------------------------------------------- Lorenz


def test_where_all_hold_the_same_the_curve_is_the_diagonal():
    chart = lorenz("T", "", [7] * 40)
    for smallest, of_all, together in chart.table.rows:
        assert of_all == together
        assert int(smallest) % 4 == 0
    [found] = points(chart)
    slope = (found[-1][1] - found[0][1]) / (found[-1][0] - found[0][0])
    for x, y in found:
        assert abs(y - found[0][1] - slope * (x - found[0][0])) < 4 * HUNDREDTH


def test_one_two_three_four_hold_ten_thirty_and_sixty_per_cent():
    """Worked by hand."""
    assert cells(lorenz("T", "", [4, 1, 3, 2])) == [
        ["0", "0.00%", "0.00%"],
        ["1", "25.00%", "10.00%"],
        ["2", "50.00%", "30.00%"],
        ["3", "75.00%", "60.00%"],
        ["4", "100.00%", "100.00%"],
    ]


@given(st.lists(st.integers(1, 10**20), min_size=1, max_size=60))
def test_a_lorenz_curve_is_convex_and_below_the_diagonal(holdings):
    """As many points as the table has rows, from nothing to everything."""
    chart = lorenz("T", "", holdings)
    [found] = points(chart)
    assert len(found) == len(chart.table.rows) <= 11
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(found)]
    for one, other in itertools.pairwise(slopes):
        assert other <= one + 0.01
    assert chart.table.rows[-1] == (f"{len(holdings):,}", "100.00%", "100.00%")


# ---------------------------------------------------------------------------------- ring and map


@given(st.lists(st.integers(1, 10**15), min_size=1, max_size=6))
def test_the_angles_of_a_ring_are_in_proportion(parts):
    """Measured from the ends of each arc; together they are a whole turn."""
    chart = donut("T", "", [str(n) for n in range(len(parts))], Series("s", figures(*parts)))
    centre, edge = 64, Fraction(0)
    for part, path in zip(parts, drawn(chart).iter("path"), strict=True):
        x, y = map(float, re.match(r"M(\S+) ([\d.]+)", path.get("d")).groups())
        turn = math.atan2(x - centre, centre - y) / (2 * math.pi) % 1
        off = abs(turn - float(edge % 1))
        assert min(off, 1 - off) < 0.0003
        edge += Fraction(part, sum(parts))
        assert path.get("d").count("A") == (4 if len(parts) == 1 else 2)
    assert edge == 1


def test_the_larger_arc_is_drawn_for_more_than_half():
    first, second = drawn(donut("T", "", ["a", "b"], Series("s", figures(3, 1)))).iter("path")
    assert " 0 1 1 " in first.get("d")
    assert " 0 0 1 " in second.get("d")


def test_a_cell_is_the_stronger_the_further_it_is_from_nought():
    """Below it in another colour; where nothing is known there is no colour."""
    figures_ = [Figure(Fraction(n, 10), f"{n}") for n in (-10, -2, 0, 5)]
    chart = heat_map("T", "", list("abcd"), [Series("r", figures_)])
    found = list(drawn(chart).iter("rect"))
    assert [float(one.get("fill-opacity")) for one in found] == [0.5, 0.16, 0.08, 0.29]
    assert [one.get("fill")[6:8] for one in found] == ["c2", "c2", "c1", "c1"]
    blank = heat_map("T", "", ["a", "b"], [Series("r", [Figure(None, "n < 36"), count(3)])])
    assert len(list(drawn(blank).iter("rect"))) == 1
    assert cells(blank)[0] == ["a", "n < 36"]


# -------------------------------------------------------------------------------- axes and colours


@given(
    st.fractions(-(10**18), 10**18, max_denominator=10**6),
    st.fractions(Fraction(1, 10**9), 10**18, max_denominator=10**9),
)
def test_ticks_are_round_few_and_around_what_is_shown(least, length):
    """Steps of 1, 2 or 5, and their texts say exactly what they are."""
    marks = ticks(least, least + length)
    assert marks[0] <= least < least + length <= marks[-1]
    assert 2 <= len(marks) <= 7
    step = marks[1] - marks[0]
    assert len({b - a for a, b in itertools.pairwise(marks)}) == 1
    while step >= 10:
        step /= 10
    while step < 1:
        step *= 10
    assert step in (1, 2, 5)
    scales = {"": 1, " M": 10**6, " bn": 10**9, " tn": 10**12}
    for mark, text in zip(marks, tick_texts(marks), strict=True):
        shown, unit = re.fullmatch(r"(\S+)( M| bn| tn)?", text).groups("")
        exact = Fraction(shown.replace(",", "").replace("\N{MINUS SIGN}", "-")) * scales[unit]
        assert exact == mark


def test_ticks_of_nothing_are_refused():
    with pytest.raises(InputError, match="is not above 3"):
        ticks(Fraction(3), Fraction(3))


def test_coordinates_are_hundredths_without_idle_noughts():
    assert [place(n) for n in (1, 1.5, 2 / 3, -0.001, Fraction(1, 8), 120)] == [
        "1", "1.5", "0.67", "0", "0.12", "120",
    ]  # fmt: skip


def luminance(colour):
    """By WCAG 2.2, from its definition."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(colour, paper, part):
    """A colour over paper, as an opacity shows it."""
    pairs = ((int(colour[n : n + 2], 16), int(paper[n : n + 2], 16)) for n in (1, 3, 5))
    return "#" + "".join(f"{round(part * c + (1 - part) * p):02x}" for c, p in pairs)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_stand_out_by_wcag_aa(theme):
    """Text by 4.5 to 1, on the strongest cell of a map too; what is drawn by 3 to 1."""
    paper = theme["paper"]
    for text in ("ink", "soft"):
        assert contrast(theme[text], paper) >= 4.5
    for number in range(1, 7):
        assert contrast(theme[f"c{number}"], paper) >= 3
    for number in (1, 2):
        assert contrast(theme["ink"], mixed(theme[f"c{number}"], paper, 0.5)) >= 4.5


def test_the_known_contrasts_come_out():
    """Of the test's own ruler."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


# ---------------------------------------------------------------------------------------- figures


def test_figures_have_the_text_that_everybody_else_has():
    assert amounts([USD.amount(85_000_000_000), USD.amount(1_234_500)]) == [
        Figure(Fraction(85_000), "85,000.0000"), Figure(Fraction("1.2345"), "1.2345"),
    ]  # fmt: skip
    assert share(1, 3) == Figure(Fraction(100, 3), "33.33%")
    assert count(1_204) == Figure(1_204, "1,204")
