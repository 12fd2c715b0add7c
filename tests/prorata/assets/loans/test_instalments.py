"""Annuities: published examples, the textbook's formula, and present values."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.day_counts import DayCount
from prorata.assets.loans.instalments import (
    DueDates,
    annuity_factor,
    months_after,
)
from prorata.assets.schedules.roundings import Direction
from prorata.assets.whole_units import divided

MONTH = Fraction(1, 12)


def instalment(principal: int, rate: str, periods: list[Fraction]) -> int:
    above, below = annuity_factor(Fraction(rate) / 100, periods)
    return divided(principal * above, below, Direction.HALF_UP)


@pytest.mark.parametrize(
    ("principal", "rate", "payments", "instalment_of_table"),
    [
        # What any table of mortgage payments says for 100,000 and for 200,000.
        (100_000_00, "6", 360, 599_55),
        (100_000_00, "8", 360, 733_76),
        (100_000_00, "6", 180, 843_86),
        (200_000_00, "6.5", 360, 1_264_14),
        (10_000_00, "12", 12, 888_49),
        (1_000_00, "0", 8, 125_00),
    ],
)
def test_instalments_of_standard_tables(principal, rate, payments, instalment_of_table):
    assert instalment(principal, rate, [MONTH] * payments) == instalment_of_table


def test_a_regular_loan_of_regulation_z():
    """12 CFR 1026, appendix J (c)(1)(i): 5,000 for 24 payments of 230 is a rate of 9.69%.

    The rate is published with two decimals, which leaves the payment a cent to either side.
    """
    assert abs(instalment(5_000_00, "9.69", [MONTH] * 24) - 230_00) <= 1


def test_a_loan_of_regulation_z_with_a_long_first_period():
    """Appendix J (c)(1)(ii): 6,000 on 10 February for 36 payments of 200 from 1 April is 11.82%.

    The first period is a month and 19 of 30 days. Their interest is simple here and compounds
    there, and the rate is published with two decimals: two cents to either side.
    """
    first = MONTH + Fraction(19, 360)
    assert abs(instalment(6_000_00, "11.82", [first, *[MONTH] * 35]) - 200_00) <= 2


def test_equal_periods_give_the_formula_of_the_textbook():
    """Exactly: i / (1 - (1 + i)^-n)."""
    i = Fraction(65, 12_000)
    above, below = annuity_factor(Fraction(65, 1_000), [MONTH] * 360)
    assert Fraction(above, below) == i / (1 - (1 + i) ** -360)


rates = st.fractions(0, 1, max_denominator=400)
periods = st.lists(st.fractions(Fraction(1, 365), 2, max_denominator=366), min_size=1, max_size=9)


@given(rates, periods)
def test_the_present_value_of_all_instalments_is_the_principal(rate, parts):
    above, below = annuity_factor(rate, parts)
    worth, factor = Fraction(0), Fraction(1)
    for part in parts:
        factor *= 1 + rate * part
        worth += Fraction(above, below) / factor
    assert worth == 1


def test_months_are_counted_from_the_first_date():
    """So that the 31st comes back after February."""
    dates = DueDates(DayCount.E_30_360, date(2027, 1, 31), 1)
    assert [day.day for day in dates.first(5)] == [31, 28, 31, 30, 31]
    assert months_after(date(2028, 2, 29), 12) == date(2029, 2, 28)


def test_day_counts_that_ask_for_more_are_given_it():
    """ACT/ACT ICMA gets the regular periods, 30E/360 ISDA the maturity."""
    icma = DueDates(DayCount.ACT_ACT_ICMA, date(2027, 7, 15), 6)
    last = date(2030, 7, 15)
    assert icma.fraction(date(2027, 1, 15), date(2027, 7, 15), last) == Fraction(1, 2)
    # From 15 May: 61 of the 181 days that the half year has.
    assert icma.fraction(date(2027, 5, 15), date(2027, 7, 15), last) == Fraction(61, 362)
    isda = DueDates(DayCount.E_30_360_ISDA, date(2027, 2, 28), 1)
    end = date(2027, 2, 28)
    assert isda.fraction(date(2027, 1, 28), end, last) == Fraction(32, 360)
    assert isda.fraction(date(2027, 1, 28), end, end) == Fraction(30, 360)
