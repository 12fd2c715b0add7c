"""Lots, first in first out: examples, and the laws that hold for every history."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import BooksError
from prorata.ledger.lots import Lot, LotPart, Lots, gain_of

USD, ETH = "0x" + "a" * 40, "0x" + "b" * 40


def at(second: int) -> tuple[int, int, int]:
    return second, 0, 0


def lot(second: int, shares: int, cost: int | None = None, currency: str = USD) -> Lot:
    return Lot(at(second), shares, "purchase", cost, currency)


# --------------------------------------------------------------------------------------- examples


def test_the_oldest_shares_are_sold_first():
    lots: Lots[str] = Lots()
    lots.acquire("ada", lot(1, 10, 1_000))
    lots.acquire("ada", lot(2, 5, 600))
    sold = lots.take("ada", 12)
    assert [(part.acquired_at[0], part.shares, part.cost) for part in sold] == [
        (1, 10, 1_000), (2, 2, 240),
    ]  # fmt: skip
    assert gain_of(1_500, USD, sold) == (1_240, 260)
    assert lots.shares("ada") == 3
    assert gain_of(300, USD, lots.take("ada", 3)) == (360, -60)
    assert list(lots) == []


def test_a_cost_that_does_not_divide_is_used_up_to_the_unit():
    lots: Lots[str] = Lots()
    lots.acquire("ada", lot(1, 3, 100))
    assert [part.cost for _ in range(3) for part in lots.take("ada", 1)] == [33, 33, 34]


def test_no_gain_is_made_up_where_a_cost_is_not_known():
    lots: Lots[str] = Lots()
    lots.acquire("ada", lot(1, 1, None))
    lots.acquire("ada", lot(2, 1, 100))
    assert gain_of(500, USD, lots.take("ada", 2)) is None


def test_no_gain_is_made_up_between_two_currencies():
    assert gain_of(500, USD, [LotPart.whole(lot(1, 1, 100, ETH))]) is None


def test_what_moves_to_a_persons_other_wallet_keeps_its_age_and_cost():
    lots: Lots[str] = Lots()
    lots.acquire("lost", lot(1, 10, 1_000))
    lots.acquire("new", lot(2, 5, 700))
    lots.move("lost", "new", 10)
    assert [(part.acquired_at[0], part.cost) for part in lots.of("new")] == [(1, 1_000), (2, 700)]
    lots.move("new", "new", 15)
    assert lots.shares("new") == 15
    assert lots.shares("lost") == 0


def test_a_part_that_comes_back_is_one_with_the_rest_of_its_lot():
    lots: Lots[str] = Lots()
    lots.acquire("ada", lot(1, 10, 100))
    lots.move("ada", "custody", 4)
    assert [(part.first, part.shares) for part in lots.of("ada")] == [(4, 6)]
    lots.move("custody", "ada", 4)
    assert [(part.first, part.shares) for part in lots.of("ada")] == [(0, 10)]


@pytest.mark.parametrize("shares", [11, -1])
def test_more_than_there_is_cannot_be_taken_and_nothing_is(shares):
    lots: Lots[str] = Lots()
    lots.acquire("ada", lot(1, 10, 100))
    with pytest.raises(BooksError, match=f"{shares} shares leave ada, whose lots are 10"):
        lots.take("ada", shares)
    assert lots.shares("ada") == 10


# ------------------------------------------------------------------------------------------- laws

ACCOUNTS = st.sampled_from("abcd")
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("acquire"), ACCOUNTS, st.integers(1, 50), st.none() | st.integers(0, 10_000)
        ),
        st.tuples(st.just("sell"), ACCOUNTS, ACCOUNTS, st.integers(0, 80)),
        st.tuples(st.just("move"), ACCOUNTS, ACCOUNTS, st.integers(0, 80)),
    ),
    max_size=40,
)


@given(STEPS)
def test_lots_add_up_to_balances_and_costs_to_what_was_paid(steps):
    """Σ lots = balance at all times; the parts of a lot are disjoint and cost what it cost."""
    lots: Lots[str] = Lots()
    balances: Counter[str] = Counter()
    all_of_them: list[Lot] = []
    sold: list[LotPart] = []
    for second, (step, account, *rest) in enumerate(steps):
        if step == "acquire":
            shares, cost = rest
            made = lot(second, shares, cost)
            all_of_them.append(made)
            lots.acquire(account, made)
            balances[account] += shares
        else:
            other, wished = rest
            shares = min(wished, balances[account])
            if step == "move":
                lots.move(account, other, shares)
                balances[account] -= shares
                balances[other] += shares
            else:
                ages = [part.acquired_at for part in lots.of(account)]
                taken = lots.take(account, shares)
                assert [part.acquired_at for part in taken] == ages[: len(taken)]
                sold += taken
                balances[account] -= shares
        for each in "abcd":
            assert lots.shares(each) == balances[each]
            kept = lots.of(each)
            assert list(kept) == sorted(kept)
    present = [part for each in "abcd" for part in lots.of(each)]
    for made in all_of_them:
        parts = sorted(part for part in (*sold, *present) if part.lot is made)
        assert sum(part.shares for part in parts) == made.shares
        assert [part.first for part in parts] == [
            sum(part.shares for part in parts[:place]) for place in range(len(parts))
        ]
        if made.cost is not None:
            assert sum(part.cost or 0 for part in parts) == made.cost


@given(st.integers(1, 1_000), st.integers(0, 10**30), st.data())
def test_the_cost_of_a_part_depends_only_on_where_it_stands(shares, cost, data):
    """Cut anyhow, the first `n` shares of a lot cost the same, within one unit of exact."""
    lots: Lots[str] = Lots()
    lots.acquire("ada", lot(1, shares, cost))
    gone = spent = 0
    while gone < shares:
        part = data.draw(st.integers(1, shares - gone))
        [taken] = lots.take("ada", part)
        gone, spent = gone + part, spent + (taken.cost or 0)
        assert spent == cost * gone // shares
