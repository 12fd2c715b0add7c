"""returns.py: income reinvested on ex-dates, periods linked, and Modified Dietz."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.figures import Question
from prorata.analysis.marks import Basis, MarkKind
from prorata.analysis.returns import Flow, growth, linked, modified_dietz, total_return
from prorata.errors import InputError
from tests.prorata.analysis.made import mark, month_end, monthly, paid, second

AMOUNTS = st.integers(1, 10**12)
PAID = st.integers(0, 10**9).map(lambda n: Fraction(n, 1_000))
RETURNS = st.integers(-900, 10_000).map(lambda n: Fraction(n, 1_000))
NOW = month_end(60)


# ------------------------------------------------------------------------------------- total return


def test_income_is_reinvested_at_the_first_ex_mark():
    """(95 + 6) / 100 x 104 / 95, less 1: the shares of the income rise too."""
    marks = monthly([100_00, 95_00, 104_00])
    income = [paid(month_end(0) + 1, 6)]
    figure = total_return(marks, income, as_of=NOW)
    assert figure.known == Fraction(101, 100) * Fraction(104, 95) - 1
    assert (figure.n, figure.inputs["reinvested"]) == (3, "1")
    assert figure.name == "total return, gross of tax"


def test_a_mark_at_the_second_of_the_record_is_before_it():
    marks = monthly([100_00, 95_00, 104_00])
    at_the_second = [paid(month_end(1), 6)]
    assert total_return(marks, at_the_second, as_of=NOW).known == Fraction(110, 100) - 1


def test_income_that_is_still_in_the_mark_comes_in_at_the_next_one():
    """A cum mark has it; the first ex mark after the record is where it comes in."""
    marks = monthly([100_00, 101_00, 98_00])
    marks[1] = replace(marks[1], basis=Basis.CUM)
    income = [paid(month_end(0) + 1, 6)]
    grown = growth(marks, income)
    assert grown.levels == (1, Fraction(101, 100), Fraction(104, 100))


def test_income_before_the_first_mark_and_after_the_last_is_not_in():
    marks = monthly([100_00, 110_00])
    outside = [paid(month_end(0) - 1, 6), paid(month_end(1) + 1, 6)]
    assert total_return(marks, outside, as_of=NOW).text == "10.00%"


def test_after_tax_and_before_it_are_apart():
    marks, income = monthly([100_00, 100_00]), [paid(month_end(0) + 1, 10, net=Fraction(7))]
    assert total_return(marks, income, as_of=NOW).text == "10.00%"
    net = total_return(marks, income, as_of=NOW, net=True)
    assert (net.text, net.name) == ("7.00%", "total return, net of tax")
    unknown = [replace(income[0], net=None)]
    assert "paid after tax is not known" in total_return(marks, unknown, as_of=NOW, net=True).text


def test_income_that_was_declared_late_leaves_no_return_unless_the_mark_is_cum():
    """Law 95. Nobody knows what an ex mark is without, before it is declared."""
    late = [paid(month_end(0) + 1, 6, declared=month_end(1) + 1)]
    marks = monthly([100_00, 101_00, 98_00])
    assert total_return(marks, late, as_of=NOW).text == (
        "income of the record of 2020-01-28T12:00:01Z was declared after the mark of "
        "2020-02-28T12:00:00Z, which is not cum"
    )
    marks[1] = replace(marks[1], basis=Basis.CUM)
    assert total_return(marks, late, as_of=NOW).text == "4.00%"


@pytest.mark.parametrize(
    ("amounts", "income", "reason"),
    [
        ([], [], "not enough data: 0 of 2 marks"),
        ([100_00], [], "not enough data: 1 of 2 marks"),
        ([100_00, 0, 5_00], [], "the mark of 2020-02-28T12:00:00Z is 0"),
        (
            [100_00, 100_00],
            [paid(month_end(0) + 1, 6, currency="EUR")],
            "income in EUR and marks in USD",
        ),
    ],
)
def test_a_total_return_that_cannot_be_had(amounts, income, reason):
    """Law 95."""
    assert total_return(monthly(amounts), income, as_of=NOW).text == reason


def test_all_can_be_lost():
    assert total_return(monthly([100_00, 0]), [], as_of=NOW).text == "-100.00%"


@pytest.mark.parametrize(
    "other",
    [
        {"kind": MarkKind.PRICE},
        {"currency": "EUR"},
        {"asset": "Oak"},
        {"time": month_end(0)},
    ],
)
def test_marks_of_two_series_are_not_mixed(other):
    marks = [mark(month_end(0), 100), replace(mark(month_end(1), 100), **other)]
    with pytest.raises(InputError, match=r"; (keep a series for each|give one mark for each time)"):
        total_return(marks, [], as_of=NOW)


@given(st.lists(AMOUNTS, min_size=2, max_size=12), st.lists(PAID, max_size=11), st.data())
def test_returns_of_parts_make_the_return_of_the_whole(amounts, gross, data):
    """Law 97."""
    marks = monthly(amounts)
    income = [paid(month_end(n) + 1, one) for n, one in enumerate(gross[: len(marks) - 1])]
    whole = total_return(marks, income, as_of=NOW).known
    cut = data.draw(st.integers(0, len(marks) - 1))
    parts = [growth(marks[: cut + 1], income), growth(marks[cut:], income)]
    known = [one.levels[-1] - 1 for one in parts if one.levels]
    assert linked(known, as_of=NOW).known == whole
    assert linked(growth(marks, income).returns, as_of=NOW).known == whole


@given(
    st.lists(AMOUNTS, min_size=2, max_size=8),
    st.lists(PAID, max_size=7),
    st.integers(1, 10**9),
    st.integers(0, 9),
)
def test_a_total_return_does_not_depend_on_the_unit(amounts, gross, times, decimals):
    """Law 97: neither on how a share is split nor on how its currency is written."""
    income = [paid(month_end(n) + 1, one) for n, one in enumerate(gross[: len(amounts) - 1])]
    figure = total_return(monthly(amounts), income, as_of=NOW).known
    scaled = monthly([one * times for one in amounts], decimals=2 + decimals)
    unit = Fraction(times, 10**decimals)
    paid_out = [replace(one, gross=one.gross * unit) for one in income]
    assert total_return(scaled, paid_out, as_of=NOW).known == figure


@given(st.lists(RETURNS, min_size=1, max_size=30))
def test_linked_returns_are_those_of_empyrical(returns):
    """Its cumulative return, in floats."""
    other = empyrical.cum_returns_final(np.array([float(one) for one in returns]))
    assert float(linked(returns, as_of=NOW).known) == pytest.approx(other, rel=1e-9, abs=1e-9)


# ------------------------------------------------------------------------------------------ linking


def test_a_period_without_a_return_leaves_the_whole_without():
    """Law 95."""
    blank = Question("return", NOW).blank("there is no mark")
    figure = linked([Fraction(1, 10), blank], as_of=NOW)
    assert figure.text == "period 2 has no return: there is no mark"
    assert linked([], as_of=NOW).text == "not enough data: 0 of 1 periods"


# ----------------------------------------------------------------------------------- modified Dietz


def dietz(start, end, flows, days):
    moved = [Flow(day, Fraction(amount)) for day, amount in flows]
    return modified_dietz(Fraction(start), Fraction(end), moved, begins=0, ends=days)


def test_modified_dietz_as_published():
    """585.60 to 602.34 with four flows in a month of 31 days: 2.45 %."""
    flows = [(5, "-15.05"), (9, "19.82"), (15, "16.42"), (24, "-18.96")]
    figure = dietz("585.60", "602.34", flows, 31)
    assert figure.text == "2.45%"
    assert float(figure.known) == pytest.approx(0.0245418, abs=1e-7)


def test_modified_dietz_of_a_fund_and_its_quarter_linked():
    """The JP Fund: 50 to 51.5 M, 0.5 M taken out on day 15 of 31: 4.02 %; the quarter 5.35 %."""
    march = dietz(50_000_000, 51_500_000, [(15, -500_000)], 31)
    assert march.text == "4.02%"
    months = [Fraction("0.023"), Fraction("-0.010"), march]
    assert linked(months, as_of=NOW).text == "5.35%"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((100, 110, [], 0), "the period has no length"),
        ((100, 110, [(40, 5)], 31), "the flow at 40 is outside the period"),
        ((0, 110, [], 31), "the average capital is not positive"),
        ((100, 10, [(0, -100)], 31), "the average capital is not positive"),
    ],
)
def test_a_modified_dietz_return_that_cannot_be_had(arguments, reason):
    """Law 95."""
    assert dietz(*arguments).text == reason


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_without_flows_it_is_the_plain_return(start, end):
    assert dietz(start, end, [], 30).known == Fraction(end, start) - 1


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 30))
def test_a_flow_that_earns_nothing_is_no_gain(start, gain, flow, day):
    """What came in and is still there is not earned; a period of another unit changes nothing."""
    figure = dietz(start, start + flow, [(day, flow)], 30)
    assert figure.known == 0
    seconds = modified_dietz(
        Fraction(start),
        Fraction(start + flow + gain),
        [Flow(day * 86_400, Fraction(flow))],
        begins=0,
        ends=30 * 86_400,
    )
    assert seconds.known == dietz(start, start + flow + gain, [(day, flow)], 30).known


def test_levels_can_be_had_up_to_a_time():
    grown = growth(monthly([1, 2, 4]), [])
    assert grown.until(month_end(1)).levels == (1, 2)
    assert grown.until(second("2019-01-01")).levels == ()
