"""risk.py and periods.py: volatility, drawdown and correlation on marks of equal intervals."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timezone
from fractions import Fraction
from itertools import accumulate

import empyrical
import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.analysis.marks import MarkKind
from prorata.analysis.periods import Interval, period_of
from prorata.analysis.returns import Growth, growth
from prorata.analysis.risk import (
    LEAST,
    autocorrelation,
    correlation,
    correlations,
    drawdown,
    pearson,
    ranks,
    returns_by_period,
    sharpe,
    spearman,
    volatility,
)
from tests.prorata.analysis.made import DAY, mark, month_end, monthly, paid, second

NOW = month_end(80)
NUMBERS = st.integers(-10_000, 10_000).map(lambda n: Fraction(n, 7))
SAMPLES = st.integers(2, 30).flatmap(
    lambda n: st.tuples(*[st.lists(NUMBERS, min_size=n, max_size=n)] * 2)
)


def walk(seed: int, months: int = LEAST + 1) -> list[int]:
    """Amounts that go up and down."""
    chance = random.Random(seed)
    return list(accumulate((chance.randint(-900, 1_000) for _ in range(months)), initial=100_000))[
        1:
    ]


def floats(grown: Growth) -> np.ndarray:
    return np.array([float(one) for one in grown.returns])


def series(seed: int, months: int = LEAST + 1, **further) -> Growth:
    return growth(monthly(walk(seed, months), **further), [])


# ------------------------------------------------------------------------------------------ periods


@given(st.integers(1, 4_000_000_000), st.sampled_from(list(Interval)))
def test_periods_follow_one_another(time, interval):
    """A second later is the same period or the next one; a day later is at most the next."""
    here = period_of(time, interval)
    assert period_of(time + 1, interval) - here in (0, 1)
    assert period_of(time + DAY, interval) - here in (0, 1)


def test_periods_begin_where_the_calendar_says():
    def first(interval: Interval, day: str) -> bool:
        return period_of(second(day), interval) - period_of(second(day) - 1, interval) == 1

    assert first(Interval.WEEK, "2027-01-04")  # a Monday
    assert not first(Interval.WEEK, "2027-01-05")
    assert first(Interval.MONTH, "2027-02-01")
    assert first(Interval.QUARTER, "2027-04-01")
    assert not first(Interval.QUARTER, "2027-05-01")
    assert first(Interval.YEAR, "2028-01-01")
    assert [one.in_a_year for one in Interval] == [365, 52, 12, 4, 1]


def test_a_period_without_a_mark_has_no_return_nor_has_the_next():
    marks = [mark(month_end(n), 100 + n) for n in (0, 1, 3, 4)]
    found = returns_by_period(growth(marks, []), Interval.MONTH)
    assert sorted(found.values()) == [Fraction(1, 103), Fraction(1, 100)]


# --------------------------------------------------------------------------------------- statistics


@given(SAMPLES)
def test_pearson_and_spearman_are_those_of_scipy(samples):
    one, other = samples
    assume(len(set(one)) > 1 and len(set(other)) > 1)
    floats = [[float(value) for value in sample] for sample in samples]
    assert float(pearson(one, other)) == pytest.approx(
        scipy.stats.pearsonr(*floats).statistic, abs=1e-9
    )
    assert float(spearman(one, other)) == pytest.approx(
        scipy.stats.spearmanr(*floats).statistic, abs=1e-9
    )


@given(SAMPLES, st.integers(1, 10_000).map(lambda n: Fraction(n, 100)), NUMBERS)
def test_a_correlation_lies_in_its_bounds_and_has_no_unit(samples, scale, shift):
    """Law 101."""
    one, other = samples
    r = pearson(one, other)
    assume(r is not None)
    assert abs(r) <= 1 + Fraction(1, 10**45)
    assert pearson(other, one) == r
    moved = pearson([value * scale + shift for value in one], other)
    assert abs(moved - r) <= Fraction(1, 10**45)


def test_equal_values_share_their_ranks():
    assert ranks([Fraction(n) for n in (10, 20, 20, 5)]) == [2, Fraction(7, 2), Fraction(7, 2), 1]


# -------------------------------------------------------------------------- volatility and drawdown


def test_volatility_is_that_of_empyrical():
    grown = series(1)
    figure = volatility(grown, interval=Interval.MONTH, as_of=NOW)
    other = empyrical.annual_volatility(floats(grown), period="monthly")
    assert float(figure.known) == pytest.approx(other, rel=1e-12)
    assert (figure.n, figure.inputs) == (36, {"interval": "month", "kind": "NAV"})


def test_a_sharpe_ratio_of_prices_is_that_of_empyrical():
    grown = series(2, kind=MarkKind.PRICE)
    asked = {"riskless": Fraction(1, 1_000), "interval": Interval.MONTH, "as_of": NOW}
    other = empyrical.sharpe_ratio(floats(grown), risk_free=0.001, period="monthly")
    assert float(sharpe(grown, **asked).known) == pytest.approx(other, rel=1e-9)
    flat = growth(monthly([100] * 40, kind=MarkKind.PRICE), [])
    assert sharpe(flat, **asked).text == "the returns never change"


@pytest.mark.parametrize("kind", [MarkKind.NAV, MarkKind.APPRAISAL])
def test_appraisals_have_no_sharpe_ratio(kind):
    """Law 101: however long their series is."""
    figure = sharpe(series(2, kind=kind), riskless=Fraction(0), interval=Interval.MONTH, as_of=NOW)
    assert figure.text == "returns of appraised values are smoothed: only prices have one"


def test_stale_marks_are_seen_by_their_autocorrelation():
    def of(amounts: list[int]) -> Fraction:
        grown = growth(monthly(amounts), [])
        return autocorrelation(grown, interval=Interval.MONTH, as_of=NOW).known

    fresh = walk(3, 60)
    stale = [sum(fresh[n - 6 : n]) // 6 for n in range(6, 60)]
    assert abs(of(fresh)) < Fraction(1, 3) < Fraction(1, 2) < of(stale)
    flat = growth(monthly([100] * 40), [])
    figure = autocorrelation(flat, interval=Interval.MONTH, as_of=NOW)
    assert figure.text == "the returns never change"


def test_too_few_months_make_no_figure():
    """Law 101."""
    few = series(1, 8)
    for measure in (volatility, autocorrelation):
        figure = measure(few, interval=Interval.MONTH, as_of=NOW)
        assert figure.text == "not enough data: 7 of 36 months"
    none = growth(monthly([100]), [])
    assert volatility(none, interval=Interval.MONTH, as_of=NOW).text == (
        "not enough data: 1 of 2 marks"
    )


def test_a_gap_begins_the_series_anew():
    marks = [m for n, m in enumerate(monthly(walk(1, 60))) if n != 40]
    figure = volatility(growth(marks, []), interval=Interval.MONTH, as_of=NOW)
    assert figure.text == "not enough data: 18 of 36 months"


def test_a_drawdown_is_exact_and_says_from_when_to_when():
    """100, 97, 99, 101: three hundredths, as empyrical has it in floats."""
    grown = growth(monthly([100_00, 97_00, 99_00, 101_00]), [])
    figure = drawdown(grown, as_of=NOW)
    assert figure.known == Fraction(-3, 100)
    assert empyrical.max_drawdown(floats(grown)) == pytest.approx(-0.03)
    assert figure.inputs == {"peak": "2020-01-28T12:00:00Z", "trough": "2020-02-28T12:00:00Z"}
    assert drawdown(grown, as_of=month_end(0)).text == "0.00%"
    assert drawdown(grown, as_of=0).text == "not enough data: 0 of 2 marks"
    assert drawdown(growth([], []), as_of=NOW).text == "not enough data: 0 of 2 marks"


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=20))
def test_no_later_fall_from_an_earlier_level_is_deeper(amounts):
    """The definition, pair by pair."""
    figure = drawdown(growth(monthly(amounts), []), as_of=NOW)
    falls = [Fraction(b, a) - 1 for n, a in enumerate(amounts) for b in amounts[n:]]
    assert figure.known == min(falls)


def test_income_softens_a_drawdown():
    marks = monthly([100_00, 90_00])
    assert drawdown(growth(marks, [paid(month_end(0) + 1, 10)]), as_of=NOW).text == "0.00%"


# -------------------------------------------------------------------------------------- correlation


def pair(one: Growth, other: Growth, interval: Interval = Interval.MONTH):
    return correlation(one, other, interval=interval, as_of=NOW)


def test_a_correlation_of_common_marks_is_that_of_scipy():
    one, other = series(5), series(6)
    found = pair(one, other)
    returns = [[float(r) for r in grown.returns] for grown in (one, other)]
    assert float(found.pearson.known) == pytest.approx(scipy.stats.pearsonr(*returns).statistic)
    assert float(found.spearman.known) == pytest.approx(scipy.stats.spearmanr(*returns).statistic)
    assert (found.pearson.n, found.pearson.inputs["interval"]) == (36, "month")


def test_an_asset_goes_with_itself():
    """Law 101."""
    found = pair(series(5), series(5))
    assert (found.pearson.text, found.spearman.text) == ("1.0000", "1.0000")


def test_thirty_five_common_months_are_too_few():
    """Law 101."""
    found = pair(series(5, LEAST), series(6))
    assert found.pearson.text == "not enough data: 35 of 36 common months"
    assert found.spearman.text == found.pearson.text
    assert pair(growth([], []), series(6)).pearson.text == "not enough data: 0 of 2 marks"


def test_days_on_which_only_one_has_a_mark_do_not_count():
    """Law 101: a daily price beside a monthly value is compared on the value's days."""
    value = monthly(walk(5))
    price = [
        mark(month_end(0) + n * DAY, 1_000 + n % 7, kind=MarkKind.PRICE)
        for n in range(1, (month_end(36) - month_end(0)) // DAY)
        if datetime.fromtimestamp(month_end(0) + n * DAY, timezone.utc).day != 28
    ]
    own = [replace(m, kind=MarkKind.PRICE, amount=m.amount // 3) for m in value]
    daily = growth(sorted([*price, *own], key=lambda m: m.time), [])
    assert pair(growth(value, []), daily).pearson.n == 36
    assert pair(growth(value, []), growth(price, [])).pearson.text == (
        "not enough data: 0 of 36 common months"
    )


def test_a_monthly_value_has_no_daily_correlation():
    """Law 101: nothing is carried from day to day."""
    found = pair(series(5), series(5), Interval.DAY)
    assert found.pearson.text == "not enough data: 0 of 36 common days"


def test_one_that_never_changes_has_no_correlation():
    flat = growth(monthly([100] * 40), [])
    assert pair(flat, series(5)).pearson.text == "one of them never changes"


def test_each_two_assets_are_compared_once():
    found = correlations(
        {"b": series(1), "a": series(2), "c": series(3)}, interval=Interval.MONTH, as_of=NOW
    )
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_a_thousand_daily_prices_take_no_minutes():
    """Sums are added in pairs: one after the other, their denominators grow without bound."""
    marks = [
        [mark(NOW - n * DAY, 10_000 + seed * n % 997) for n in range(1_000, 0, -1)]
        for seed in (7, 11)
    ]
    found = pair(*(growth(one, []) for one in marks), Interval.DAY)
    assert found.pearson.n == 999
