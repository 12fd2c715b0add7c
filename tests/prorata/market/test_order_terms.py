"""Sizes and prices of orders are exact, or refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.contracts.trade_settlement import TradeOrder
from prorata.market.order_terms import (
    OrderTerms,
    parse_rate,
    price_of,
    price_text,
    shares_of,
    total_at,
    units_for,
)
from prorata.values.amounts import Unit
from tests.prorata.conftest import refused

SHARES, WHOLE, USD = Unit("QUAY9", 2), Unit("HARB12", 0), Unit("USD", 6)
MAKER, SHARE, MONEY = ("0x" + digit * 40 for digit in "123")
SELL = TradeOrder(MAKER, SHARE, MONEY, 100, 300_000, 100, 2_000_000_000, 0, maker_pays=False)
BUY = TradeOrder(MAKER, MONEY, SHARE, 300_000, 100, 3_000, 2_000_000_000, 1 << 63, maker_pays=True)
AMOUNTS = st.integers(1, 2**128 - 1)


def test_a_price_is_for_a_whole_share():
    assert total_at("1,000.00", 100, WHOLE, USD) == 100_000 * 10**6
    assert total_at("0.125", 250, SHARES, USD) == 312_500


def test_a_price_that_comes_to_less_than_a_unit_is_refused_with_the_sums_around_it():
    said = refused(total_at, "0.0000001", 1_005, SHARES, USD)
    assert said == (
        'price: "0.0000001" for each of 10.05 QUAY9 is between 0.000001 and 0.000002 USD in all, '
        "and less than its smallest unit cannot be paid; say with --for what all of them cost, or "
        "give a price with fewer decimals"
    )


@pytest.mark.parametrize(("price", "rule"), [("0", "is nothing"), ("-1", "is negative")])
def test_what_is_no_price_is_refused(price, rule):
    assert rule in refused(total_at, price, 100, WHOLE, USD)


def test_prices_are_shown_exactly_or_called_about():
    assert price_text(price_of(SELL, SHARES, USD), USD) == "0.30"
    assert price_text(Fraction(1, 3), USD) == "about 0.3333333333"
    assert price_text(Fraction(1, 10**8), USD) == "0.00000001"


@pytest.mark.parametrize(("text", "bps"), [("0.25%", 25), ("1%", 100), ("0.01%", 1)])
def test_a_rate_is_in_hundredths_of_a_percent(text, bps):
    assert parse_rate("fee", text) == bps


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.01%", 'fee: "1.01%" is over 1.00%, the most there may be; give 1.00%'),
        ("0.255%", 'fee: "0.255%" has 3 decimals and only 2 exist; write a percentage such as '),
        ("0%", 'fee: "0%" is nothing; leave it out, or give more than 0%'),
        ("25", 'fee: "25" is no percentage; write a percentage such as 0.25%'),
    ],
    ids=("high", "fine", "none", "bare"),
)
def test_what_is_no_rate_is_refused(text, said):
    assert refused(parse_rate, "fee", text).startswith(said)


def test_the_least_of_a_buyer_is_what_those_shares_cost():
    terms = OrderTerms(False, 100, 300_001, MONEY, 1, least=10)
    assert terms.least_fill == 30_000
    assert replace(terms, sells=True).least_fill == 10
    assert replace(terms, least=None).least_fill == 300_001
    assert replace(terms, money=1).least_fill == 1


@given(give=AMOUNTS, take=AMOUNTS, data=st.data())
def test_the_parts_of_an_order_cost_what_all_of_it_costs(give, take, data):
    """However it is cut: when all is given, exactly all is taken."""
    order = replace(SELL, give_amount=give, take_amount=take)
    cuts = sorted(data.draw(st.lists(st.integers(0, give), max_size=6)))
    bounds = [0, *cuts, give]
    parts = [order.cost(a, b - a) for a, b in pairwise(bounds)]
    assert sum(parts) == take
    assert min(parts) >= 0


@given(money=st.integers(1, 2**128 - 1), shares=st.integers(1, 2**96), data=st.data())
def test_a_seller_names_shares_and_the_fill_moves_exactly_so_many(money, shares, data):
    """And for the most money that moves no more of them."""
    money = max(money, shares)
    order = replace(BUY, give_amount=money, take_amount=shares)
    done = data.draw(st.integers(0, money - 1))
    left = shares - order.cost(0, done)
    if left == 0:
        return
    wanted = data.draw(st.integers(1, left))
    amount = units_for(order, done, wanted)
    assert 0 < amount <= money - done
    assert shares_of(order, done, amount) == wanted
    if done + amount < money:
        assert shares_of(order, done, amount + 1) > wanted
