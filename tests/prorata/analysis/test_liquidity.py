"""liquidity.py: volume between persons, quiet days, spreads, and how far a price is from NAV."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.liquidity import (
    Cause,
    Movement,
    Supply,
    active_months,
    flows_by_country,
    mean_supply,
    posted_spread,
    premium,
    turnover,
    velocity,
    zero_trade_days,
)
from prorata.analysis.marks import Basis, MarkKind
from tests.prorata.analysis.made import DAY, mark, second

NOW = second("2027-12-31")
BEGAN = second("2025-01-01")


def moved(days_ago: Fraction | int, shares: int, cause: Cause = Cause.TRADE, **who) -> Movement:
    origin, receiver = who.get("origin", "Ann"), who.get("receiver", "Ben")
    return Movement(NOW - int(days_ago * DAY), shares, origin, receiver, cause)


# ------------------------------------------------------------------------------------------- volume


def test_the_mean_supply_weighs_each_amount_by_its_time():
    supply = [Supply(0, 100), Supply(75, 200)]
    assert mean_supply(supply, 0, 100) == 125
    assert mean_supply(supply, 80, 100) == 200
    assert mean_supply(supply, 0, 50) == 100


def test_turnover_and_velocity_of_thirty_days():
    movements = [moved(1, 30), moved(29, 20, Cause.TRANSFER), moved(31, 999)]
    supply = [Supply(BEGAN, 1_000)]
    figure = turnover(movements, supply, days=30, as_of=NOW)
    assert (figure.known, figure.n, figure.name) == (Fraction(1, 20), 2, "turnover, 30 days")
    assert velocity(movements, supply, days=30, as_of=NOW).known == Fraction(1, 20) * 365 / 30


@pytest.mark.parametrize(
    "other",
    [
        moved(1, 500, Cause.MINT),
        moved(1, 500, Cause.BURN),
        moved(1, 500, Cause.ISSUER),
        moved(1, 500, Cause.RECOVERY),
        moved(1, 500, Cause.TRANSFER, receiver="Ann"),
        moved(0, 500, Cause.TRADE, origin="Ben"),
    ],
)
def test_what_is_no_volume_between_persons(other):
    """A person's own wallets, a recovery, an issue: none is a change of hands."""
    figure = turnover([moved(1, 30), other], [Supply(BEGAN, 1_000)], days=30, as_of=NOW)
    assert figure.known == Fraction(3, 100)


@pytest.mark.parametrize(
    ("supply", "reason"),
    [
        ([Supply(NOW - 12 * DAY, 1_000)], "not enough data: 12 of 30 days"),
        ([], "not enough data: 0 of 30 days"),
        ([Supply(BEGAN, 0)], "there were no shares"),
    ],
)
def test_turnover_that_cannot_be_had(supply, reason):
    """Law 95."""
    assert turnover([moved(1, 30)], supply, days=30, as_of=NOW).text == reason


@given(st.integers(1, 10**6), st.lists(st.integers(1, 10**6), max_size=9))
def test_turnover_does_not_depend_on_a_split(times, volumes):
    """Law 97."""
    before = [moved(1, one) for one in volumes]
    after = [replace(one, shares=one.shares * times) for one in before]
    one = turnover(before, [Supply(BEGAN, 1_000)], days=30, as_of=NOW)
    other = turnover(after, [Supply(BEGAN, 1_000 * times)], days=30, as_of=NOW)
    assert one.known == other.known


def test_flows_between_countries():
    movements = [moved(1, 5), moved(2, 7), moved(3, 9, Cause.MINT), moved(4, 2, receiver="Cem")]
    countries = {"Ann": "US", "Ben": "DE"}
    assert flows_by_country(movements, countries) == {("US", "??"): 2, ("US", "DE"): 12}


# ---------------------------------------------------------------------------------- days and months


def test_days_without_a_trade_are_whole_days():
    """Today has not ended; a transfer is no trade; two trades of a day are one day with a trade."""
    movements = [moved(1, 1), moved(Fraction(3, 4), 1), moved(5, 1), moved(6, 1, Cause.TRANSFER)]
    figure = zero_trade_days([*movements, moved(0, 1)], days=10, since=BEGAN, as_of=NOW)
    assert (figure.known, figure.inputs["without"]) == (Fraction(8, 10), "8")
    young = zero_trade_days(movements, days=10, since=NOW - 9 * DAY - 1, as_of=NOW)
    assert young.text == "not enough data: 9 of 10 days"


def test_months_with_a_transfer():
    movements = [moved(31, 1), moved(33, 1), moved(100, 1, Cause.MINT), moved(0, 1)]
    figure = active_months(movements, months=3, since=BEGAN, as_of=NOW)
    # 30 and 28 November; December is not over.
    assert figure.text == "1"
    young = active_months(movements, months=3, since=second("2027-09-02"), as_of=NOW)
    assert young.text == "not enough data: 2 of 3 months"


# ------------------------------------------------------------------------------------ price and NAV


def test_the_spread_is_over_the_middle():
    figure = posted_spread([Fraction(95), Fraction(99)], [Fraction(101), Fraction(110)], as_of=NOW)
    assert (figure.text, figure.n) == ("2.00%", 4)


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ([], [1], "no order to buy is posted"),
        ([1], [], "no order to sell is posted"),
        ([3], [2], "the posted orders cross"),
        ([0], [2], "the best bid is no price"),
    ],
)
def test_a_spread_that_cannot_be_had(bids, asks, reason):
    """Law 95."""
    sides = [[Fraction(one) for one in side] for side in (bids, asks)]
    assert posted_spread(*sides, as_of=NOW).text == reason


PRICE = mark(NOW - DAY, 110_00, kind=MarkKind.PRICE)
NAV = mark(NOW - 30 * DAY, 100_00)


def over_nav(price=PRICE, value=NAV):
    found = [[] if one is None else [one] for one in (price, value)]
    return premium(*found, as_of=NOW, oldest_price=7 * DAY, oldest_nav=31 * DAY)


def test_a_premium_says_how_old_both_are():
    figure = over_nav()
    assert figure.text == "10.00%"
    assert figure.inputs["age of the NAV"] == "30 days"
    assert figure.inputs["age of the price"] == "1 day"


@pytest.mark.parametrize(
    ("further", "reason"),
    [
        ({"price": None}, "there is no price"),
        ({"value": None}, "there is no net asset value"),
        (
            {"price": replace(PRICE, time=NOW - 8 * DAY)},
            "the price is 8 days old, and 7 days is the most",
        ),
        (
            {"value": replace(NAV, time=NOW - 32 * DAY)},
            "the NAV is 32 days old, and 31 days is the most",
        ),
        ({"value": replace(NAV, currency="EUR")}, "the price is in USD, the NAV in EUR"),
        ({"value": replace(NAV, basis=Basis.CUM)}, "the price is ex, the NAV cum"),
        ({"value": replace(NAV, amount=0)}, "the net asset value is 0"),
    ],
)
def test_a_premium_that_cannot_be_had(further, reason):
    """Law 95."""
    assert over_nav(**further).text == reason
