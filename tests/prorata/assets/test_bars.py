"""Bars of metal and their custody: the file, the fee in metal, deliveries."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.bars import Bar, BarList, grams, parse_bars, read_bars
from prorata.assets.custody import Custody, CustodyTerms, factor_text
from prorata.assets.examples import EXAMPLES
from prorata.errors import InputError

HEADER = "serial,refiner,fineness,weight\n"
TERMS = CustodyTerms.load(EXAMPLES / "gold" / "custody.yaml")

bars = st.lists(
    st.tuples(st.integers(1, 99_999), st.integers(1_000, 13_000_000)), min_size=1, max_size=30
).map(lambda found: BarList(tuple(Bar(f"B{n}", "R", f, w) for n, (f, w) in enumerate(found))))
custodies = st.builds(Custody, bars, st.integers(1, 10**9), st.integers(0, 6)).filter(
    lambda one: one.claimed > 0
)


def test_the_fine_weight_of_a_bar_is_rounded_down_to_the_milligram() -> None:
    [bar] = parse_bars(HEADER + "A1,Norden,999.9,12384.897\n", "bars.csv")
    assert bar == Bar("A1", "Norden", 99_990, 12_384_897)
    assert bar.fine == 12_383_658  # and 0.5103 of a milligram
    assert grams(bar.fine) == "12,383.658"


def test_a_list_is_written_as_it_was_read() -> None:
    """Its hash is published: the text is the same to the byte."""
    path = EXAMPLES / "gold" / "bars.csv"
    assert read_bars(path).text == path.read_text(encoding="utf-8")


def test_every_fault_of_a_list_is_told_at_once() -> None:
    content = HEADER + "A,b,1000,12\nA,b,999.999,0\n,b,0,1.0001\n"
    with pytest.raises(InputError) as refused:
        parse_bars(content, "bars.csv")
    assert [(one.line, one.column) for one in refused.value.problems] == [
        (2, "fineness"), (3, "serial"), (3, "fineness"), (3, "weight"),
        (4, "serial"), (4, "fineness"), (4, "weight"),
    ]  # fmt: skip
    assert "stands on line 2 already; give each bar one line" in str(refused.value)


def test_a_bar_that_is_not_in_the_list_is_not_found() -> None:
    with pytest.raises(InputError, match="is not among the 1 bars of the vault"):
        BarList((Bar("A", "R", 99_990, 1_000),)).bar("B")


def test_a_year_of_the_fee_is_its_part_of_the_metal() -> None:
    held = Custody(BarList((Bar("A", "R", 99_990, 1_000_100_010),)), 10**9, 3)
    year = held.accrued(TERMS, 365)
    assert held.claimed == 1_000_000_000 - 1  # rounded down
    assert year.earned == 3_999_999
    assert factor_text(year.factor) == "0.996000000"


def test_a_delivery_of_too_few_shares_is_refused() -> None:
    small, large = Bar("S", "R", 99_990, 100_000), Bar("L", "R", 99_990, 900_000)
    held = Custody(BarList((small, large)), 1_000_000, 3)
    needed = held.shares_for(small)
    assert needed == 100_000
    assert held.delivered(small, needed).shares == 900_000
    with pytest.raises(InputError, match="are a claim on less than bar S, which takes 100000"):
        held.delivered(small, needed - 1)


def test_no_shares_are_a_claim_on_nothing() -> None:
    held = Custody(BarList((Bar("A", "R", 99_990, 1_000),)), 0, 3)
    with pytest.raises(InputError, match="are a claim on nothing"):
        _ = held.factor


@given(custodies, st.integers(0, 400))
def test_the_fee_makes_the_factor_fall_and_the_metal_is_all_somebodys(
    held: Custody, days: int
) -> None:
    """What shares are a claim on and what the keeper has earned are all the metal (Law 78)."""
    after = held.accrued(TERMS, days)
    assert after.claimed + after.earned == held.bars.fine
    assert after.factor <= held.factor
    assert after.shares == held.shares
    exact = Fraction(held.claimed * TERMS.fee * days, 10_000 * 365)
    assert exact - 1 < after.earned - held.earned <= exact


@given(custodies, st.integers(0, 100_000))
def test_the_keeper_takes_whole_bars_for_no_more_than_it_has_earned(
    held: Custody, days: int
) -> None:
    """A sale of the keeper's moves nobody's factor; what is left pays no other bar (Law 78)."""
    accrued = held.accrued(TERMS, days % 36_500)
    taken = accrued.takeable()
    after = accrued.taken(taken)
    assert after.earned >= 0
    assert after.factor == accrued.factor
    assert set(after.bars) | set(taken) == set(accrued.bars)
    assert all(bar.fine > after.earned for bar in after.bars)


@given(custodies, st.data())
def test_a_delivery_never_makes_the_factor_of_the_others_fall(
    held: Custody, data: st.DataObject
) -> None:
    """And one unit of shares fewer would not be a claim on the whole bar (Law 78)."""
    bar = data.draw(st.sampled_from(held.bars.bars))
    needed = held.shares_for(bar)
    assert needed * held.claimed >= bar.fine * held.shares
    assert (needed - 1) * held.claimed < bar.fine * held.shares or needed == 0
    after = held.delivered(bar, needed)
    if after.shares > 0:
        assert after.factor >= held.factor
