"""reporting.py: one currency by rates that are not too old, or the reason why not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.portfolio import Rate, in_currency
from prorata.analysis.reporting import Reporting
from prorata.analysis.returns import Flow, growth
from tests.prorata.analysis.made import DAY, month_end, monthly, paid

TIMES = [month_end(n) for n in range(3)]
EURO = [
    Rate(time, "EUR", Fraction(rate, 100), "central bank")
    for time, rate in zip(TIMES, (110, 100, 120), strict=True)
]
DOLLARS = Reporting("USD", EURO, 7 * DAY)
OAK = monthly([50_00, 50_00, 40_00], asset="Oak", currency="EUR")


def test_marks_are_by_the_rate_of_their_time():
    found, left_out = DOLLARS.marks([*OAK, *monthly([1_00])])
    assert [one.value for one in found] == [55, 50, 48, 1]
    assert {one.currency for one in found} == {"USD"}
    assert found[0].text.endswith(", at 1.1 for 1 EUR at 2020-01-28T12:00:00Z (central bank)")
    assert (found[3].by, left_out) == ("", [])


def test_a_mark_without_a_rate_is_left_out_and_says_why():
    later = replace(OAK[0], time=TIMES[2] + 8 * DAY)
    found, left_out = DOLLARS.marks([later, replace(OAK[0], currency="CHF")])
    assert found == []
    assert left_out == [
        "NAV of 2020-04-05T12:00:00Z: the rate of EUR at 2020-04-05T12:00:00Z is 8 days old",
        "NAV of 2020-01-28T12:00:00Z: no rate of CHF at 2020-01-28T12:00:00Z",
    ]


def test_income_is_by_the_rate_of_its_record_or_stays_as_it_is():
    """And then the return that it belongs to is blank."""
    told = paid(TIMES[0] + DAY, 2, currency="EUR", net=Fraction(1))
    [one] = DOLLARS.distributions([told])
    assert (one.gross, one.net, one.currency) == (Fraction(11, 5), Fraction(11, 10), "USD")
    late = paid(TIMES[0] + 8 * DAY, 2, currency="EUR")
    assert DOLLARS.distributions([late]) == [late]
    marks, _ = DOLLARS.marks(OAK)
    assert growth(marks, [late]).reason == "income in EUR and marks in USD"
    assert growth(marks, [one]).levels[1] == (50 + Fraction(11, 5)) / 55


def test_money_is_by_the_rate_of_its_time():
    flow = Flow(TIMES[2] + DAY, Fraction(10))
    assert DOLLARS.flow("EUR", flow) == ("USD", Flow(flow.time, Fraction(12)))
    assert DOLLARS.flow("CHF", flow) == ("CHF", flow)
    assert DOLLARS.worth(Fraction(3), "USD", 0) == 3


@given(amounts=st.lists(st.integers(1, 10_000), min_size=3, max_size=3))
def test_marks_grow_as_a_portfolio_says(amounts):
    """Without income: marks in one currency make the series that `in_currency` makes of levels."""
    marks = monthly(amounts, currency="EUR")
    converted, _ = DOLLARS.marks(marks)
    other = in_currency(growth(marks, []), "EUR", "USD", EURO, 7 * DAY)
    assert growth(converted, []).levels == other.levels
