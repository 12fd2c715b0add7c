"""indices.py: levels, divisors that do not move them, income reinvested, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.indices import (
    Basket,
    Delisted,
    Delisting,
    Index,
    Method,
    MissingPrice,
    Paid,
    Priced,
    Rebalance,
    Weighting,
    rebalanced,
)
from prorata.errors import InputError
from tests.prorata.analysis.made import DAY, second

BASE = second("2027-01-31")
METHOD = Method(
    name="Income",
    currency="USD",
    weighting=Weighting.CAP,
    base=BASE,
    base_level=Fraction(1_000),
    universe=BASE,
    missing_price=MissingPrice.CARRY,
    oldest=5 * DAY,
    delisting=Delisting.LAST_PRICE,
)
AB = {"A": Fraction(100), "B": Fraction(50)}
PRICES = st.integers(1, 10**6).map(lambda cents: Fraction(cents, 100))


def prices(*rows: dict[str, int]) -> list[Priced]:
    """One row a day."""
    return [
        Priced(BASE + n * DAY, name, Fraction(price))
        for n, row in enumerate(rows)
        for name, price in row.items()
    ]


def shown(index: Index) -> list[tuple[str, str]]:
    return [(point.price.text, point.total.text) for point in index.levels()]


# ------------------------------------------------------------------------------------------- levels


def test_a_level_is_value_over_divisor():
    """The first is the base; quantities stay as they are."""
    index = Index(METHOD, AB, prices({"A": 10, "B": 20}, {"A": 11, "B": 20}, {"A": 11, "B": 10}))
    assert shown(index) == [("1,000.00",) * 2, ("1,050.00",) * 2, ("800.00",) * 2]
    assert index.log == []
    assert index.levels()[1].price.inputs == {"divisor": "2", "members": "2"}


def test_quantities_and_a_divisor_as_an_r_package_gives_them():
    """Five coins of IndexConstruction's manual: their divisor is the value over the level.

    Its prices are in a binary file; with other ones the level is still sum(p q) / divisor.
    """
    quantities = dict(
        zip(
            ("btc", "eth", "xrp", "ltc", "xmr"),
            map(Fraction, (16_136_712, 88_440_036, 36_856_524_148, 49_589_181, 13_859_864)),
            strict=True,
        )
    )
    basket = Basket(quantities, Fraction(17_185_084))
    at = dict(zip(quantities, map(Fraction, ("1000", "10", "0.006", "4", "13")), strict=True))
    value = 16_136_712_000 + 884_400_360 + Fraction("221139144.888") + 198_356_724 + 180_178_232
    assert basket.level(at) == value / 17_185_084


def test_members_in_equal_parts():
    """Each is worth as much at the base: the level is the mean of what prices became."""
    method = replace(METHOD, weighting=Weighting.EQUAL)
    index = Index(method, AB, prices({"A": 10, "B": 20}, {"A": 20, "B": 10}))
    assert shown(index)[1][0] == "1,250.00"


def test_income_is_reinvested_in_the_whole_basket():
    """Dividend points are sum(income x quantity) / divisor; the price index does not have them."""
    rows = prices({"A": 10, "B": 20}, {"A": 9, "B": 20}, {"A": 9, "B": 40})
    index = Index(METHOD, AB, rows, income=[Paid(BASE + DAY, "A", Fraction(1))])
    points = index.levels()
    assert [point.price.known for point in points] == [1_000, 950, 1_450]
    assert [point.total.known for point in points] == [1_000, 1_000, Fraction(1_000 * 1_450, 950)]
    foreign = Index(METHOD, AB, rows, income=[Paid(BASE + DAY, "C", Fraction(1))])
    assert foreign.levels()[-1].total.known == 1_450


# ------------------------------------------------------------------------------------------ changes


def test_a_rebalance_does_not_move_the_level_and_is_in_the_log():
    """Law 96."""
    rows = prices(
        {"A": 10, "B": 20, "C": 5}, {"A": 11, "B": 20, "C": 5}, {"A": 11, "B": 20, "C": 6}
    )
    change = Rebalance(BASE + DAY, {"B": Fraction(50), "C": Fraction(1_000)}, BASE)
    index = Index(METHOD, AB, rows, rebalances=[change])
    levels = [point.price.known for point in index.levels()]
    assert levels == [1_000, 1_050, 1_050 * Fraction(7_000, 6_000)]
    [line] = index.log
    assert (line.what, line.level) == ("rebalanced; in: C; out: A", 1_050)
    assert (line.before.divisor, line.after.divisor) == (2, Fraction(6_000, 1_050))
    assert index.levels()[2].price.known == levels[2]  # the same again
    assert len(index.log) == 1


def test_members_in_equal_parts_are_so_again_after_a_rebalance():
    method = replace(METHOD, weighting=Weighting.EQUAL)
    rows = prices({"A": 10, "B": 20}, {"A": 20, "B": 10}, {"A": 40, "B": 10})
    index = Index(method, AB, rows, rebalances=[Rebalance(BASE + DAY, AB, BASE)])
    assert [point.price.known for point in index.levels()] == [1_000, 1_250, 1_875]


def test_a_member_is_delisted_at_its_last_price():
    """Law 96: the level stays; what is left goes on."""
    rows = prices({"A": 10, "B": 20}, {"A": 11, "B": 10}, {"A": 22})
    index = Index(METHOD, AB, rows, delisted=[Delisted(BASE + DAY, "B")])
    assert [point.price.known for point in index.levels()] == [1_000, 800, 1_600]
    assert index.log[0].what == "B delisted at last price"


def test_a_member_that_is_worth_nothing_takes_the_level_down():
    method = replace(METHOD, delisting=Delisting.NOTHING)
    rows = prices({"A": 10, "B": 20}, {"A": 11, "B": 10}, {"A": 22})
    index = Index(method, AB, rows, delisted=[Delisted(BASE + DAY, "B")])
    points = index.levels()
    assert [point.price.known for point in points] == [1_000, 800, 1_100]
    assert points[2].total.known == 1_100
    assert (index.log[0].what, index.log[0].level) == ("B delisted at nothing", 550)


@given(
    st.lists(st.tuples(PRICES, PRICES, PRICES), min_size=3, max_size=6),
    st.lists(st.tuples(PRICES, PRICES, PRICES), min_size=1, max_size=6),
    st.sampled_from(list(Weighting)),
)
def test_no_change_of_members_moves_a_level(rows, quantities, weighting):
    """Law 96: of prices and total return, in fractions, whatever comes and goes."""
    names = ("A", "B", "C")
    given_prices = prices(*(dict(zip(names, row, strict=True)) for row in rows))
    changes = [
        Rebalance(BASE + (n + 1) * DAY, dict(zip(names[n % 2 :], one, strict=False)), BASE)
        for n, one in enumerate(quantities[: len(rows) - 2])
    ]
    members = dict(zip(names, map(Fraction, (3, 2, 1)), strict=True))
    method = replace(METHOD, weighting=weighting)
    index = Index(method, members, given_prices, rebalances=changes)
    points = {point.time: point.price.known for point in index.levels()}
    assert len(index.log) == len(changes)
    for line in index.log:
        at = {one.member: one.price for one in given_prices if one.time == line.time}
        assert line.before.level(at) == line.after.level(at) == line.level == points[line.time]
    for point in index.levels():
        assert point.total.known == point.price.known  # nothing was paid


@given(
    st.lists(st.tuples(PRICES, PRICES), min_size=2, max_size=6),
    st.integers(1, 10**6).map(lambda n: Fraction(n, 1_000)),
)
def test_a_level_does_not_depend_on_the_unit_of_prices_or_quantities(rows, scale):
    """Law 96: the divisor takes it up."""
    base = [dict(zip("AB", row, strict=True)) for row in rows]
    levels = [point.price.known for point in Index(METHOD, AB, prices(*base)).levels()]
    dearer = prices(*({name: price * scale for name, price in row.items()} for row in base))
    assert [point.price.known for point in Index(METHOD, AB, dearer).levels()] == levels
    more = {name: quantity * scale for name, quantity in AB.items()}
    assert [point.price.known for point in Index(METHOD, more, prices(*base)).levels()] == levels


@given(
    st.lists(st.tuples(PRICES, PRICES), min_size=2, max_size=6),
    st.lists(st.integers(0, 10_000).map(lambda cents: Fraction(cents, 100)), max_size=5),
)
def test_the_total_return_of_one_member_is_that_of_its_share(rows, gross):
    """Law 97: an index of one asset goes as `growth` does, (P_t + D_t) / P_(t-1)."""
    one = prices(*({"A": row[0]} for row in rows))
    income = [
        Paid(BASE + (n + 1) * DAY, "A", paid) for n, paid in enumerate(gross[: len(rows) - 1])
    ]
    index = Index(METHOD, {"A": Fraction(7)}, one, income=income)
    level = Fraction(1_000)
    for n, point in enumerate(index.levels()[1:]):
        paid = gross[n] if n < len(income) else 0
        level *= (rows[n + 1][0] + paid) / rows[n][0]
        assert point.total.known == level


# --------------------------------------------------------------------------------------- what lacks


def test_a_price_is_carried_as_long_as_the_method_says():
    rows = prices({"A": 10, "B": 20}, *({"A": 10 + n} for n in range(1, 8)))
    points = Index(METHOD, AB, rows).levels()
    assert points[5].price.text == "1,250.00"
    assert points[6].price.text == "a price of B that is 6 days old"
    assert points[6].total.value is None


def test_a_method_that_carries_nothing_leaves_the_level_blank():
    """Law 95."""
    method = replace(METHOD, missing_price=MissingPrice.BLANK)
    rows = prices({"A": 10, "B": 20}, {"A": 11}, {"A": 11, "B": 20})
    points = Index(method, AB, rows).levels()
    assert points[1].price.text == "no price of B, and the method carries none"
    assert points[2].price.text == "1,050.00"


def test_income_of_a_blank_day_comes_in_with_the_next_level():
    method = replace(METHOD, missing_price=MissingPrice.BLANK)
    rows = prices({"A": 10, "B": 20}, {"A": 11}, {"A": 9, "B": 20})
    index = Index(method, AB, rows, income=[Paid(BASE + DAY, "A", Fraction(1))])
    assert index.levels()[2].total.known == 1_000


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        (
            {"rebalances": [Rebalance(BASE + 9 * DAY, AB, BASE)]},
            (
                'change: "2027-02-09T00:00:00Z" has no price of any member; '
                "name a time that has prices"
            ),
        ),
        (
            {"rebalances": [Rebalance(BASE + DAY, {"C": Fraction(1)}, BASE)]},
            (
                'rebalance: "2027-02-01T00:00:00Z" has no price of C; '
                "give the price of every member at a rebalance"
            ),
        ),
        (
            {"delisted": [Delisted(BASE + DAY, "C")]},
            'delisting: "C" is no member at that time; name one that is',
        ),
        (
            {"members": {"C": Fraction(1)}},
            'base: "2027-01-31T00:00:00Z" has no price of C; give every price at it',
        ),
        (
            {"members": {"A": Fraction(1)}, "delisted": [Delisted(BASE + DAY, "A")]},
            (
                'members: "no member" is worth nothing at the prices of the change; '
                "keep members with a price"
            ),
        ),
        (
            {"method": replace(METHOD, base=BASE - DAY, universe=BASE - DAY)},
            'base: "2027-01-30T00:00:00Z" has no price of any member; name a time that has prices',
        ),
        (
            {
                "method": replace(METHOD, missing_price=MissingPrice.BLANK),
                "prices": prices({"A": 10, "B": 20}, {"A": 11}),
                "delisted": [Delisted(BASE + DAY, "B")],
            },
            (
                'change: "2027-02-01T00:00:00Z" has no price of B, and the method carries none; '
                "give every price at the time of a change"
            ),
        ),
    ],
)
def test_an_index_that_is_refused(further, sentence):
    settings = {
        "method": METHOD,
        "members": AB,
        "prices": prices({"A": 10, "B": 20}, {"A": 11, "B": 20}),
        **further,
    }
    with pytest.raises(InputError) as refused:
        Index(**settings).levels()
    assert str(refused.value) == sentence


def test_members_that_were_known_only_later_are_refused():
    """Levels before the universe's date would be of members chosen with what came later."""
    with pytest.raises(
        InputError, match="is before the universe of 2027-02-01T00:00:00Z was known"
    ):
        replace(METHOD, universe=BASE + DAY)
    with pytest.raises(InputError, match="is before its universe of 2027-02-01T00:00:00Z was kno"):
        Rebalance(BASE, AB, BASE + DAY)
    with pytest.raises(InputError, match='level: "0" is no level'):
        replace(METHOD, base_level=Fraction(0))


def test_a_basket_of_nothing_has_no_divisor():
    with pytest.raises(InputError, match="worth nothing at the prices of the change"):
        rebalanced(
            Basket(AB, Fraction(1)), {"A": Fraction(0)}, {"A": Fraction(1), "B": Fraction(1)}
        )
