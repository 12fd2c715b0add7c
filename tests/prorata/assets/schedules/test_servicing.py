"""servicing.py, principal.py, roundings.py: whole units, the last of which absorb the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.calendars import Roll, find_calendar
from prorata.assets.day_counts import DayCount
from prorata.assets.schedules import (
    Annuity,
    Basis,
    Bullet,
    Called,
    Claim,
    Cycle,
    Direction,
    EqualParts,
    Fee,
    FixedRate,
    Fixing,
    FloatingRate,
    Grid,
    Instalments,
    Line,
    Listed,
    Principal,
    Rounding,
    SteppedRate,
    accrued_at,
    make_periods,
    round_to,
    service,
)
from prorata.errors import InputError

START = date(2027, 1, 15)


def claim(
    notional: int, years: int, months: int, rate: str, plan: Principal, **further: Any
) -> Claim:
    """A loan or note from 15 January 2027, by 30E/360 unless said otherwise."""
    grid = Grid(START, Cycle(months=12).after(START, years), Cycle(months=months))
    further.setdefault("day_count", DayCount.E_30_360)
    return Claim(
        notional=notional,
        periods=make_periods(grid),
        rate=FixedRate(Fraction(rate) / 100),
        principal=plan,
        **further,
    )


def paid(lines: tuple[Line, ...]) -> list[tuple[int, int]]:
    return [(line.interest, line.principal) for line in lines]


def refusal(what: Claim) -> str:
    with pytest.raises(InputError) as refused:
        service(what)
    return str(refused.value)


# ---------------------------------------------------------------------------------------- roundings


@pytest.mark.parametrize(
    ("value", "up", "even", "down", "away"),
    [("2.5", 3, 2, 2, 3), ("-2.5", -3, -2, -2, -3), ("2.4", 2, 2, 2, 3), ("7", 7, 7, 7, 7),
     ("3.5", 4, 4, 3, 4), ("-0.4", 0, 0, 0, -1)],
)  # fmt: skip
def test_four_directions(value, up, even, down, away):
    directions = (Direction.HALF_UP, Direction.HALF_EVEN, Direction.DOWN, Direction.UP)
    found = [round_to(Fraction(value), direction) for direction in directions]
    assert found == [up, even, down, away]


def test_a_thousand_roundings_or_one():
    """4.125 % on 1,000 units of 1,000.00 for 181 of 360 days: 20.7395833 each."""
    half = Fraction("0.04125") * 181 / 360
    each = Rounding(Basis.PER_UNIT).interest(100_000, 100_000, half)
    once = Rounding(Basis.AGGREGATE).interest(100_000_000, 100_000_000, half)
    assert (each * 1_000, once) == (2_074_000, 2_073_958)


def test_interest_per_calculation_amount():
    """A unit of 5,000.00 counted as five times 1,000.00, each rounded; and as its factor falls."""
    half = Fraction("0.04125") * 181 / 360
    rounding = Rounding(calculation_amount=100_000)
    assert rounding.interest(500_000, 500_000, half) == 5 * 2_074
    assert rounding.interest(300_000, 500_000, half) == 5 * 1_244
    with pytest.raises(InputError) as refused:
        rounding.interest(150_000, 150_000, half)
    assert str(refused.value) == (
        'calculation_amount: "100000" does not divide the notional, 150000; give one that does'
    )


# ----------------------------------------------------------------------------------- plans, by hand


def test_a_bullet():
    """1,000.00 for a year at 5 % in two halves."""
    assert paid(service(claim(100_000, 1, 6, "5", Bullet()))) == [(2_500, 0), (2_500, 100_000)]


def test_a_zero_coupon():
    lines = service(claim(100_000, 5, 60, "0", Bullet()))
    assert paid(lines) == [(0, 100_000)]


def test_equal_parts_and_the_last_absorbs():
    """1,000.00 in three parts of 333.33: the last is 333.34."""
    lines = service(claim(100_000, 3, 12, "6", EqualParts(3)))
    assert paid(lines) == [(6_000, 33_333), (4_000, 33_333), (2_000, 33_334)]


def test_a_part_in_each_period_until_nothing_is_left():
    lines = service(claim(100_000, 3, 12, "0", EqualParts(3, 60_000)))
    assert paid(lines) == [(0, 60_000), (0, 40_000)]


def test_an_annuity_worked_out_by_hand():
    """1,000.00 over three years at 10 %: 1,000 · 1.331 / 3.31 = 402.11 a year."""
    lines = service(claim(100_000, 3, 12, "10", Annuity()))
    assert [line.payment for line in lines] == [40_211, 40_211, 40_213]
    assert paid(lines) == [(10_000, 30_211), (6_979, 33_232), (3_656, 36_557)]


def test_an_annuity_that_a_regulator_published():
    """12 CFR 1026, appendix J (c)(1): 24 monthly payments of 230 for 5,000 are 9.69 % a year, which
    is rounded there."""
    low, high = (
        service(claim(500_000, 2, 1, rate, Annuity()))[0].payment for rate in ("9.685", "9.695")
    )
    assert low <= 23_000 <= high
    assert high - low == 2


def test_an_annuity_is_fixed_anew_when_the_rate_changes():
    """10 % for a year, then 20 %: what is left, 697.89, over two years: 697.89 · 1.44 / 2.2."""
    steps = SteppedRate(((START, Fraction(1, 10)), (date(2028, 1, 15), Fraction(1, 5))))
    lines = service(replace(claim(100_000, 3, 12, "10", Annuity()), rate=steps))
    assert [line.payment for line in lines] == [40_211, 45_680, 45_680]


def test_instalments_that_do_not_cover_the_interest_add_to_what_is_owed():
    """10 % of 1,000.00, of which 80.00 a year is paid."""
    loan = claim(100_000, 3, 12, "10", Instalments(8_000))
    lines = service(loan)
    assert paid(lines) == [(10_000, -2_000), (10_200, -2_200), (10_420, 104_200)]
    assert [line.outstanding for line in lines] == [102_000, 104_200, 0]
    limited = replace(loan, principal=Instalments(8_000, Fraction(103, 100)))
    assert refusal(limited) == (
        'instalment: "8000" leaves 104200 owed at 2029-01-15, over the limit of the terms; give a '
        "larger instalment"
    )


def test_a_sinking_fund():
    """A fifth after two and after three years."""
    dues = {date(2029, 1, 15): 20_000, date(2030, 1, 15): 20_000}
    lines = service(claim(100_000, 4, 12, "5", Listed(dues)))
    assert paid(lines) == [(5_000, 0), (5_000, 20_000), (4_000, 20_000), (3_000, 60_000)]
    assert [line.factor for line in lines] == [1, Fraction(4, 5), Fraction(3, 5), 0]
    wrong = claim(100_000, 4, 12, "5", Listed({date(2029, 1, 16): 1}))
    assert refusal(wrong) == (
        'sinking: "2029-01-16" is no date on which a period ends; give one that is'
    )


def test_principal_may_begin_later_and_come_every_second_time():
    lines = service(
        claim(
            100_000, 3, 6, "0", EqualParts(2),
            principal_from=date(2028, 7, 15), pays_principal_every=2,
        )
    )  # fmt: skip
    assert [line.principal for line in lines] == [0, 0, 50_000, 0, 50_000]


def test_interest_may_be_added_to_the_principal_for_a_time():
    """5 % of 1,000.00 in two halves: 25.00, then 25.63 of 1,025.00."""
    lines = service(claim(100_000, 2, 6, "5", Bullet(), capitalises_until=date(2028, 1, 15)))
    assert [line.capitalised for line in lines] == [2_500, 2_563, 0, 0]
    assert paid(lines) == [(0, 0), (0, 0), (2_627, 0), (2_627, 105_063)]
    assert lines[1].factor == Fraction(105_063, 100_000)


def test_fees_fall_due_beside_what_holders_get():
    fees = (Fee("trustee", rate=Fraction(1, 1000)), Fee("agent", amount=10))
    lines = service(claim(100_000, 1, 6, "5", Bullet(), fees=fees))
    assert [line.fees for line in lines] == [(50, 10), (50, 10)]
    assert [line.payment for line in lines] == [2_500, 102_500]


# ------------------------------------------------------------------------------ calls, open periods


def test_a_call_pays_what_is_outstanding_at_its_price():
    """Called at 101 % on 15 April 2028, a quarter into the third half year."""
    note = claim(100_000, 3, 6, "4", Bullet(), called=Called(date(2028, 4, 15), Fraction("1.01")))
    lines = service(note)
    assert paid(lines) == [(2_000, 0), (2_000, 0), (1_000, 100_000)]
    assert [line.premium for line in lines] == [0, 0, 1_000]
    assert (lines[-1].period.due, lines[-1].payment) == (date(2028, 4, 15), 102_000)
    at_a_date = replace(note, called=Called(date(2028, 1, 15)))
    assert paid(service(at_a_date)) == [(2_000, 0), (2_000, 100_000)]
    late = replace(note, called=Called(date(2031, 1, 15)))
    assert refusal(late) == (
        'called: "2031-01-15" is outside the life of it, 2027-01-15 to 2030-01-15; give a date '
        "within"
    )


def test_what_is_not_fixed_yet_is_not_planned():
    rate = FloatingRate({START: Fraction(1, 20)}, Fixing.IN_ADVANCE)
    note = replace(claim(100_000, 1, 6, "0", Bullet()), rate=rate)
    assert paid(service(note)) == [(2_500, 0)]


def test_nothing_cannot_be_serviced():
    assert refusal(claim(0, 1, 6, "5", Bullet())) == (
        'notional: "0" is no amount to be serviced; give one above zero'
    )


# ------------------------------------------------------------------------------------------ accrued


def test_accrued_interest_at_a_date():
    """Two of six months at 5 % of 1,000.00, and the factor of what has been paid back."""
    note = claim(100_000, 2, 6, "5", EqualParts(4))
    lines = service(note)
    first = accrued_at(note, lines, date(2027, 3, 15))
    assert (first.exact, first.interest, first.factor) == (Fraction(2_500, 3), 833, 1)
    later = accrued_at(note, lines, date(2027, 9, 15))
    assert (later.interest, later.outstanding, later.factor) == (625, 75_000, Fraction(3, 4))
    assert accrued_at(note, lines, START).exact == 0
    with pytest.raises(InputError) as refused:
        accrued_at(note, lines, date(2029, 1, 15))
    assert str(refused.value) == (
        'date: "2029-01-15" is outside the periods that are planned, 2027-01-15 to 2029-01-15; '
        "give a day within them, not the last"
    )


@given(
    days=st.lists(st.integers(0, 1_460), min_size=2, max_size=2).map(sorted),
    day_count=st.sampled_from([DayCount.ACT_360, DayCount.ACT_365F, DayCount.ACT_ACT_ISDA,
                               DayCount.ACT_ACT_ICMA, DayCount.E_30_360]),
)  # fmt: skip
def test_what_accrues_between_two_days_is_the_difference(days, day_count):
    """Within a period; and the whole period is what it pays, before rounding (Law 67)."""
    note = claim(10**9, 4, 6, "5", Bullet(), day_count=day_count)
    lines = service(note)
    first, last = (START + timedelta(days=number) for number in days)
    early, late = accrued_at(note, lines, first), accrued_at(note, lines, last)
    if early.period == late.period:
        assert early.exact <= late.exact
    line = next(one for one in lines if one.period == late.period)
    assert late.exact < line.rate * note.fraction(late.period) * note.notional
    assert round_to(line.rate * note.fraction(late.period) * note.notional, Direction.HALF_UP) == (
        line.interest
    )


# --------------------------------------------------------------------------------------------- laws

PLANS = st.one_of(
    st.just(Bullet()),
    st.just(Annuity()),
    st.builds(EqualParts, st.integers(1, 40), st.none() | st.integers(1, 10**6)),
    st.builds(Instalments, st.integers(0, 10**6)),
)


@given(
    notional=st.integers(1, 10**9),
    years=st.integers(1, 10),
    months=st.sampled_from([1, 3, 6, 12]),
    rate=st.integers(0, 2_000),
    plan=PLANS,
    direction=st.sampled_from(list(Direction)),
    day_count=st.sampled_from([one for one in DayCount if one is not DayCount.E_30_360_ISDA]),
    capitalises=st.integers(0, 2_000),
    every=st.integers(1, 3),
)  # fmt: skip
def test_all_principal_is_the_notional(  # noqa: PLR0917 - hypothesis names them
    notional, years, months, rate, plan, direction, day_count, capitalises, every
):
    """However rounded: principal = notional + capitalised, each line follows from the one before,
    and the factor is what is left of the notional (Law 68)."""
    note = claim(
        notional,
        years,
        months,
        str(Fraction(rate, 100)),
        plan,
        day_count=day_count,
        rounding=Rounding(direction=direction),
        capitalises_until=START + timedelta(days=capitalises),
        pays_principal_every=every,
    )
    lines = service(note)
    assert sum(line.principal for line in lines) == notional + sum(
        line.capitalised for line in lines
    )
    assert lines[-1].outstanding == 0
    left = notional
    for line in lines:
        assert line.before == left
        left += line.capitalised - line.principal
        assert line.outstanding == left
        assert line.factor == Fraction(left, notional)
        assert line.interest >= 0
        assert line.payment == line.interest + line.principal


@given(
    notional=st.integers(10**4, 10**9),
    years=st.integers(1, 30),
    rate=st.integers(1, 1_500),
    calendar=st.sampled_from(["TARGET", "US bond"]),
)
def test_an_annuity_pays_the_same_each_time(notional, years, rate, calendar):
    """But the last, which differs by at most a unit for each period and its growth (Law 68)."""
    grid = Grid(START, Cycle(months=12).after(START, years), Cycle(months=1))
    note = Claim(
        notional=notional,
        periods=make_periods(grid, calendar=find_calendar(calendar), roll=Roll.MODIFIED_FOLLOWING),
        day_count=DayCount.ACT_365F,
        rate=FixedRate(Fraction(rate, 10_000)),
        principal=Annuity(),
    )
    lines = service(note)
    payments = {line.payment for line in lines[:-1]}
    assert len(payments) == 1
    growth = (1 + rate / 120_000 * 1.05) ** len(lines)
    assert abs(lines[-1].payment - payments.pop()) <= len(lines) * growth
