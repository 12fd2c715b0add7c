"""precision.py and figures.py: exact sums, powers at 50 digits, and a value or a reason."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.figures import Figure, Question
from prorata.analysis.precision import exact, power, root, rounded, total
from prorata.files.writer import json_object

FRACTIONS = st.fractions(-(10**9), 10**9, max_denominator=10**9)


def test_a_root_is_exact_where_it_is_a_fraction():
    assert root(Fraction(9, 16)) == Fraction(3, 4)
    assert root(Fraction(0)) == 0
    assert exact(root(Fraction(2)))[:40] == "1.41421356237309504880168872420969807856"


def test_a_power_of_a_fraction_has_fifty_digits():
    # The second as bc has it, at 70 places.
    assert power(Fraction(2), Fraction(1, 2)) == root(Fraction(2))
    shown = exact(power(Fraction(1001, 1000), Fraction(365, 7)))
    assert shown == "1.053498787232679863321429793756457225634374041092"
    assert power(Fraction(-2), Fraction(3)) == -8
    with pytest.raises(ValueError, match="no power"):
        power(Fraction(-2), Fraction(1, 2))


def test_halves_go_to_the_even_neighbour():
    assert [rounded(Fraction(n, 8), 2) for n in (1, 3, 5, -1)] == ["0.12", "0.38", "0.62", "-0.12"]
    assert rounded(Fraction(123456789, 100), 1, grouping=True) == "1,234,567.9"


def test_an_exact_text_loses_nothing():
    assert [exact(Fraction(1, 8)), exact(Fraction(1, 3)), exact(7)] == ["0.125", "1/3", "7"]
    assert exact(Fraction(-5, 2)) == "-2.5"


@given(FRACTIONS)
def test_an_exact_text_reads_back(value):
    assert Fraction(exact(value)) == value


@given(st.lists(FRACTIONS, max_size=40))
def test_a_sum_in_pairs_is_the_sum(values):
    assert total(values) == sum(values, Fraction(0))


@given(st.fractions(0, 10**12, max_denominator=10**6))
def test_a_root_squared_is_the_number_to_its_digits(value):
    assert abs(root(value) ** 2 - value) <= value / 10**48


@given(FRACTIONS)
def test_a_square_has_its_root(value):
    assert root(value * value) == abs(value)


def test_a_figure_says_its_value_or_why_there_is_none():
    """Law 95."""
    asked = Question("yield", 1_800_000_000, 7, {"days": "7"}, percent=True, places=2)
    known = asked.answer(Fraction(1, 8))
    assert (known.text, known.number) == ("12.50%", "12.50")
    assert json_object(known.as_json()) == {
        "name": "yield",
        "value": "12.50",
        "unit": "percent",
        "places": 2,
        "as_of": "2027-01-15T08:00:00Z",
        "n": 7,
        "inputs": {"days": "7"},
        "reason": None,
    }
    blank = asked.too_few(7, 36, "months")
    assert (blank.value, blank.text) == (None, "not enough data: 7 of 36 months")
    assert blank.as_json()["value"] is None
    with pytest.raises(ValueError, match="yield is blank: not enough data: 7 of 36 months"):
        _ = blank.known


@pytest.mark.parametrize(("value", "reason"), [(None, None), (Fraction(0), "none")])
def test_a_figure_without_both_or_with_both_is_none(value, reason):
    """Law 95."""
    with pytest.raises(ValueError, match="a value or a reason"):
        Figure("yield", value, 0, 0, {}, reason)
