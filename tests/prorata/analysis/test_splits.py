"""splits.py: what was said of a share before a split, said of a share after it."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.liquidity import Cause, Movement, Supply, turnover
from prorata.analysis.money_weighted import xirr
from prorata.analysis.returns import growth, held_flows, total_return
from prorata.analysis.splits import (
    Split,
    ratio_of,
    restated_distributions,
    restated_marks,
    restated_movements,
    restated_supply,
)
from tests.prorata.analysis.made import DAY, mark, month_end, monthly, paid

TWO = Split(month_end(0) + DAY, month_end(0) + 2 * DAY, Fraction(2))
"""Two shares for one, between the first mark and the second."""

ratios = st.builds(Fraction, st.integers(1, 30), st.integers(1, 30))


# ----------------------------------------------------------------------------------------- examples


def test_a_split_is_no_loss():
    """100, a split 2:1, and 50: nothing was lost; without the split half would be."""
    marks = monthly([100_00, 50_00])
    assert total_return(marks, [], as_of=month_end(1)).text == "-50.00%"
    restated = restated_marks(marks, [TWO])
    assert [one.value for one in restated] == [50, 50]
    figure = total_return(restated, [], as_of=month_end(1))
    assert figure.text == "0.00%"
    assert figure.inputs["from"].endswith(", for 1/2 of a share of then")
    assert "of then" not in figure.inputs["to"]


def test_income_before_and_after_a_split_is_of_one_share():
    """100, 4 for an old share, 2:1, then 51 and 1 for a new one: (51 + 2)/50, (51 + 1)/51."""
    incomes = [paid(TWO.record, 4), paid(month_end(1) + DAY, 1)]
    restated = restated_distributions(incomes, [TWO])
    assert [one.gross for one in restated] == [2, 1]
    marks = restated_marks(monthly([100_00, 51_00, 51_00]), [TWO])
    assert growth(marks, restated).levels[-1] == Fraction(53, 50) * Fraction(52, 51)
    assert [flow.amount for flow in held_flows(marks, restated)] == [-50, 2, 1, 51]


def test_net_income_is_restated_where_it_is_known():
    [one] = restated_distributions([paid(TWO.record, 4, net=Fraction(3))], [TWO])
    assert (one.gross, one.net) == (2, Fraction(3, 2))


def test_a_mark_until_the_split_is_declared_may_be_of_either_share():
    """It is left out; that of the record's own second is of an old share."""
    times = (TWO.record, TWO.record + 1, TWO.declared, TWO.declared + 1)
    restated = restated_marks([mark(time, 10_00) for time in times], [TWO])
    assert [(one.time, one.value) for one in restated] == [
        (TWO.record, 5),
        (TWO.declared + 1, 10),
    ]


def test_turnover_counts_shares_of_now():
    """A tenth of all shares was sold before the split, and a tenth is what it stays."""
    now = TWO.declared + 30 * DAY
    supply = [Supply(0, 1_000), Supply(TWO.declared - 5, 1_700), Supply(TWO.declared, 2_000)]
    moved = [
        Movement(TWO.record, 100, "A", "B", Cause.TRADE, Fraction(80)),
        Movement(TWO.declared + 1, 900, "vault", "A", Cause.SPLIT),
        Movement(TWO.declared + 1, 100, "vault", "B", Cause.SPLIT),
    ]
    assert restated_supply(supply, [TWO]) == [Supply(0, 2_000), Supply(TWO.declared, 2_000)]
    [sold] = restated_movements(moved, [TWO])
    assert (sold.shares, sold.price) == (200, 40)
    figure = turnover([sold], restated_supply(supply, [TWO]), days=60, as_of=now)
    assert figure.known == Fraction(1, 10)


def test_without_a_split_everything_stays():
    marks, incomes = monthly([1, 2, 3]), [paid(month_end(1), 4)]
    assert restated_marks(marks, []) == marks
    assert restated_distributions(incomes, []) == incomes
    assert restated_supply([Supply(1, 5)], []) == [Supply(1, 5)]


# --------------------------------------------------------------------------------------------- laws


@given(ratio=ratios, held=st.lists(st.integers(1, 10**12), min_size=1, max_size=6))
def test_the_ratio_gives_everybody_what_it_got_and_none_is_simpler(ratio, held):
    """Rounded down to the unit; its denominator is at most the one that was decided."""
    holders = {str(n): units for n, units in enumerate(held)}
    given_ = {who: floor(units * ratio) for who, units in holders.items()}
    found = ratio_of(holders, given_)
    assert {who: floor(units * found) for who, units in holders.items()} == given_
    assert found.denominator <= ratio.denominator
    for below in range(1, found.denominator):
        low = max(-(-given_[who] * below // units) for who, units in holders.items())
        assert any(
            floor(units * Fraction(low, below)) != given_[who] for who, units in holders.items()
        )


@given(
    amounts=st.lists(st.integers(100, 10_000), min_size=3, max_size=6),
    ratio=ratios,
    place=st.integers(1, 5),
    income=st.integers(0, 50),
)
def test_a_split_changes_no_return(amounts, ratio, place, income):
    """The same asset with and without a split between two marks: the same levels and rate."""
    place = min(place, len(amounts) - 1)
    factor = 1 + ratio
    at = month_end(place - 1) + DAY
    split = Split(at, at + DAY, factor)
    incomes = [paid(month_end(n) + 2 * DAY, income) for n in range(len(amounts) - 1)]
    # A mark that the factor divides, so that what is left of it is whole.
    before = monthly([amount * factor.numerator for amount in amounts], decimals=4)
    after = [
        one if one.time <= at else mark(one.time, int(one.amount / factor), decimals=4)
        for one in before
    ]
    told = [one if one.record <= at else paid(one.record, one.gross / factor) for one in incomes]
    restated = restated_marks(after, [split]), restated_distributions(told, [split])
    assert growth(*restated).levels == growth(before, incomes).levels
    rates = [xirr(held_flows(*one), as_of=month_end(9)) for one in (restated, (before, incomes))]
    assert rates[0].text == rates[1].text
