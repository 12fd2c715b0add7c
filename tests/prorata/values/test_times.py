"""Days and clocks of time zones as Unix seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.values import times
from prorata.values.times import UTC, moment, parse_beginning, parse_time, parse_zone, year_of

ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2027-03-31", "2027-03-31T00:00:00Z", "2027-03-31T23:59:59Z"),
        ("2027-03-31 UTC", "2027-03-31T00:00:00Z", "2027-03-31T23:59:59Z"),
        ("2027-03-31 America/New_York", "2027-03-31T04:00:00Z", "2027-04-01T03:59:59Z"),
        ("2027-12-31 America/New_York", "2027-12-31T05:00:00Z", "2028-01-01T04:59:59Z"),
        # A day of 23 hours, one of 25, and one that begins at one o'clock.
        ("2027-03-14 America/New_York", "2027-03-14T05:00:00Z", "2027-03-15T03:59:59Z"),
        ("2027-11-07 America/New_York", "2027-11-07T04:00:00Z", "2027-11-08T04:59:59Z"),
        ("2018-11-04 America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T01:59:59Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_day_ends_with_its_last_second_and_begins_with_its_first(text, first, last):
    assert (moment(parse_beginning("at", text)), moment(parse_time("at", text))) == (first, last)


@pytest.mark.parametrize("parse", [parse_beginning, parse_time])
def test_a_second_by_the_clock_of_a_zone_is_that_second(parse):
    assert moment(parse("at", "2027-03-31T17:00:00 Europe/Berlin")) == "2027-03-31T15:00:00Z"
    assert moment(parse("at", "2027-12-31T17:00:00 Europe/Berlin")) == "2027-12-31T16:00:00Z"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2027-03-31 Mars/Base", '"Mars/Base" is no IANA time zone; write one such as America/'),
        ("2027-03-31 ../../etc/passwd", '"2027-03-31 ../../etc/passwd" is no time; '),
        ("2027-03-31 etc/../../etc", "is no"),
        ("2011-12-30 Pacific/Apia", "never happened by that zone's calendar; write the day before"),
        ("2027-03-14T02:30:00 America/New_York", "never happens by that zone's clocks"),
        ("2027-11-07T01:30:00 America/New_York", "happens twice by that zone's clocks"),
        ("2027-03-31T12:00:00Z Europe/Berlin", "has an offset and a time zone; keep one of them"),
        ("2027-02-30 Europe/Berlin", "is no time; write 2027-03-31 America/New_York"),
        ("9999-12-31 America/New_York", "is no time"),
    ],
)
def test_what_is_no_moment_of_a_zone_is_refused(text, rule):
    with pytest.raises(InputError) as refusal:
        parse_time("at", text)
    assert rule in str(refusal.value)


def test_without_time_zone_data_it_is_said_what_is_missing(monkeypatch):
    def nothing(_):
        raise times.ZoneInfoNotFoundError

    monkeypatch.setattr(times, "ZoneInfo", nothing)
    monkeypatch.setattr(times, "available_timezones", set)
    with pytest.raises(InputError, match="no time zone data; install it with `pip install tzdata`"):
        parse_zone("America/New_York")
    assert parse_zone("UTC") is UTC


DAYS = st.dates(min_value=date(1971, 1, 1), max_value=date(2037, 1, 1))


@given(zone=st.sampled_from(ZONES), day=DAYS)
def test_days_follow_each_other_without_a_gap(zone, day):
    """(Law) Every second is of one day: the one after a day's last is the next day's first."""
    calendar, after = ZoneInfo(zone), day + timedelta(days=1)
    noons = [datetime(d.year, d.month, d.day, 12, tzinfo=calendar) for d in (day, after)]
    # A zone that has crossed the date line has left out a day.
    assume(all(noon.astimezone(UTC).astimezone(calendar) == noon for noon in noons))
    last = parse_time("at", f"{day} {zone}")
    first = parse_beginning("at", f"{after} {zone}")
    assert first == last + 1
    assert datetime.fromtimestamp(last, calendar).date() == day
    assert datetime.fromtimestamp(first, calendar).date() == after


@pytest.mark.parametrize(
    ("zone", "year"), [("UTC", 2028), ("America/New_York", 2027), ("Asia/Tokyo", 2028)]
)
def test_the_year_of_a_second_is_that_of_the_zones_calendar(zone, year):
    assert year_of(parse_time("at", "2028-01-01T03:00:00Z"), parse_zone(zone)) == year
