"""Prices and sizes of calls in words: exact, or refused with what would be exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.market.calls.ladders import WrittenPrices, prices_around, prices_of
from prorata.market.calls.units import CallUnits, step_of
from prorata.values.amounts import Unit
from tests.prorata.conftest import refused

DOLLARS, SHARES = Unit("USD", 6), Unit("QUAY9", 2)
WHOLE = CallUnits(SHARES, 100, (DOLLARS,))
TENTH = CallUnits(SHARES, 10, (DOLLARS,))


# ------------------------------------------------------------------------------------------ sizes


def test_shares_are_lots_and_lots_are_shares():
    assert WHOLE.lots_in("shares", "1,040") == 1_040
    assert TENTH.lots_in("shares", "0.1") == 1
    assert TENTH.shares(14) == "1.40 QUAY9"


@pytest.mark.parametrize(
    ("units", "text", "sentence"),
    [
        (
            WHOLE,
            "1.5",
            'shares: "1.5" is no whole number of lots of 1 QUAY9; write 1.00 QUAY9 or 2.00 QUAY9',
        ),
        (
            TENTH,
            "0.25",
            (
                'shares: "0.25" is no whole number of lots of 0.1 QUAY9; write 0.20 QUAY9 or '
                "0.30 QUAY9"
            ),
        ),
        (WHOLE, "0", 'shares: "0" is nothing; write at least 1'),
        (
            WHOLE,
            "1.005",
            (
                'shares: "1.005" has 3 decimals and only 2 exist; write at most 2 digits after the '
                "point"
            ),
        ),
        (
            WHOLE,
            "-3",
            'shares: "-3" is negative; write an amount without a sign such as 1500.25',
        ),
    ],
)
def test_what_is_no_whole_number_of_lots_is_refused(units, text, sentence):
    assert refused(units.lots_in, "shares", text) == sentence


# ------------------------------------------------------------------------------------------ prices


def test_the_price_of_a_share_is_that_of_a_lot():
    assert WHOLE.price_in("price", "100.25") == 100_250_000
    assert TENTH.price_in("price", "100.25") == 10_025_000
    assert TENTH.price_in("price", "100.25", per_lot=True) == 100_250_000
    assert TENTH.exact_price(10_025_000) == Fraction(401, 4)
    assert TENTH.price(10_025_000) == "100.25 USD a share"


def test_a_lot_that_costs_a_part_of_the_smallest_unit_is_refused():
    assert refused(TENTH.price_in, "price", "0.000001") == (
        'price: "0.000001" makes a lot of 0.1 QUAY9 cost between 0.000000 and 0.000001 USD, and '
        "less than the smallest unit cannot be paid; give a price with fewer decimals"
    )
    assert refused(WHOLE.price_in, "price", "0") == 'price: "0" is nothing; give a price above 0'


def test_a_ladder_goes_from_a_price_to_another_in_steps():
    written = WrittenPrices(low="90.00", high="110.00", step="0.50")
    prices = prices_of(written, WHOLE, "price")
    assert (prices.first, prices.increment, prices.steps) == (90_000_000, 500_000, 41)
    one = prices_of(WrittenPrices(at="100.00"), WHOLE, "price")
    assert (one.first, one.increment, one.steps) == (100_000_000, 0, 1)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            WrittenPrices(),
            (
                'price: "" has no price; write at: one price, or from:, to: and step:, or around: '
                "a reference price"
            ),
        ),
        (
            WrittenPrices(at="1", around="2"),
            (
                'price: "" has both at and around; write at: one price, or from:, to: and step:, '
                "or around: a reference price"
            ),
        ),
        (
            WrittenPrices(low="90", high="110"),
            'price.step: "" is missing beside from; write from:, to: and step:',
        ),
        (
            WrittenPrices(low="110", high="90", step="1"),
            'price.to: "90" is not above 110; write the higher price there',
        ),
        (
            WrittenPrices(low="90", high="110", step="3"),
            (
                'price.step: "3" does not lead from 90 to 110 in whole steps; give another step, '
                "or end"
            ),
        ),
        (
            WrittenPrices(low="1", high="301", step="1"),
            'price.step: "1" makes 301 prices, and a call has at most 255; give a larger step',
        ),
        (
            WrittenPrices(at="100,00"),
            (
                'price.at: "100,00" has separators that do not stand between groups of three '
                "digits; write 1500.25, or 1,500 with one kind of separator every three digits"
            ),
        ),
    ],
)
def test_what_is_no_ladder_is_refused(written, sentence):
    assert refused(prices_of, written, WHOLE, "price") == sentence


@given(st.integers(1, 10**30))
def test_prices_around_a_reference_reach_a_quarter_below_and_above_it(reference):
    """255 steps or fewer, the reference is one of them, and none is nothing."""
    prices = prices_around(reference)
    last = prices.first + (prices.steps - 1) * prices.increment
    assert 1 <= prices.steps <= 255
    assert prices.first >= 1
    assert (reference - prices.first) % prices.increment == 0
    assert 4 * last >= 5 * reference
    assert 4 * prices.first <= 3 * reference or prices.first <= prices.increment
    if reference >= 10_000:
        assert prices.steps == 255
        assert abs(last - reference - (reference - prices.first)) == 0


# -------------------------------------------------------------------------------------- the limit


class Terms:
    """As much of terms as a limit needs."""

    def __init__(self, prices) -> None:
        self.ladders, self.steps = (prices.ladder("0x"),), prices.steps
        self.last_step = prices.steps - 1


LADDER = Terms(prices_of(WrittenPrices(low="90.00", high="110.00", step="0.50"), WHOLE, "price"))
FIXED = Terms(prices_of(WrittenPrices(at="100.00"), WHOLE, "price"))


def test_a_limit_is_a_step_of_the_ladder():
    assert step_of(WHOLE, LADDER, 90_000_000) == 0
    assert step_of(WHOLE, LADDER, 110_000_000) == 40
    assert step_of(WHOLE, FIXED, 100_000_000) == 0


@pytest.mark.parametrize(
    ("terms", "price", "sentence"),
    [
        (
            LADDER,
            111_000_000,
            (
                'price: "111.00 USD" is outside the ladder, 90.00 USD to 110.00 USD a share; give '
                "a price within it"
            ),
        ),
        (
            LADDER,
            100_250_000,
            (
                'price: "100.25 USD" is between two prices of the ladder; give 100.00 USD a share '
                "or 100.50 USD a share"
            ),
        ),
        (
            FIXED,
            99_000_000,
            'price: "99.00 USD" is not the price, which is 100.00 USD a share; leave --price out',
        ),
    ],
)
def test_a_limit_that_is_no_step_is_refused(terms, price, sentence):
    assert refused(step_of, WHOLE, terms, price) == sentence
