"""money_weighted.py and roots.py: the rate at which flows are worth nothing, if there is one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.analysis.money_weighted import xirr
from prorata.analysis.precision import decimal_of, wide
from prorata.analysis.returns import Flow
from prorata.analysis.roots import brent, roots_of
from tests.prorata.analysis.made import DAY, second

NOW = second("2030-01-01")
START = second("2019-01-01")
FLOWS = st.lists(
    st.tuples(st.integers(0, 7_300), st.integers(-(10**9), 10**9)), min_size=2, max_size=9
)


def flows(*dated) -> list[Flow]:
    return [Flow(second(day), Fraction(amount)) for day, amount in dated]


def later(days: int, amount: int | Fraction) -> Flow:
    return Flow(START + days * DAY, Fraction(amount))


def present_value(given: list[Flow], rate: Fraction) -> Decimal:
    """By the definition, and how large its parts are."""
    with wide():
        factor = decimal_of(1 + rate)
        first = min(flow.time for flow in given) // DAY
        parts = [
            decimal_of(flow.amount) / factor ** (Decimal(flow.time // DAY - first) / 365)
            for flow in given
        ]
        return sum(parts) / sum(map(abs, parts))


PUBLISHED = flows(
    ("2008-01-01", -10_000),
    ("2008-03-01", 2_750),
    ("2008-10-30", 4_250),
    ("2009-02-15", 3_250),
    ("2009-04-01", 2_750),
)


def test_the_rate_of_the_published_example():
    """The manual of the spreadsheet prints 0.373362535, which is 1.5e-9 off the root.

    That program stops at a hundred-millionth; pyxirr has 0.3733625335.
    """
    figure = xirr(PUBLISHED, as_of=NOW)
    assert abs(figure.known - Fraction("0.373362535")) < Fraction(1, 10**8)
    assert f"{float(figure.known):.10f}" == "0.3733625335"
    assert (figure.text, figure.n) == ("37.3363%", 5)
    assert abs(present_value(PUBLISHED, figure.known)) < Decimal("1e-30")


def test_a_year_of_a_tenth_is_a_tenth():
    figure = xirr([later(0, -100), later(365, 110)], as_of=NOW)
    assert abs(figure.known - Fraction(1, 10)) < Fraction(1, 10**48)


def test_money_that_comes_back_as_it_was_earns_nothing():
    assert xirr([later(0, -100), later(30, 40), later(900, 60)], as_of=NOW).known == 0


def test_flows_of_one_day_are_one_flow():
    given = [later(0, -100), Flow(START + DAY - 1, Fraction(50)), later(365, 55)]
    assert xirr(given, as_of=NOW).text == "10.0000%"


def test_several_rates_are_none():
    """Law 98: of two rates, none is the return."""
    figure = xirr([later(0, -100), later(365, 230), later(730, -132)], as_of=NOW)
    assert figure.value is None
    assert figure.text == "several roots: 10.0000% and 20.0000%"


def test_a_rate_that_is_touched_counts_once():
    """100 x (1 - 1.2 / (1 + r))^2."""
    touched = [later(0, -100), later(365, 240), later(730, -144)]
    assert xirr(touched, as_of=NOW).text == "20.0000%"


def test_three_rates_are_found():
    """(x - 1.1)(x - 1.2)(x - 1.3), x being the factor of a year."""
    amounts = ["-1000", "3600", "-4310", "1716"]
    found = xirr([later(365 * n, Fraction(one)) for n, one in enumerate(amounts)], as_of=NOW)
    assert found.text == "several roots: 10.0000%, 20.0000% and 30.0000%"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "not enough data: flows on 0 of 2 days"),
        ([later(0, -100)], "not enough data: flows on 1 of 2 days"),
        ([later(0, -100), later(0, 110)], "not enough data: flows on 1 of 2 days"),
        ([later(0, -100), later(0, 100), later(9, 5)], "not enough data: flows on 1 of 2 days"),
        ([later(0, -100), later(9, -5)], "no rate makes these flows worth nothing"),
        (
            [later(0, -100), later(365, 200), later(730, -144)],
            "no rate makes these flows worth nothing",
        ),
    ],
)
def test_flows_without_a_rate(given, reason):
    """Law 95."""
    assert xirr(given, as_of=NOW).text == reason


def test_a_rate_beyond_all_sense_is_none():
    figure = xirr([later(0, -1), later(1, 2)], as_of=NOW)
    assert figure.text == "the rate is over 1,000,000,000: the flows are too close together"


def test_a_near_total_loss_keeps_its_digits():
    given = [later(0, -(10**15)), later(30, 1)]
    figure = xirr(given, as_of=NOW)
    assert abs(present_value(given, figure.known)) < Decimal("1e-30")


@given(FLOWS)
def test_flows_at_the_rate_are_worth_nothing(dated):
    """Law 98: to 1e-30 of what flowed."""
    given = [later(day, amount) for day, amount in dated]
    figure = xirr(given, as_of=NOW)
    if figure.value is not None:
        assert abs(present_value(given, figure.known)) < Decimal("1e-30")


@given(
    st.lists(st.tuples(st.integers(1, 1_000), st.integers(1, 10**6)), min_size=1, max_size=8),
    st.integers(1, 10**7),
)
def test_the_rate_is_that_of_pyxirr(dated, invested):
    """Law 98: of money put in once, whose rate is one."""
    given = [later(0, -invested), *(later(day, amount) for day, amount in dated)]
    figure = xirr(given, as_of=NOW)
    assume(figure.value is not None and Fraction(-9, 10) < figure.value < 100)
    days = [date(2019, 1, 1) + timedelta(days=(flow.time - START) // DAY) for flow in given]
    other = pyxirr.xirr(days, [float(flow.amount) for flow in given])
    assert other is not None
    assert float(figure.known) == pytest.approx(other, rel=1e-6, abs=1e-9)


@given(FLOWS)
def test_no_rate_is_overlooked(dated):
    """Law 98: where the value changes its sign on a grid of rates, a rate was found between."""
    by_day: dict[int, int] = {}
    for day, amount in dated:
        by_day[day] = by_day.get(day, 0) + amount
    with wide():
        terms = [(day, Decimal(amount)) for day, amount in sorted(by_day.items()) if amount]
        assume(len(terms) > 1)
        found = roots_of(terms)
        assert found == sorted(set(found))
        grid = [Decimal(n) / 1_000 for n in range(-20, 21)]
        values = [sum(c * (-u * d).exp() for d, c in terms) for u in grid]
        for (low, high), (a, b) in zip(pairwise(grid), pairwise(values), strict=True):
            crossed = a and b and (a < 0) != (b < 0)
            assert not crossed or any(low <= u <= high for u in found)


@given(st.integers(2, 10**6), st.integers(2, 5))
def test_brent_finds_roots_of_powers(number, degree):
    with wide():
        found = brent(lambda x: x**degree - number, Decimal(1), Decimal(number))
        assert abs(found**degree - number) < Decimal("1e-55") * number


def test_brent_refuses_where_no_sign_changes():
    with pytest.raises(ValueError, match="no change of sign between 1 and 2"):
        brent(lambda x: x, Decimal(1), Decimal(2))
