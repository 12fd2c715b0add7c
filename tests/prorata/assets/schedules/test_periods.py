"""cycles.py and periods.py: dates of cycles, stubs, business days, reference periods."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.assets.calendars import Roll, find_calendar
from prorata.assets.day_counts import DayCount, year_fraction
from prorata.assets.schedules.cycles import Cycle, parse_cycle
from prorata.assets.schedules.periods import Accrual, Grid, Stub, make_periods
from prorata.errors import InputError

DAYS = st.dates(date(2001, 1, 1), date(2060, 12, 31))
HALF_YEAR = Cycle(months=6)


def listed(grid: Grid) -> str:
    return " ".join(str(day) for day in grid.dates())


def refusal(make, *given_, **named) -> str:
    with pytest.raises(InputError) as refused:
        make(*given_, **named)
    return str(refused.value)


# ------------------------------------------------------------------------------------------- cycles


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("6M", Cycle(months=6)),
        ("P6M", Cycle(months=6)),
        ("1Y", Cycle(months=12)),
        ("2Q", Cycle(months=6)),
        ("2W", Cycle(days=14)),
        ("90D", Cycle(days=90)),
    ],
)
def test_a_cycle_is_months_or_days(text, cycle):
    assert parse_cycle(text) == cycle
    assert parse_cycle(str(cycle)) == cycle


@pytest.mark.parametrize("text", ["", "6", "M6", "0M", "-6M", "6 M", "1.5Y", "٦M"])
def test_what_is_no_cycle_is_refused(text):
    said = refusal(parse_cycle, text)
    assert said == f'cycle: "{text}" is no cycle; write a number and D, W, M or Y, such as 6M'


def test_months_are_counted_from_the_start_so_that_the_31st_comes_back():
    month, start = Cycle(months=1), date(2027, 1, 31)
    assert [month.after(start, times).day for times in range(5)] == [31, 28, 31, 30, 31]
    start = date(2027, 2, 28)
    assert month.after(start, 1) == date(2027, 3, 28)
    assert month.after(start, 1, end_of_month=True) == date(2027, 3, 31)
    assert month.after(start, -12, end_of_month=True) == date(2026, 2, 28)
    assert "has no such date" in refusal(month.after, date(9999, 12, 1), 1)


@pytest.mark.parametrize(
    ("month", "of_mid_months", "of_month_ends"),
    [
        (1, (181, 182), (181, 182)),
        (2, (181, 182), (184, 184)),
        (3, (184, 184), (183, 183)),
        (4, (183, 183), (184, 184)),
        (5, (184, 184), (183, 183)),
        (6, (183, 183), (184, 184)),
        (7, (184, 184), (184, 184)),
        (8, (184, 184), (181, 182)),
        (9, (181, 182), (182, 183)),
    ],
)
def test_half_years_of_treasury_notes(month, of_mid_months, of_month_ends):
    """31 CFR 356, appendix B, table 1: the days of half years from the 15th, and from the last day
    of a month, without and with 29 February; 8 % on 1,000 is 40 whatever they are."""
    for leap in (0, 1):
        year = 2027 + leap if month < 7 else 2028 - leap
        for ends, lengths in ((False, of_mid_months), (True, of_month_ends)):
            start = date(year, month, monthrange(year, month)[1] if ends else 15)
            end = HALF_YEAR.after(start, 1, end_of_month=ends)
            assert (end - start).days == lengths[leap]
            period = make_periods(Grid(start, end, HALF_YEAR, end_of_month=ends))[0]
            part = year_fraction(
                DayCount.ACT_ACT_ICMA, start, end, reference=period.reference, frequency=2
            )
            assert part * 8 / 100 * 1_000 == 40


# -------------------------------------------------------------------------------------------- stubs


@pytest.mark.parametrize(
    ("stub", "dates"),
    [
        (Stub.SHORT_FRONT, "2027-01-15 2027-06-30 2027-12-31 2028-06-30"),
        (Stub.LONG_FRONT, "2027-01-15 2027-12-31 2028-06-30"),
        (Stub.SHORT_BACK, "2027-01-15 2027-07-15 2028-01-15 2028-06-30"),
        (Stub.LONG_BACK, "2027-01-15 2027-07-15 2028-06-30"),
    ],
)
def test_four_stubs(stub, dates):
    grid = Grid(date(2027, 1, 15), date(2028, 6, 30), HALF_YEAR, stub, end_of_month=True)
    assert listed(grid) == dates


@pytest.mark.attack("J28")
def test_without_a_rest_there_is_no_stub():
    for stub in Stub:
        grid = Grid(date(2027, 1, 15), date(2028, 7, 15), HALF_YEAR, stub)
        assert listed(grid) == "2027-01-15 2027-07-15 2028-01-15 2028-07-15"
    assert listed(Grid(date(2027, 1, 15), date(2028, 7, 15))) == "2027-01-15 2028-07-15"


def test_terms_may_name_the_regular_dates():
    start, end = date(2027, 1, 15), date(2028, 12, 1)
    first = Grid(start, end, HALF_YEAR, Stub.SHORT_BACK, first=date(2027, 9, 30))
    assert listed(first) == "2027-01-15 2027-09-30 2028-03-30 2028-09-30 2028-12-01"
    last = Grid(start, end, HALF_YEAR, last=date(2028, 9, 30))
    assert listed(last) == "2027-01-15 2027-03-30 2027-09-30 2028-03-30 2028-09-30 2028-12-01"
    both = Grid(start, end, HALF_YEAR, first=date(2027, 9, 30), last=date(2028, 9, 30))
    assert listed(both) == "2027-01-15 2027-09-30 2028-03-30 2028-09-30 2028-12-01"


def test_dates_that_contradict_each_other_are_refused():
    start, end = date(2027, 1, 15), date(2028, 12, 1)
    assert refusal(Grid, end, start) == (
        'end: "2027-01-15" is not after the start, 2028-12-01; give a later date'
    )
    outside = refusal(Grid, start, end, HALF_YEAR, first=date(2029, 1, 1))
    assert outside.startswith('first and last: "2029-01-01, 2028-12-01" is not in order between')
    off = Grid(start, end, HALF_YEAR, first=date(2027, 9, 30), last=date(2028, 10, 1))
    assert refusal(off.dates) == (
        'last: "2028-10-01" is no whole number of cycles of 6M after 2027-09-30; give a date that '
        "is, or only one of the two"
    )


# ------------------------------------------------------------------------ business days, references


def test_shift_then_calculate_and_calculate_then_shift():
    """15 May 2027 is a Saturday; 14 May 2028 a Sunday."""
    grid = Grid(date(2026, 11, 15), date(2027, 11, 15), HALF_YEAR)
    calendar = find_calendar("TARGET")
    shifted = make_periods(grid, calendar=calendar, roll=Roll.FOLLOWING, accrual=Accrual.ADJUSTED)
    calculated = make_periods(grid, calendar=calendar, roll=Roll.FOLLOWING)
    assert [str(one.end) for one in shifted] == ["2027-05-17", "2027-11-15"]
    assert [str(one.end) for one in calculated] == ["2027-05-15", "2027-11-15"]
    assert [one.pays for one in shifted] == [one.pays for one in calculated]
    assert [str(one.due) for one in shifted] == ["2027-05-15", "2027-11-15"]
    assert shifted[0].start == date(2026, 11, 16)


def test_a_payment_may_be_delayed_by_business_days():
    grid = Grid(date(2027, 1, 29), date(2027, 12, 24), None)
    period = make_periods(grid, calendar=find_calendar("London"), pay_delay=2)[0]
    assert (str(period.end), str(period.pays)) == ("2027-12-24", "2027-12-30")


def test_a_regular_period_is_a_whole_one_and_a_stub_is_not():
    """ACT/ACT ICMA over the periods that were made: a half year, and what is left of one."""
    start, end = date(2027, 1, 31), date(2028, 6, 30)
    grid = Grid(start, end, HALF_YEAR, Stub.LONG_FRONT, end_of_month=True)
    parts = [
        year_fraction(
            DayCount.ACT_ACT_ICMA,
            one.start,
            one.end,
            reference=one.reference,
            frequency=one.frequency,
        )
        for one in make_periods(grid)
    ]
    assert [str(part) for part in parts] == ["331/362", "1/2"]
    assert [str(day) for day in make_periods(grid)[0].reference] == [
        "2026-12-31", "2027-06-30", "2027-12-31",
    ]  # fmt: skip


def test_days_after_the_verified_ones_are_provisional():
    grid = Grid(date(2026, 6, 30), date(2027, 6, 30), HALF_YEAR)
    periods = make_periods(grid, calendar=find_calendar("US bond"))
    assert [one.provisional for one in periods] == [False, True]


def test_a_period_of_no_days_is_refused():
    """A stub from a Saturday to the Monday after it; where interest runs unadjusted, it has two."""
    grid = Grid(date(2027, 1, 2), date(2027, 2, 4), Cycle(months=1))
    calendar = find_calendar("TARGET")
    unadjusted = make_periods(grid, calendar=calendar, roll=Roll.FOLLOWING)
    assert [(one.end - one.start).days for one in unadjusted] == [2, 31]
    adjusted = {"calendar": calendar, "roll": Roll.FOLLOWING, "accrual": Accrual.ADJUSTED}
    said = refusal(make_periods, grid, **adjusted)
    assert said == (
        'period: "2027-01-04" ends a period of no days, once both ends are business days; choose '
        "a longer cycle, or another stub"
    )


@given(
    start=DAYS,
    months=st.sampled_from([1, 2, 3, 6, 12]),
    span=st.integers(40, 4_000),
    stub=st.sampled_from(list(Stub)),
    eom=st.booleans(),
)
def test_periods_cover_the_whole_time_once(start, months, span, stub, eom):
    """From the start to the end without a gap; all but one are regular, and are so in the
    reference dates; no stub is longer than two cycles (Law 67)."""
    end = start + timedelta(days=span)
    periods = make_periods(Grid(start, end, Cycle(months=months), stub, eom))
    assert (periods[0].start, periods[-1].end) == (start, end)
    assert all(before.end == after.start for before, after in pairwise(periods))
    regular = periods[1:] if stub.at_front else periods[:-1]
    assert all(one.reference == (one.start, one.end) for one in regular)
    odd = periods[0] if stub.at_front else periods[-1]
    assert odd.reference[0] <= odd.start < odd.end <= odd.reference[-1]
    assert len(odd.reference) <= 3
    assume(len(periods) > 1)
    assert stub.long or len(odd.reference) == 2
