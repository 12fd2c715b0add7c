"""day_counts.py: published examples of each convention, what it refuses, and what adds up."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.day_counts import DayCount, counted_days, parse_day_count, year_fraction
from prorata.assets.schedules.cycles import Cycle
from prorata.errors import InputError

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
ADDITIVE = [
    DayCount.ACT_360,
    DayCount.ACT_365F,
    DayCount.NL_365,
    DayCount.ACT_ACT_ISDA,
    DayCount.E_30_360,
    DayCount.MONTHS_30_365,
]


def day(text: str) -> date:
    return date.fromisoformat(text)


def refusal(convention: DayCount, start: date, end: date, **further) -> str:
    with pytest.raises(InputError) as refused:
        year_fraction(convention, start, end, **further)
    return str(refused.value)


# ------------------------------------------------------------------------------- published examples


@pytest.mark.parametrize(
    ("start", "end", "regular", "isda", "icma"),
    [
        # A semi-annual period over the end of a leap year.
        (
            "2003-11-01", "2004-05-01", (["2003-11-01", "2004-05-01"], 2),
            Fraction(61, 365) + Fraction(121, 366), Fraction(1, 2),
        ),
        # A short first period of a year, and the one after it.
        (
            "1999-02-01", "1999-07-01", (["1998-07-01", "1999-07-01"], 1),
            Fraction(150, 365), Fraction(150, 365),
        ),
        (
            "1999-07-01", "2000-07-01", (["1999-07-01", "2000-07-01"], 1),
            Fraction(184, 365) + Fraction(182, 366), Fraction(1),
        ),
        # A long first period of half years, and the one after it.
        (
            "2002-08-15", "2003-07-15", (["2002-07-15", "2003-01-15", "2003-07-15"], 2),
            Fraction(334, 365), Fraction(153, 184 * 2) + Fraction(181, 181 * 2),
        ),
        (
            "2003-07-15", "2004-01-15", (["2003-07-15", "2004-01-15"], 2),
            Fraction(170, 365) + Fraction(14, 366), Fraction(1, 2),
        ),
        # A short last period, after a regular one.
        (
            "1999-07-30", "2000-01-30", (["1999-07-30", "2000-01-30"], 2),
            Fraction(155, 365) + Fraction(29, 366), Fraction(1, 2),
        ),
        (
            "2000-01-30", "2000-06-30", (["2000-01-30", "2000-07-30"], 2),
            Fraction(152, 366), Fraction(152, 182 * 2),
        ),
        # A long last period of quarters that end with their months.
        (
            "1999-11-30", "2000-04-30", (["1999-11-30", "2000-02-29", "2000-05-31"], 4),
            Fraction(32, 365) + Fraction(120, 366), Fraction(91, 91 * 4) + Fraction(61, 92 * 4),
        ),
    ],
)  # fmt: skip
def test_isda_s_own_examples_of_actual_over_actual(start, end, regular, isda, icma):
    """The memorandum of 1998 on the actual/actual day count: all of its periods, by both rules."""
    start, end, (reference, frequency) = day(start), day(end), regular
    assert year_fraction(DayCount.ACT_ACT_ISDA, start, end) == isda
    found = year_fraction(
        DayCount.ACT_ACT_ICMA,
        start,
        end,
        reference=[day(text) for text in reference],
        frequency=frequency,
    )
    assert found == icma


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        ("2007-01-15", "2007-01-31", (16, 15, 15, 16)),
        ("2007-01-31", "2007-02-28", (28, 28, 30, 28)),
        ("2007-02-28", "2007-03-31", (33, 32, 30, 30)),
        ("2006-08-31", "2007-02-28", (178, 178, 180, 178)),
        ("2007-02-28", "2007-08-31", (183, 182, 180, 180)),
        ("2007-02-14", "2007-02-28", (14, 14, 16, 14)),
        ("2007-02-26", "2008-02-29", (363, 363, 364, 363)),
        ("2008-02-29", "2009-02-28", (359, 359, 360, 360)),
        ("2008-02-29", "2008-03-30", (31, 31, 30, 30)),
        ("2008-02-29", "2008-03-31", (32, 31, 30, 30)),
        ("2007-02-28", "2007-03-05", (7, 7, 5, 5)),
        ("2007-10-31", "2007-11-28", (28, 28, 28, 28)),
        ("2007-09-30", "2008-03-31", (180, 180, 180, 180)),
        ("2007-08-31", "2008-02-29", (179, 179, 180, 179)),
        ("2008-02-28", "2008-08-31", (183, 182, 182, 183)),
    ],
)
def test_four_conventions_of_thirty_days_in_february(start, end, counted):
    """ISDA's own table of the three that it defines, and the American one with its February rule:
    33 days from 28 February to 31 March are as defined."""
    start, end, (bond, eurobond, isda, us) = day(start), day(end), counted
    assert counted_days(DayCount.BOND_30_360, start, end) == bond
    assert counted_days(DayCount.E_30_360, start, end) == eurobond
    assert counted_days(DayCount.E_30_360_ISDA, start, end, maturity=date(2030, 1, 1)) == isda
    assert counted_days(DayCount.US_30_360, start, end) == us


def test_a_maturity_in_february_is_not_the_thirtieth():
    start, end = day("2007-08-31"), day("2008-02-29")
    assert counted_days(DayCount.E_30_360_ISDA, start, end, maturity=end) == 179


def test_months_of_thirty_days_over_365():
    """ISO 20022 A002: every 31st is a 30th, and February is as it is."""
    start, end = day("2027-01-31"), day("2027-03-31")
    assert year_fraction(DayCount.MONTHS_30_365, start, end) == Fraction(60, 365)
    start = day("2027-02-28")
    assert year_fraction(DayCount.MONTHS_30_365, start, end) == Fraction(32, 365)


@pytest.mark.attack("J28")
def test_no_leap_days_are_counted_from_the_day_after():
    assert counted_days(DayCount.NL_365, day("2028-02-28"), day("2028-02-29")) == 0
    assert counted_days(DayCount.NL_365, day("2028-02-29"), day("2028-03-01")) == 1
    assert counted_days(DayCount.NL_365, day("2028-01-01"), day("2029-01-01")) == 365


# ----------------------------------------------------------------------------------------- refusals


@pytest.mark.attack("J28")
def test_what_a_convention_needs_it_asks_for():
    """Nobody guesses a coupon period (QuantLib issue 2257, daml-finance issue 49)."""
    start, end = day("2027-01-15"), day("2027-07-15")
    assert refusal(DayCount.ACT_ACT_ICMA, start, end) == (
        'day count: "ACT/ACT ICMA" needs the regular coupon periods that it divides by; give the '
        "reference dates and the frequency"
    )
    assert refusal(DayCount.ACT_ACT_ICMA, start, end, reference=[start, end]) == (
        'frequency: "" needs how many regular periods a year has, one at least; give 1, 2, 4 or 12'
    )
    assert refusal(DayCount.E_30_360_ISDA, start, end) == (
        'day count: "30E/360 ISDA" needs the maturity, as the last day of February counts '
        "differently there; give the maturity"
    )


def test_a_reference_that_does_not_cover_the_dates_is_refused():
    start, end = day("2027-01-15"), day("2027-07-15")
    one = refusal(DayCount.ACT_ACT_ICMA, start, end, reference=[start], frequency=2)
    assert one == (
        'reference: "2027-01-15" are no reference periods; give two dates or more, each later'
    )
    backwards = [end, start]
    said = refusal(DayCount.ACT_ACT_ICMA, start, end, reference=backwards, frequency=2)
    assert said.startswith('reference: "2027-07-15, 2027-01-15" are no reference periods')
    for short, outside in (
        ([start, end - timedelta(1)], end),
        ([start + timedelta(1), end], start),
    ):
        said = refusal(DayCount.ACT_ACT_ICMA, start, end, reference=short, frequency=2)
        assert said.startswith(f'reference: "{outside}" is outside the reference periods')


def test_times_of_day_and_time_backwards_are_refused():
    start, end = day("2027-01-15"), day("2027-07-15")
    for convention in ADDITIVE:
        assert refusal(convention, end, start) == (
            'end: "2027-01-15" is before the start of the period, 2027-07-15; give the earlier '
            "date first"
        )
        said = refusal(convention, datetime(2027, 1, 15), end)  # noqa: DTZ001
        assert said == 'start: "2027-01-15 00:00:00" has a time of day; give the date alone'


def test_a_convention_is_found_by_its_name_in_any_case():
    assert {parse_day_count(one.value.lower().replace(" ", "")) for one in DayCount} == set(
        DayCount
    )
    with pytest.raises(InputError, match='day count: "ACT/364" is no day count; write one of ACT'):
        parse_day_count("ACT/364")


# --------------------------------------------------------------------------------------------- laws


@pytest.mark.parametrize("convention", ADDITIVE)
@given(days=st.lists(DAYS, min_size=3, max_size=3).map(sorted))
def test_adjoining_periods_add_up(convention, days):
    """Interest over two periods is that over both, exactly (Law 67)."""
    first, middle, last = days
    parts = year_fraction(convention, first, middle) + year_fraction(convention, middle, last)
    assert parts == year_fraction(convention, first, last)


@given(days=st.lists(DAYS, min_size=3, max_size=3).map(sorted), later=st.integers(1, 4_000))
def test_adjoining_periods_add_up_before_the_maturity(days, later):
    """30E/360 ISDA adds up wherever no period ends at a maturity in February (Law 67)."""
    first, middle, last = days
    maturity = last + timedelta(days=later)
    parts = [
        year_fraction(DayCount.E_30_360_ISDA, start, end, maturity=maturity)
        for start, end in ((first, middle), (middle, last), (first, last))
    ]
    assert parts[0] + parts[1] == parts[2]


@given(start=DAYS, months=st.sampled_from([1, 3, 6, 12]), data=st.data())
def test_adjoining_periods_add_up_within_reference_periods(start, months, data):
    """ACT/ACT ICMA adds up between its reference dates, and a whole period is its part of a year
    (Law 67)."""
    cycle = Cycle(months=months)
    reference = [cycle.after(start, times) for times in range(4)]
    inside = st.dates(reference[0], reference[-1])
    days = sorted(data.draw(st.lists(inside, min_size=3, max_size=3)))

    def part(begin: date, end: date) -> Fraction:
        return year_fraction(
            DayCount.ACT_ACT_ICMA, begin, end, reference=reference, frequency=12 // months
        )

    assert part(days[0], days[1]) + part(days[1], days[2]) == part(days[0], days[2])
    assert part(reference[1], reference[2]) == Fraction(months, 12)


@pytest.mark.parametrize(
    ("convention", "first", "middle", "last"),
    [
        (DayCount.BOND_30_360, "2027-01-15", "2027-01-31", "2027-02-28"),
        (DayCount.US_30_360, "2027-01-15", "2027-02-28", "2027-03-31"),
    ],
)
def test_two_conventions_do_not_add_up(convention, first, middle, last):
    """Both look at either end together: why Law 67 leaves them out."""
    first, middle, last = day(first), day(middle), day(last)
    parts = counted_days(convention, first, middle) + counted_days(convention, middle, last)
    assert parts != counted_days(convention, first, last)


@given(days=st.lists(DAYS, min_size=2, max_size=2).map(sorted))
def test_every_convention_is_near_the_calendar(days):
    """Within three days and the five of a year of 360: nothing is counted twice, or left out."""
    start, end = days
    years = (end - start).days / 365.2425
    for convention in DayCount:
        if convention is DayCount.ACT_ACT_ICMA:
            continue
        found = year_fraction(convention, start, end, maturity=end)
        assert abs(float(found) - years) < 0.015 + years * 6 / 360
