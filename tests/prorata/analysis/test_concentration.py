"""concentration.py: published examples, what changes nothing, and bounds that hold."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.analysis.concentration import (
    HIDDEN,
    Held,
    Part,
    Shares,
    by_person,
    by_wallet,
    concentration,
    concentrations,
    gini,
    hhi,
    lorenz,
    nakamoto,
    top_share,
)
from prorata.errors import InputError
from tests.prorata.analysis.made import second

NOW = second("2027-12-31")
SHARES = st.lists(st.integers(1, 10**12), min_size=1, max_size=30)


# ------------------------------------------------------------------------------- published examples


def test_the_example_of_the_department_of_justice():
    """Four firms of 30, 30, 20 and 20 per cent: 2,600."""
    assert hhi([30, 30, 20, 20]) == 2_600
    assert hhi([7]) == 10_000


@pytest.mark.parametrize(
    ("held", "value"),
    [((1, 2, 3, 4), Fraction(1, 4)), ((0, 0, 0, 1), Fraction(3, 4)), ((5, 5, 5), Fraction(0))],
)
def test_examples_of_gini(held, value):
    assert gini(held) == value


def test_a_lorenz_curve():
    quarters = [Fraction(n, 4) for n in range(5)]
    parts = [Fraction(n, 10) for n in (0, 1, 3, 6, 10)]
    assert lorenz([4, 1, 3, 2]) == list(zip(quarters, parts, strict=True))


def test_the_fewest_with_more_than_half_and_the_largest():
    assert [nakamoto([30, 30, 20, 20]), nakamoto([50, 50]), nakamoto([51, 49])] == [2, 2, 1]
    assert nakamoto([30, 30, 20, 20], Fraction(2, 3)) == 3
    assert top_share([30, 30, 20, 20], 3) == Fraction(4, 5)


# --------------------------------------------------------------------------------------------- laws


@given(SHARES, st.integers(1, 10**6), st.randoms(use_true_random=False))
def test_order_and_unit_change_nothing(held, times, random):
    """Law 99: a split of all shares, or another order, leaves each figure as it is."""
    mixed = [one * times for one in held]
    random.shuffle(mixed)
    for measure in (hhi, gini, nakamoto):
        assert measure(mixed) == measure(held)
    assert lorenz(mixed) == lorenz(held)


@given(SHARES)
def test_a_second_population_like_the_first_leaves_the_gini(held):
    """Law 99: and halves the HHI."""
    assert gini(held * 2) == gini(held)
    assert hhi(held * 2) * 2 == hhi(held)


@given(SHARES, st.data())
def test_a_holder_who_splits_lowers_the_hhi_by_twice_the_product(held, data):
    """Law 99: (a + b)^2 is a^2 + b^2 + 2 a b."""
    assume(held[0] > 1)
    part = data.draw(st.integers(1, held[0] - 1))
    split = [part, held[0] - part, *held[1:]]
    fall = Fraction(20_000 * part * (held[0] - part), sum(held) ** 2)
    assert hhi(split) == hhi(held) - fall


@given(SHARES)
def test_the_gini_is_twice_the_area_over_the_lorenz_curve(held):
    """Law 99: less its width of 1 / n."""
    curve = lorenz(held)
    area = sum(
        ((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(curve)),
        Fraction(0),
    )
    assert gini(held) == 1 - 2 * area
    assert 0 <= gini(held) < 1
    assert Fraction(10_000, len(held)) <= hhi(held) <= 10_000


# ------------------------------------------------------------------------------ persons and wallets

WALLETS = (
    Held("a", 30, "Ann"),
    Held("b", 10, "Ann"),
    Held("c", 20, "Ben"),
    Held("d", 40),
    Held("e", 500, None, Part.POOL),
    Held("f", 700, "issuer", Part.TREASURY),
    Held("g", 0, "Cem"),
)


def test_wallets_of_a_person_are_one_holder():
    """Pools and the issuer's own shares are apart; a wallet that nobody has is one for itself."""
    assert by_wallet(WALLETS) == Shares((40, 30, 20, 10))
    assert by_person(WALLETS) == Shares((40, 40, 20))
    named_like_a_wallet = (Held("a", 1), Held("b", 1, "a"))
    assert by_person(named_like_a_wallet) == Shares((1, 1))


def test_all_figures_of_seen_holdings():
    found = concentration(by_person(WALLETS), {"pool": 500, "treasury": 700}, as_of=NOW)
    shown = {name: figure.text for name, figure in found.figures.items()}
    assert shown == {
        "HHI": "3,600.00",
        "effective holders": "2.78",
        "Nakamoto": "2",
        "top 1": "40.00%",
        "top 5": "100.00%",
        "top 10": "100.00%",
        "Gini": "0.1333",
    }
    assert found["HHI"].n == 3
    assert (found.apart["treasury"], len(found.lorenz)) == (700, 4)


def test_wallets_and_persons_are_both_shown():
    found = concentrations(WALLETS, as_of=NOW)
    assert {name: one["HHI"].text for name, one in found.items()} == {
        "wallet": "3,000.00",
        "person": "3,600.00",
    }
    assert found["person"].apart == {"pool": 500, "treasury": 700}


def test_an_omnibus_account_gives_bounds_and_no_person():
    """Law 100."""
    holdings = (*WALLETS[:4], Held("o", 100, "Custodian", Part.OMNIBUS))
    found = concentration(by_person(holdings), {}, as_of=NOW)
    shown = {name: figure.text for name, figure in found.figures.items()}
    assert shown == {
        "HHI, at least": "925.00",
        "HHI, at most": "5,400.00",
        "effective holders, at least": "1.85",
        "effective holders, at most": "10.81",
        "Nakamoto, at least": "1",
        "Nakamoto, at most": "4",
        "top 1, at least": "20.00%",
        "top 1, at most": "70.00%",
        "top 5, at least": "51.00%",
        "top 5, at most": "100.00%",
        "top 10, at least": "53.50%",
        "top 10, at most": "100.00%",
        "Gini": HIDDEN,
    }
    assert found.lorenz == ()
    assert by_wallet(holdings).known[0] == 100


def test_nobody_is_not_concentrated():
    """Law 95."""
    found = concentration(Shares(()), {}, as_of=NOW)
    assert {figure.text for figure in found.figures.values()} == {"nobody holds shares"}
    only_hidden = concentration(Shares((), 10), {}, as_of=NOW)
    assert (only_hidden["HHI, at least"].text, only_hidden["HHI, at most"].text) == (
        "1,000.00",
        "10,000.00",
    )


def test_a_wallet_cannot_hold_less_than_nothing():
    with pytest.raises(InputError, match='"-1" is negative'):
        Held("a", -1)


@given(
    st.lists(st.integers(1, 50), max_size=8),
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 20)), min_size=1, max_size=12),
)
def test_whoever_is_behind_an_omnibus_account_the_bounds_hold(known, behind):
    """Law 100: hidden shares go to persons who are known, or to others, in any way."""
    hidden = sum(shares for _, shares in behind)
    figures = concentration(Shares(tuple(sorted(known, reverse=True)), hidden), {}, as_of=NOW)
    held = dict(enumerate(known))
    for person, shares in behind:
        held[person] = held.get(person, 0) + shares
    true = list(held.values())
    measured = {
        "HHI": hhi(true),
        "effective holders": 10_000 / hhi(true),
        "Nakamoto": nakamoto(true),
        "top 1": top_share(true, 1),
        "top 5": top_share(true, 5),
        "top 10": top_share(true, 10),
    }
    for name, value in measured.items():
        assert figures[f"{name}, at least"].known <= value <= figures[f"{name}, at most"].known
