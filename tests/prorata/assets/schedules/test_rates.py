"""rates.py: fixed, stepped, fixed in advance, and compounded in arrears as QuantLib does it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction

import pytest
import QuantLib as ql  # noqa: N813 - as its own documentation has it

from prorata.assets.calendars import find_calendar
from prorata.assets.day_counts import DayCount, year_fraction
from prorata.assets.schedules.periods import Period
from prorata.assets.schedules.rates import FixedRate, Fixing, FloatingRate, SteppedRate
from prorata.errors import InputError
from tests.assurance.schedules.quantlib import to_ql

CALENDAR = find_calendar("TARGET")


def period(start: date, end: date) -> Period:
    return Period(start, end, end, end, (start, end), 4)


QUARTER = period(date(2027, 1, 15), date(2027, 4, 15))


def per_cent(text: str) -> Fraction:
    return Fraction(text) / 100


def daily(seed: str, first: date, last: date) -> dict[date, Fraction]:
    """A rate for each business day, between -0.5 and 6 per cent."""
    dice, found, day = random.Random(seed), {}, first
    while day <= last:
        if CALENDAR.is_business_day(day):
            found[day] = Fraction(dice.randint(-5_000, 60_000), 1_000_000)
        day += timedelta(days=1)
    return found


def flat(since: ql.Date) -> ql.YieldTermStructureHandle:
    """A curve that QuantLib asks for, and that no fixing of ours needs."""
    return ql.YieldTermStructureHandle(ql.FlatForward(since, 0.0, ql.Actual360()))


# ----------------------------------------------------------------------------------- fixed, stepped


def test_a_fixed_rate():
    assert FixedRate(per_cent("4.5")).of(QUARTER) == Fraction(9, 200)


def test_a_rate_steps_up_where_a_period_begins():
    steps = SteppedRate(((date(2027, 1, 15), per_cent("4")), (date(2027, 4, 15), per_cent("5"))))
    assert steps.of(QUARTER) == per_cent("4")
    assert steps.of(period(date(2027, 4, 15), date(2027, 7, 15))) == per_cent("5")
    assert steps.of(period(date(2029, 1, 15), date(2029, 4, 15))) == per_cent("5")


def test_a_step_within_a_period_is_refused():
    with pytest.raises(InputError) as refused:
        SteppedRate(((date(2027, 1, 15), Fraction(0)), (date(2027, 4, 14), Fraction(1)))).of(
            QUARTER
        )
    assert str(refused.value) == (
        'steps: "2027-04-14" is inside the period from 2027-01-15 to 2027-04-15; let rates change '
        "where a period begins"
    )
    with pytest.raises(
        InputError, match='steps: "2027-01-15" has no rate yet: all steps are later'
    ):
        SteppedRate(((date(2027, 4, 15), Fraction(0)),)).of(QUARTER)


# --------------------------------------------------------------------------------------- in advance


def test_a_rate_is_fixed_so_many_business_days_before():
    """Two of them before Friday 15 January is Wednesday 13; twice that, and 1 %."""
    rate = FloatingRate(
        {date(2027, 1, 13): per_cent("3"), date(2027, 1, 15): per_cent("9")},
        spread=per_cent("1"),
        multiplier=Fraction(2),
        lookback=2,
        calendar=CALENDAR,
    )
    assert rate.of(QUARTER) == per_cent("7")
    assert rate.of(period(date(2027, 4, 15), date(2027, 7, 15))) is None


@pytest.mark.parametrize(
    ("fixed", "paid"), [("-3", "0"), ("0.5", "0.75"), ("4.6", "4.85"), ("6", "5")]
)
def test_a_cap_and_a_floor_bound_the_rate_with_its_spread(fixed, paid):
    """QuantLib's capped and floored coupon at the fixing says the same."""
    fixings = {date(2027, 1, 15): per_cent(fixed)}
    rate = FloatingRate(
        fixings,
        spread=per_cent("0.25"),
        cap=per_cent("5"),
        floor=Fraction(0),
        calendar=CALENDAR,
    )
    assert rate.of(QUARTER) == per_cent(paid)
    index = ql.IborIndex(
        "ANY", ql.Period(3, ql.Months), 0, ql.EURCurrency(), ql.TARGET(), ql.Unadjusted, False,
        ql.Actual360(), flat(ql.Date(15, 1, 2027)),
    )  # fmt: skip
    index.addFixing(ql.Date(15, 1, 2027), float(per_cent(fixed)), True)
    start, end = to_ql(QUARTER.start), to_ql(QUARTER.end)
    ql.Settings.instance().evaluationDate = ql.Date(15, 4, 2027)
    coupon = ql.CappedFlooredIborCoupon(
        end, 100.0, start, end, 0, index, 1.0, float(per_cent("0.25")), 0.05, 0.0
    )
    coupon.setPricer(ql.BlackIborCouponPricer())
    assert abs(coupon.rate() - float(per_cent(paid))) < 1e-12


def test_a_rate_below_zero_needs_a_floor():
    rate = FloatingRate({date(2027, 1, 15): per_cent("-1")}, calendar=CALENDAR)
    with pytest.raises(InputError) as refused:
        rate.of(QUARTER)
    assert str(refused.value) == (
        'rate: "-1%" is below zero in the period from 2027-01-15, and there is no floor; add '
        "floor: 0% to the terms"
    )


# --------------------------------------------------------------------------------------- in arrears


def test_three_nights_worked_out_by_hand():
    """Friday to Tuesday: 3 % over the weekend's three nights, 6 % for one."""
    days = {date(2027, 1, 15): per_cent("3"), date(2027, 1, 18): per_cent("6")}
    rate = FloatingRate(days, Fixing.IN_ARREARS, calendar=CALENDAR)
    growth = (1 + per_cent("3") * 3 / 360) * (1 + per_cent("6") / 360)
    weekend = period(date(2027, 1, 15), date(2027, 1, 19))
    assert rate.of(weekend) == (growth - 1) * 360 / 4
    rounded = FloatingRate(days, Fixing.IN_ARREARS, calendar=CALENDAR, decimals=7)
    assert rounded.of(weekend) == Fraction("0.0375038")


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("lookback", [0, 2, 5])
def test_overnight_rates_are_compounded_as_quantlib_does_it(lookback, shift):
    """Lookback and observation shift, over forty quarters that begin on business days."""
    fixings = daily(f"{lookback}{shift}", date(2020, 12, 1), date(2026, 3, 1))
    index = ql.OvernightIndex(
        f"ANY{lookback}{shift}", 0, ql.EURCurrency(), ql.TARGET(), ql.Actual360(),
        flat(ql.Date(1, 1, 2021)),
    )  # fmt: skip
    for day, rate in fixings.items():
        index.addFixing(to_ql(day), float(rate), True)
    ql.Settings.instance().evaluationDate = ql.Date(1, 3, 2026)
    ours = FloatingRate(
        fixings,
        Fixing.IN_ARREARS,
        floor=Fraction(-1, 10),
        lookback=lookback,
        observation_shift=shift,
        calendar=CALENDAR,
    )
    dice = random.Random(f"{lookback}")
    for _ in range(40):
        start = CALENDAR.moved(date(2021, 1, 1) + timedelta(days=dice.randint(0, 1_500)), 1)
        end = CALENDAR.moved(start + timedelta(days=dice.randint(1, 200)), 1)
        coupon = ql.OvernightIndexedCoupon(
            to_ql(end), 1_000_000.0, to_ql(start), to_ql(end), index, 1.0, 0.0,
            ql.Date(), ql.Date(), ql.Actual360(), False, ql.RateAveraging.Compound,
            lookback, 0, shift,
        )  # fmt: skip
        found = ours.of(period(start, end))
        assert found is not None
        # An average below zero is one that a floor below zero lets through.
        assert abs(float(found) - coupon.rate()) < 1e-12
        paid = found * year_fraction(DayCount.ACT_360, start, end) * 1_000_000
        assert abs(float(paid) - coupon.amount()) < 1e-6


def test_a_fixing_that_is_not_published_yet_leaves_the_rate_open():
    fixings = daily("x", date(2026, 12, 1), date(2027, 4, 20))
    rate = FloatingRate(fixings, Fixing.IN_ARREARS, floor=Fraction(0), calendar=CALENDAR)
    assert rate.of(QUARTER) is not None
    del fixings[date(2027, 4, 14)]
    assert rate.of(QUARTER) is None
    earlier = FloatingRate(
        fixings, Fixing.IN_ARREARS, floor=Fraction(0), lookback=2, calendar=CALENDAR
    )
    assert earlier.of(QUARTER) is not None


def test_a_period_that_begins_on_a_weekend_takes_the_rate_of_the_friday():
    fixings = {date(2027, 1, 15): per_cent("3"), date(2027, 1, 18): per_cent("6")}
    rate = FloatingRate(fixings, Fixing.IN_ARREARS, calendar=CALENDAR)
    growth = (1 + per_cent("3") * 2 / 360) * (1 + per_cent("6") / 360)
    assert rate.of(period(date(2027, 1, 16), date(2027, 1, 19))) == (growth - 1) * 120
