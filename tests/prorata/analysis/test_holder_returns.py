"""holder_returns.py: a holder's return is Modified Dietz, on flows between persons only."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.holder_returns import Holder, holder_return
from prorata.analysis.liquidity import Cause, Movement
from prorata.analysis.returns import Flow
from tests.prorata.analysis.made import DAY, mark, month_end, monthly

BEGINS, ENDS = month_end(0), month_end(2)
MIDDLE = (BEGINS + ENDS) // 2
MARKS = monthly([100_00, 110_00, 121_00])
ANN = Holder("Ann", 10_00, 2)


def moved(shares: int, origin: str, receiver: str, cause: Cause = Cause.TRADE, **further):
    return Movement(further.pop("time", MIDDLE), shares, origin, receiver, cause, **further)


def returned(movements=(), holder: Holder = ANN, marks=MARKS, oldest: int = 40 * DAY):
    return holder_return(holder, movements, marks, begins=BEGINS, ends=ENDS, oldest=oldest)


def test_without_flows_it_is_the_return_of_the_share():
    figure = returned()
    assert (figure.text, figure.name) == ("21.00%", "Modified Dietz return of the holder")


def test_a_purchase_counts_at_its_price_for_the_time_that_is_left():
    """10 shares at 100, 10 more at 108 halfway, 20 at 121: 340 earned on 1,000 + 1,080 / 2."""
    figure = returned([moved(10_00, "Ben", "Ann", price=Fraction(108))])
    assert figure.known == Fraction(340, 1_540)
    assert figure.n == 1


def test_shares_without_a_price_count_at_the_mark_of_their_time():
    """Sold at the mark of the month before, 110 at 29 February."""
    figure = returned([moved(5_00, "Ann", "Ben", Cause.TRANSFER, time=month_end(1) + DAY)])
    part = Fraction(ENDS - month_end(1) - DAY, ENDS - BEGINS)
    assert figure.known == (605 + 550 - 1_000) / (1_000 - 550 * part)


def test_income_that_was_paid_has_left_the_account():
    """100 paid at the end are earned."""
    paid = replace(ANN, income=[Flow(ENDS, Fraction(100)), Flow(ENDS + 1, Fraction(9))])
    assert returned(holder=paid).known == Fraction(1_210 + 100 - 1_000, 1_000)


@pytest.mark.parametrize(
    "other",
    [
        moved(5_00, "Ann", "Ann"),
        moved(5_00, "Ben", "Ann", Cause.RECOVERY),
        moved(5_00, "Ben", "Cem"),
        moved(5_00, "Ben", "Ann", time=BEGINS),
        moved(5_00, "Ben", "Ann", time=ENDS + 1),
    ],
)
def test_what_is_no_flow(other):
    """A person's own wallets, a recovery, other people, and other times."""
    assert returned([other]).text == "21.00%"


@pytest.mark.parametrize(
    ("further", "reason"),
    [
        ({"marks": MARKS[1:]}, "there is no mark at 2020-01-28T12:00:00Z"),
        ({"marks": MARKS[:2], "oldest": DAY}, "the newest mark at 2020-03-28T12:00:00Z is 29 days"),
        ({"holder": replace(ANN, shares=0)}, "the average capital is not positive"),
        ({"movements": [moved(11_00, "Ann", "Ben")]}, "more shares left Ann than there were"),
        (
            {"movements": [moved(1, "Ben", "Ann", Cause.TRANSFER)], "oldest": DAY},
            "the newest mark at 2020-02-27T12:00:00Z is 30 days old",
        ),
    ],
)
def test_a_return_that_cannot_be_had(further, reason):
    """Law 95."""
    assert returned(**further).text.startswith(reason)


@given(
    st.integers(1, 10**9),
    st.lists(st.integers(1, 10**9), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(1, 59), st.integers(1, 10**6)), max_size=5),
)
def test_it_does_not_depend_on_the_unit_of_shares(shares, amounts, bought):
    """Law 97."""
    movements = [
        moved(more, "Ben", "Ann", time=BEGINS + day * DAY, price=Fraction(7))
        for day, more in bought
    ]
    marks = [mark(month_end(n), amount) for n, amount in enumerate(amounts)]
    one = returned(movements, Holder("Ann", shares, 2), marks)
    finer = [replace(each, shares=each.shares * 10**4) for each in movements]
    other = returned(finer, Holder("Ann", shares * 10**4, 6), marks)
    assert one.known == other.known
