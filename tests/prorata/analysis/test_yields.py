"""yields.py: the formulas of Form N-1A, what was distributed, and when there is no yield."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.distributions import payout_quality
from prorata.analysis.precision import DIGITS
from prorata.analysis.yields import (
    Accrued,
    distribution_yield,
    forward_yield,
    sec_yield,
    seven_day_effective,
    seven_day_yield,
)
from prorata.values.kinds import Kind
from tests.prorata.analysis.made import DAY, mark, paid, second

NOW = second("2027-12-31")
BEGAN = second("2025-01-01")
FUND = Accrued(30, *map(Fraction, (1_500_000, 100_000, 10_000_000, 25)), "ab" * 32)
MONEY = st.integers(1, 10**11).map(lambda cents: Fraction(cents, 100))


# ----------------------------------------------------------------------------------- accrued income


def test_seven_days_make_a_current_and_an_effective_yield():
    """Form N-1A, Item 26(a): base x 365 / 7, and (1 + base)^(365 / 7) - 1."""
    daily = [Fraction(1, 10_000)] * 7
    current = seven_day_yield(daily, Fraction(1), as_of=NOW)
    assert current.known == Fraction(7, 10_000) * 365 / 7
    assert (current.text, current.n) == ("3.65%", 7)
    effective = seven_day_effective(daily, Fraction(1), as_of=NOW)
    assert effective.text == "3.72%"
    with localcontext() as context:
        context.prec = DIGITS + 10
        other = (Decimal("1.0007").ln() * 365 / 7).exp() - 1
    assert abs(effective.known - Fraction(other)) < Fraction(1, 10**48)


def test_six_days_make_none():
    """Law 95."""
    for yielded in (seven_day_yield, seven_day_effective):
        assert yielded([Fraction(1)] * 6, Fraction(1), as_of=NOW).text == (
            "not enough data: 6 of 7 days"
        )
        assert yielded(None, Fraction(1), as_of=NOW).text == (
            "no file of accrued income and expenses"
        )
        assert yielded([Fraction(1)] * 7, Fraction(0), as_of=NOW).value is None
    lost = [Fraction(-1)] + [Fraction(0)] * 6
    assert seven_day_yield(lost, Fraction(1), as_of=NOW).text == "-5,214.29%"
    assert seven_day_effective(lost, Fraction(1), as_of=NOW).value is None


@given(st.lists(st.integers(0, 10**6).map(lambda n: Fraction(n, 10**6)), min_size=7, max_size=7))
def test_compounding_never_lowers_a_yield(daily):
    current = seven_day_yield(daily, Fraction(1), as_of=NOW).known
    assert seven_day_effective(daily, Fraction(1), as_of=NOW).known >= current


def test_thirty_days_make_the_yield_of_the_sec():
    """Form N-1A, Item 26(b): a = 1.5 M, b = 0.1 M, c = 10 M, d = 25 are 6.8148 %, exactly."""
    figure = sec_yield(FUND, as_of=NOW)
    assert figure.text == "6.8148%"
    assert figure.known == 2 * ((Fraction(1_400_000, 250_000_000) + 1) ** 6 - 1)
    assert figure.inputs["document"] == "ab" * 32


def test_without_accruals_there_is_no_yield_of_the_sec():
    """Law 95."""
    assert sec_yield(None, as_of=NOW).text == "no file of accrued income and expenses"
    assert sec_yield(replace(FUND, days=29), as_of=NOW).text == "not enough data: 29 of 30 days"
    assert sec_yield(replace(FUND, shares=Fraction(0)), as_of=NOW).value is None
    ruined = replace(FUND, expenses=Fraction(10**9))
    assert sec_yield(ruined, as_of=NOW).text == "expenses were more than the fund was worth"


@given(MONEY, MONEY, MONEY, MONEY, MONEY)
def test_the_yield_of_the_sec_rises_with_income_and_falls_with_all_else(a, b, c, d, more):
    """Law 102."""
    base = Accrued(30, a + b, b, c, d, "")
    figure = sec_yield(base, as_of=NOW).known
    assert sec_yield(replace(base, income=a + b + more), as_of=NOW).known > figure
    assert sec_yield(replace(base, expenses=b + min(a, more)), as_of=NOW).known < figure
    assert sec_yield(replace(base, shares=c + more), as_of=NOW).known < figure
    assert sec_yield(replace(base, price=d + more), as_of=NOW).known < figure


# -------------------------------------------------------------------------------------- distributed

QUARTERS = [paid(NOW - n * 90 * DAY, Fraction(1 + n, 2), kind=Kind.RENT) for n in range(5)]
NAVS = [mark(NOW - 30 * DAY, 100_00), mark(NOW - 10 * DAY, 110_00)]


def trailing(distributions=QUARTERS, marks=NAVS, since=BEGAN, oldest=40 * DAY):
    return distribution_yield(distributions, marks, since=since, as_of=NOW, oldest=oldest)


def test_a_trailing_yield_counts_the_records_of_365_days():
    figure = trailing()
    # 0.5 + 1 + 1.5 + 2 + 2.5 within 360 days, over the newest mark.
    assert (figure.known, figure.n) == (Fraction(15, 2) / 110, 5)
    assert "110 USD ex" in figure.inputs["NAV"]


def test_capital_that_is_paid_back_is_no_yield():
    back = paid(NOW - DAY, 50, kind=Kind.RETURN_OF_CAPITAL)
    principal = paid(NOW - DAY, 50, kind=Kind.PRINCIPAL)
    assert trailing([*QUARTERS, back, principal]).known == trailing().known


def test_a_record_of_a_year_ago_is_out_and_one_not_declared_is_not_in():
    old = paid(NOW - 365 * DAY, 50)
    later = paid(NOW - DAY, 50, declared=NOW + DAY)
    assert trailing([*QUARTERS, old, later]).known == trailing().known
    assert trailing([*QUARTERS, replace(old, record=old.record + 1)]).known > trailing().known


@pytest.mark.parametrize(
    ("further", "reason"),
    [
        ({"since": NOW - 200 * DAY}, "not enough data: 200 of 365 days"),
        ({"marks": []}, "there is no mark"),
        ({"oldest": 9 * DAY}, "the newest mark is 10 days old, of 2027-12-21T00:00:00Z"),
        ({"marks": [mark(NOW, 0)]}, "the mark of 2027-12-31T00:00:00Z is 0"),
        ({"marks": [mark(NOW, 1, currency="EUR")]}, "income in USD and a mark in EUR"),
    ],
)
def test_a_trailing_yield_that_cannot_be_had(further, reason):
    """Law 95."""
    assert trailing(**further).text == reason


def test_an_asset_that_paid_nothing_for_a_year_yields_nothing():
    assert trailing([]).text == "0.00%"


def test_a_forward_yield_is_the_last_one_as_often_as_the_terms_say():
    asked = {"frequency": 4, "as_of": NOW, "oldest": 40 * DAY}
    figure = forward_yield(QUARTERS, NAVS, **asked)
    assert figure.known == Fraction(1, 2) * 4 / 110
    assert forward_yield([], NAVS, **asked).text == "nothing was distributed yet"
    assert forward_yield(QUARTERS, [], **asked).text == "there is no mark"


def test_payouts_are_counted_on_their_day():
    """A late one counts as one that did not come; one that is not due yet does not count."""
    due = second("2027-06-30")
    lines = [
        paid(due, 1, due=due, paid=due),
        paid(due, 1, due=due, paid=due + 1),
        paid(due, 1, due=due),
        paid(due, 1, due=NOW + 1),
        paid(due, 1),
    ]
    figure = payout_quality(lines, as_of=NOW)
    assert (figure.known, figure.n) == (Fraction(1, 3), 3)
    assert payout_quality([lines[4]], as_of=NOW).text == "no distribution was due by its terms"
