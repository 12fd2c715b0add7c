"""What holders are entitled to: to the unit, by a law that knows nothing of the vault's amounts."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prorata.apportion import apportion
from prorata.errors import InputError
from prorata.market.actions.entitlements import cash_in_lieu, entitlements
from prorata.market.actions.ratios import Ratio, parse_ratio

BALANCES = st.dictionaries(
    st.sampled_from([f"0x{number:02d}" for number in range(12)]),
    st.one_of(st.integers(0, 30), st.integers(0, 10**20)),
    min_size=1,
)
RATIOS = st.builds(Fraction, st.integers(1, 40), st.integers(1, 40))


def test_103_shares_one_for_four_become_128():
    done = entitlements({"one": 103}, Fraction(1, 4))
    assert (done.amount, done.shares, done.fractions) == (25, 25, Fraction(3, 4))


def test_small_holders_get_what_a_plain_division_would_lose():
    """25 divided over 103 shares gives a holder of four nothing; it is entitled to one."""
    done = entitlements({"large": 99, "small": 4}, Fraction(1, 4))
    assert done.amount == 26
    assert [(line.shares, line.topped_up) for line in done.lines] == [(24, 0), (1, 0)]
    assert done.remainder == 1


def test_where_no_amount_serves_everybody_the_small_ones_are_topped_up():
    done = entitlements({"a": 7, "b": 4, "c": 2}, Fraction(1, 4))
    assert [line.shares for line in done.lines] == [1, 1, 0]
    assert [line.holder for line in done.topped_up] == ["b"]
    assert done.shares == sum(line.paid for line in done.lines) + 1


@settings(max_examples=400, deadline=None)
@given(BALANCES, RATIOS, st.sets(st.sampled_from(["0x00", "0x01"])))
def test_everybody_gets_exactly_its_entitlement(balances, ratio, excluded):
    earning = {h: held for h, held in balances.items() if held and h not in excluded}
    exact = {holder: held * ratio for holder, held in earning.items()}
    if not any(share >= 1 for share in exact.values()):
        with pytest.raises(InputError, match="gives none"):
            entitlements(balances, ratio, excluded)
        return
    done = entitlements(balances, ratio, excluded)
    assert {line.holder for line in done.lines} == set(earning)
    for line in done.lines:
        assert line.shares + line.fraction == exact[line.holder]
        assert 0 <= line.fraction < 1
        assert line.topped_up in (0, 1)
    # The vault's own law gives what the plan says that it pays.
    law = apportion(done.amount, earning)
    assert law.gross == {line.holder: line.paid for line in done.lines}
    assert law.remainder == done.remainder < len(earning)
    assert done.shares + done.fractions == sum(exact.values())


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 10**6),
    RATIOS,
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**6), max_size=6),
)
def test_splitting_a_holding_over_wallets_gains_nothing(held, ratio, price, cuts):
    """J27: less than a share is lost by each wallet, and fractions pay at most what they are."""
    ends = sorted({0, held, *(cut % held for cut in cuts)})
    parts = {str(n): b - a for n, (a, b) in enumerate(pairwise(ends))}
    if all(part * ratio < 1 for part in parts.values()):
        return
    whole, split = entitlements({"0": held}, ratio), entitlements(parts, ratio)
    assert split.shares <= whole.shares
    assert whole.shares - split.shares < len(parts)
    paid = sum(cash_in_lieu(line, price, 1) for line in split.lines)
    assert paid <= split.fractions * price
    assert split.shares * price + paid <= held * ratio * price


def test_what_the_vault_has_left_over_is_used_first():
    """As far as that leaves everybody with its entitlement; else it is refused."""
    done = entitlements({"a": 5, "b": 5}, Fraction(1, 2), carried=4)
    assert (done.amount, [line.paid for line in done.lines]) == (5, [2, 2])
    with pytest.raises(InputError, match="left over in the vault, and this hands out 5 at most"):
        entitlements({"a": 5, "b": 5}, Fraction(1, 2), carried=5)


def test_an_even_split_leaves_no_fraction():
    done = entitlements({"a": 7, "b": 4, "c": 2}, Fraction(1))
    assert (done.amount, done.remainder, done.fractions) == (13, 0, 0)


def test_ratios_are_read_in_lowest_terms():
    assert str(parse_ratio("6:4")) == "3:2"
    assert Ratio(1, 4).units(decimals_given=0, decimals_held=2) == Fraction(1, 400)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("3", "no ratio"),
        ("3/2", "no ratio"),
        ("0:2", "zero"),
        ("1:0", "zero"),
        ("-1:2", "no ratio"),
    ],
)
def test_what_is_no_ratio_is_refused(text, rule):
    with pytest.raises(InputError, match=rule):
        parse_ratio(text)
