"""Daily factors as weights of a record range: the file, and which record weighs what."""

from __future__ import annotations

from datetime import date, datetime, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import apportion
from prorata.errors import InputError
from prorata.income.factor_weights import Factor, parse_factors, weights_at

HEADER = "date,factor,days\n"


def second(day: int, hour: int = 21) -> int:
    return int(datetime(2026, 3, day, hour, tzinfo=timezone.utc).timestamp())


def test_a_record_weighs_its_factor_times_its_days_in_billionths() -> None:
    content = HEADER + "2026-03-05,0.000119444,1\n2026-03-06,0.000118000,3\n"
    factors = parse_factors(content, "factors.csv")
    assert factors[date(2026, 3, 6)] == Factor(118_000, 3)
    assert weights_at(factors, [second(5), second(6)]) == (119_444, 354_000)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-03-05,0.1,1\n", 'date: "2026-03-05" is there twice; keep one of them'),
        ("2026-03-32,0.1,1\n", "is no date"),
        ("2026-03-06,0.0000000001,1\n", "has 10 decimals and only 9 exist"),
        ("2026-03-06,0,1\n", "is nothing, and a record must weigh something"),
        ("2026-03-06,0.1,0\n", "is not 1 to 31; write how long the record stands"),
        ("2026-03-06,4.3,1\n", "makes a weight of 4300000000, and 4294967295 is the most"),
    ],
)
def test_what_weighs_nothing_or_too_much_is_refused(line: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_factors(HEADER + "2026-03-05,0.1,1\n" + line, "factors.csv")
    assert refused.value.problems[0].line == 3
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([second(5)], '"2026-03-06" has a line in the file and no record in the range'),
        ([second(5), second(6), second(7)], '"2026-03-07" has a record and no line in the file'),
        ([second(5), second(6, 1), second(6)], '"2026-03-06" has two records'),
    ],
)
def test_records_and_lines_are_of_the_same_days(times: list[int], said: str) -> None:
    factors = {date(2026, 3, 5): Factor(1, 1), date(2026, 3, 6): Factor(2, 1)}
    with pytest.raises(InputError) as refused:
        weights_at(factors, times)
    assert said in str(refused.value)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=31),
    st.lists(st.lists(st.integers(0, 10**9), min_size=31, max_size=31), min_size=1, max_size=4),
)
def test_everybody_has_what_its_shares_earned_on_its_days(
    factors: list[int], held: list[list[int]]
) -> None:
    """The income of a month by factors is each holder's factors times shares, summed by the day,
    less than one unit less: whoever came when the yield was low has no part of the days before
    (Law 80).
    """
    balances = {
        str(holder): sum(f * shares for f, shares in zip(factors, days, strict=False))
        for holder, days in enumerate(held)
    }
    total = sum(balances.values())
    if not total:
        return
    unit = 10**5
    amount = total // unit
    paid = apportion(amount, balances)
    for holder, weighted in balances.items():
        exact = Fraction(weighted, unit)
        # The amount is rounded down once, and each part of it once more.
        assert exact - 2 < paid.gross[holder] <= exact
