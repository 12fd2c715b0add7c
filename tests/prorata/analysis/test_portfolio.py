"""portfolio.py and benchmark.py: one currency or none, and one table of all classes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.benchmark import COLUMNS, Benchmark, Line
from prorata.analysis.figures import Question
from prorata.analysis.marks import MarkKind
from prorata.analysis.periods import Interval
from prorata.analysis.portfolio import Holding, Portfolio, Rate, in_currency, rate_at
from prorata.analysis.returns import Flow, growth
from prorata.assets.templates import TEMPLATES
from prorata.errors import InputError
from tests.prorata.analysis.made import DAY, mark, month_end, monthly, paid

NOW = month_end(2)
EURO = [
    Rate(month_end(n), "EUR", Fraction(rate, 100), "central bank")
    for n, rate in enumerate((110, 100, 120))
]
MAPLE = monthly([100_00, 110_00, 120_00], asset="Maple")
OAK = monthly([50_00, 50_00, 40_00], asset="Oak", currency="EUR")
SIMPLE = Portfolio(
    currency="USD",
    as_of=NOW,
    holdings=[
        Holding("Maple", Fraction(10), MarkKind.NAV),
        Holding("Oak", Fraction(25), MarkKind.NAV),
    ],
    marks=[*MAPLE, *OAK],
    rates=EURO,
    interval=Interval.MONTH,
    oldest_mark=40 * DAY,
    oldest_rate=7 * DAY,
)


# ----------------------------------------------------------------------------------------- examples


def test_positions_are_valued_in_one_currency():
    """10 x 120 and 25 x 40 x 1.2."""
    report = SIMPLE.report()
    assert [one.value.text for one in report.positions] == ["1,200.00", "1,200.00"]
    assert [one.weight.text for one in report.positions] == ["50.00%", "50.00%"]
    assert (report.value.text, report.hhi.text) == ("2,400.00", "5,000.00")
    assert report.effective.text == "2.00"
    rate = report.positions[1].value.inputs["rate"]
    assert rate == "1.2 for 1 EUR at 2020-03-28T12:00:00Z (central bank)"


def test_returns_are_in_the_reporting_currency():
    """40 x 1.2 over 50 x 1.1; and of the whole, 2,400 over 1,000 + 1,375."""
    report = SIMPLE.report()
    assert report.positions[1].total_return.known == Fraction(48, 55) - 1
    # 1,000 + 1,375, 1,100 + 1,250, 2,400: it falls, and rises again.
    assert report.drawdown.known == Fraction(2_350, 2_375) - 1
    assert report.drawdown.name == "drawdown of today's holdings"
    assert report.volatility.text == "not enough data: 2 of 36 months"
    assert report.correlations[("Maple", "Oak")].pearson.text == (
        "not enough data: 2 of 36 common months"
    )


def test_income_is_reinvested_in_its_own_currency():
    income = {"Oak": [paid(month_end(0) + 1, 5, currency="EUR")]}
    report = replace(SIMPLE, income=income).report()
    assert report.positions[1].total_return.known == Fraction(55 * 40 * 12, 50 * 50 * 11) - 1


def test_flows_and_the_value_at_the_end_make_the_money_weighted_return():
    at = NOW - 365 * DAY
    report = replace(SIMPLE, flows=[Flow(at, Fraction(-2_000))]).report()
    assert report.money_weighted.text == "20.0000%"
    later = replace(SIMPLE, flows=[Flow(at, Fraction(-2_000)), Flow(NOW + 1, Fraction(500))])
    assert later.report().money_weighted.text == "20.0000%"
    assert SIMPLE.report().money_weighted.text == "no file of flows is given"


# ------------------------------------------------------------------------------------ what is blank


@pytest.mark.parametrize(
    ("further", "reason"),
    [
        ({"marks": MAPLE}, "no NAV is given"),
        ({"rates": []}, "no rate of EUR at 2020-03-28T12:00:00Z"),
        ({"rates": EURO[:2]}, "the rate of EUR at 2020-03-28T12:00:00Z is 29 days old"),
        (
            {"marks": [*MAPLE, *OAK[:2]], "oldest_mark": 28 * DAY},
            "the NAV of 2020-02-28T12:00:00Z is 29 days old",
        ),
    ],
)
def test_one_blank_position_leaves_the_whole_without_a_value(further, reason):
    """Law 105: a sum of what happens to be known is none."""
    report = replace(SIMPLE, flows=[], **further).report()
    assert report.positions[1].value.text == reason
    assert report.value.text == "no value of Oak"
    assert report.positions[0].value.text == "1,200.00"
    assert report.positions[0].weight.text == "no value of Oak"
    assert report.positions[1].weight.text == reason
    for figure in (report.hhi, report.effective, report.money_weighted):
        assert figure.text == "no value of Oak"
    assert report.drawdown.text.startswith("Oak: ")


def test_a_rate_that_is_missing_long_ago_leaves_the_return_blank():
    """Law 105: of a series in another currency each mark needs its rate."""
    report = replace(SIMPLE, rates=EURO[2:]).report()
    assert report.positions[1].value.text == "1,200.00"
    assert report.positions[1].total_return.text == "no rate of EUR at 2020-01-28T12:00:00Z"


def test_nothing_has_no_value():
    report = replace(SIMPLE, holdings=[]).report()
    assert report.value.text == "there are no positions"
    worthless = replace(SIMPLE, marks=[mark(NOW, 0), mark(NOW, 0, asset="Oak")]).report()
    assert worthless.value.text == "0.00"
    assert worthless.positions[0].weight.text == "the portfolio is worth nothing"
    lost = [*monthly([100_00, 110_00, 0], asset="Maple"), *OAK]
    report = replace(SIMPLE, marks=lost).report()
    assert report.value.text == "1,200.00"
    assert report.positions[0].total_return.text == "-100.00%"
    assert report.drawdown.text == "Maple: the last mark is 0"


def test_marks_of_other_seconds_have_no_common_series():
    odd = [replace(one, time=one.time + 1) for one in OAK]
    report = replace(SIMPLE, marks=[*MAPLE, *odd], as_of=NOW + 1, oldest_rate=9 * DAY).report()
    assert report.drawdown.text == "not enough data: 0 of 2 common marks"


# -------------------------------------------------------------------------------------------- laws


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8), st.integers(1, 10**6))
def test_weights_make_one_and_do_not_depend_on_the_unit(quantities, times):
    """Law 105."""

    def report(scale: int):
        held = [
            Holding(f"A{n}", Fraction(one * scale), MarkKind.NAV)
            for n, one in enumerate(quantities)
        ]
        marks = [mark(NOW, 100 + n, asset=f"A{n}") for n in range(len(quantities))]
        return replace(SIMPLE, holdings=held, marks=marks).report()

    one, other = report(1), report(times)
    weights = [position.weight.known for position in one.positions]
    assert sum(weights) == 1
    assert [position.weight.known for position in other.positions] == weights
    assert other.value.known == one.value.known * times
    assert 1 <= one.effective.known <= len(quantities)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**4)), min_size=2, max_size=9))
def test_a_series_in_another_currency_is_that_of_converted_marks(rows):
    """Law 97: level x rate is the level of mark x rate."""
    marks = monthly([amount for amount, _ in rows], currency="EUR")
    rates = [
        Rate(month_end(n), "EUR", Fraction(rate), "source") for n, (_, rate) in enumerate(rows)
    ]
    there = in_currency(growth(marks, []), "EUR", "USD", rates, 0)
    converted = growth(monthly([amount * rate for amount, rate in rows]), [])
    assert there.levels == converted.levels


def test_the_reporting_currency_needs_no_rate():
    assert rate_at([], "USD", "USD", NOW, 0).value == 1
    grown = growth(MAPLE, [])
    assert in_currency(grown, "USD", "USD", [], 0) is grown


# ---------------------------------------------------------------------------------------- benchmark


def line(asset: str, asset_class: str) -> Line:
    blank = Question("size", NOW).blank("not asked")
    return Line(asset, asset_class, dict.fromkeys(COLUMNS, blank))


def test_all_classes_stand_in_one_table():
    table = Benchmark([line("Z", "building"), line("A", "gold"), line("B", "building")])
    assert [one.asset for one in table.ordered] == ["B", "Z", "A"]
    assert table.missing_classes == [one for one in TEMPLATES if one not in ("building", "gold")]
    assert table.ordered[0].span == "no scorecard"


def test_a_line_has_every_column_or_is_refused():
    """Law 95: what is not known is there with its reason."""
    with pytest.raises(InputError, match='class: "uranium" is no class of assets; write building'):
        line("A", "uranium")
    with pytest.raises(InputError, match='figures: "HHI" is missing, or is no column'):
        Line(
            "A", "gold", {name: f for name, f in line("A", "gold").figures.items() if name != "HHI"}
        )
