"""calendars.py: packaged calendars, files of one's own, joint ones, and rolling."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.calendars import (
    WEEKDAYS,
    Roll,
    easter_sunday,
    find_calendar,
    packaged_calendars,
    read_calendar,
)
from prorata.errors import InputError

DAYS = st.dates(date(2001, 1, 1), date(2098, 12, 31))
NAMES = ("London", "TARGET", "US bond", "Zurich")
OWN = """
name: Our bank
source: its letter of 4 January 2027
licence: ours
from: 2027-01-01
until: 2030-12-31
verified_until: 2027-12-31
extends: TARGET
adds: [2027-08-02]
drops: [2027-05-01, 2027-12-26, 2027-03-29]
"""


def own(folder: Path, text: str = OWN) -> Path:
    path = folder / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        read_calendar(path)
    return str(refused.value)


# ----------------------------------------------------------------------------------------- packaged


def test_the_packaged_calendars_say_where_they_come_from():
    assert tuple(packaged_calendars()) == NAMES
    for name, calendar in packaged_calendars().items():
        assert calendar.sources[0].startswith(f"{name}: ")
        assert len(calendar.hash) == 64
        assert calendar.verified_until is not None
        assert calendar.verified_until.year >= 2026


@pytest.mark.parametrize(
    ("name", "closed", "open_"),
    [
        ("TARGET", ["2001-12-31", "2027-03-26", "2027-03-29"], ["2027-05-03", "2027-12-24"]),
        ("London", ["2022-06-02", "2022-06-03", "2023-05-08", "2027-12-27", "2027-12-28"],
         ["2022-05-30", "2027-05-04"]),
        ("US bond", ["2026-07-03", "2022-06-20", "2021-12-24", "2018-12-05"],
         ["2026-04-03", "2021-12-31", "2022-11-10", "2021-06-18"]),
        ("Zurich", ["2027-01-01", "2026-01-02", "2027-05-06", "2027-05-17"], ["2026-12-24"]),
    ],
)  # fmt: skip
def test_known_days(name, closed, open_):
    """Jubilees, substitutes, Good Friday with employment figures, Ascension."""
    calendar = find_calendar(name)
    for text in closed:
        assert not calendar.is_business_day(date.fromisoformat(text)), text
    for text in open_:
        assert calendar.is_business_day(date.fromisoformat(text)), text


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(1961, "04-02"), (2000, "04-23"), (2008, "03-23"), (2011, "04-24"), (2027, "03-28"),
     (2038, "04-25"), (2049, "04-18"), (2076, "04-19"), (2285, "03-22")],
)  # fmt: skip
def test_easter_of_the_western_churches(year, sunday):
    """The Astronomical Almanac's dates, with the earliest and the latest that there are."""
    assert easter_sunday(year) == date.fromisoformat(f"{year}-{sunday}")


def test_later_days_are_provisional():
    calendar = find_calendar("US bond")
    assert calendar.verified_until is not None
    assert not calendar.is_provisional(calendar.verified_until)
    assert calendar.is_provisional(calendar.verified_until + timedelta(days=1))
    assert not WEEKDAYS.is_provisional(date(2999, 1, 1))


def test_a_calendar_does_not_answer_for_other_centuries():
    with pytest.raises(InputError) as refused:
        find_calendar("London").is_business_day(date(1999, 12, 31))
    assert str(refused.value) == (
        'date: "1999-12-31" is outside the calendar London, which runs 2000-01-01 to 2099-12-31; '
        "use a calendar that covers it"
    )


# ------------------------------------------------------------------------------------ joint and own


def test_joint_calendars_are_open_when_both_are():
    joint = find_calendar("TARGET+London")
    assert not joint.is_business_day(date(2027, 5, 3))
    assert not joint.is_business_day(date(2024, 5, 1))
    assert joint.is_business_day(date(2027, 5, 4))
    assert joint.verified_until == min(
        find_calendar(name).verified_until or date.max for name in ("TARGET", "London")
    )
    assert (find_calendar("US bond+London").verified_until or date.max).year == 2026
    assert joint.sources == find_calendar("TARGET").sources + find_calendar("London").sources


def test_a_file_of_holidays_stands_instead(tmp_path):
    own(tmp_path)
    calendar = find_calendar("ours.yaml", tmp_path)
    assert not calendar.is_business_day(date(2027, 8, 2))
    assert calendar.is_business_day(date(2027, 3, 29))
    assert not calendar.is_business_day(date(2027, 3, 26))
    assert calendar.is_provisional(date(2028, 1, 1))
    assert [source.partition(":")[0] for source in calendar.sources] == ["TARGET", "Our bank"]
    joint = find_calendar("ours.yaml + London", tmp_path)
    assert not joint.is_business_day(date(2027, 3, 29))


def test_a_hash_is_kept(tmp_path):
    found = read_calendar(own(tmp_path))
    kept = own(tmp_path, f"{OWN}hash: {found.hash}\n")
    assert read_calendar(kept) == found
    forged = own(tmp_path, f"{OWN.replace('2027-08-02', '2027-08-03')}hash: {found.hash}\n")
    said = refusal(forged)
    assert said.startswith(
        f'hash: "{found.hash}" is not the hash of the holidays in {forged}, which'
    )
    assert said.endswith("or write that hash after checking its days")
    # What is not verified yet may change.
    later = own(
        tmp_path, f"{OWN.replace('[2027-08-02]', '[2027-08-02, 2028-08-02]')}hash: {found.hash}"
    )
    assert not read_calendar(later).is_business_day(date(2028, 8, 2))


def test_faults_in_a_file_are_all_told(tmp_path):
    said = refusal(
        own(tmp_path, "name: x\nverified_until: soon\nrules: [{day: 13-01}, {nth: 9}]\n")
    )
    for part in (
        'source: "" is missing; add it',
        'licence: "" is missing; add it',
        'verified_until: "soon" is no date; write one such as 2027-03-31',
        'rules.0.day: "13-01" is no day of the year; write one such as 12-25',
        'rules.1.nth: "9"',
    ):
        assert part in said
    with pytest.raises(InputError) as refused:
        find_calendar("Paris")
    assert str(refused.value) == (
        'calendar: "Paris" is no calendar; write one of London, TARGET, US bond, Zurich, weekdays, '
        "several with +, or the path of a file"
    )


# ------------------------------------------------------------------------------------------ rolling


@pytest.mark.parametrize(
    ("roll", "expected"),
    [
        (Roll.NONE, "2027-01-31"),
        (Roll.FOLLOWING, "2027-02-01"),
        (Roll.MODIFIED_FOLLOWING, "2027-01-29"),
        (Roll.PRECEDING, "2027-01-29"),
        (Roll.MODIFIED_PRECEDING, "2027-01-29"),
    ],
)
def test_a_sunday_at_the_end_of_a_month(roll, expected):
    assert WEEKDAYS.rolled(date(2027, 1, 31), roll) == date.fromisoformat(expected)


def test_a_sunday_at_the_start_of_a_month():
    first = date(2027, 8, 1)
    assert WEEKDAYS.rolled(first, Roll.PRECEDING) == date(2027, 7, 30)
    assert WEEKDAYS.rolled(first, Roll.MODIFIED_PRECEDING) == date(2027, 8, 2)


@pytest.mark.parametrize("name", NAMES)
@given(day=DAYS, roll=st.sampled_from([one for one in Roll if one is not Roll.NONE]))
def test_a_rolled_day_is_a_business_day_and_stays(name, day, roll):
    """Rolling twice changes nothing, nothing is skipped, and modified ones stay in the month."""
    calendar = find_calendar(name)
    rolled = calendar.rolled(day, roll)
    assert calendar.is_business_day(rolled)
    assert calendar.rolled(rolled, roll) == rolled
    low, high = sorted((day, rolled))
    between = [low + timedelta(days=step) for step in range(1, (high - low).days)]
    assert not any(calendar.is_business_day(one) for one in between)
    if roll in (Roll.MODIFIED_FOLLOWING, Roll.MODIFIED_PRECEDING):
        assert rolled.month == day.month


@given(day=DAYS, steps=st.integers(-30, 30))
def test_business_days_are_counted_both_ways(day, steps):
    calendar = find_calendar("TARGET")
    start = calendar.rolled(day, Roll.FOLLOWING)
    assert calendar.moved(calendar.moved(start, steps), -steps) == start
