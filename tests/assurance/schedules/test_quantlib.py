"""Day counts and schedules beside QuantLib, a few of them: `make schedules` asks for a million."""

from __future__ import annotations

import json
import os

import pytest

from prorata.assets.calendars import find_calendar
from prorata.assets.day_counts import DayCount
from tests.assurance.schedules import quantlib
from tests.assurance.schedules.quantlib import (
    CALENDARS,
    CONVENTIONS,
    compare_day_counts,
    compare_holidays,
    compare_schedules,
)
from tests.assurance.schedules.run import RESULTS

PAIRS = int(os.environ.get("SCHEDULES_PAIRS") or 2_000)
SCHEDULES = int(os.environ.get("SCHEDULES_DATES") or 300)
KEPT = json.loads(RESULTS.read_text(encoding="utf-8"))


def test_all_conventions_count_alike():
    """Fractions of a year of all ten, over dates that are month ends as often as not (Law 67)."""
    assert compare_day_counts("everyday", PAIRS) == dict.fromkeys(DayCount, 0)


@pytest.mark.parametrize("name", CALENDARS)
def test_schedules_have_the_same_dates(name):
    """Stubs at either end, ends of months, four ways to roll."""
    counted = compare_schedules(name, "everyday", SCHEDULES)
    assert counted["different"] == 0
    assert counted["dates"] > 5 * SCHEDULES


@pytest.mark.parametrize("name", CALENDARS)
def test_every_day_of_the_century_is_alike(name):
    assert compare_holidays(name) == 0


def test_a_wrong_convention_would_be_noticed(monkeypatch):
    """The two Eurobond conventions differ at the ends of February only, 30/360 at 31sts."""
    plain = dict(quantlib._PLAIN)
    plain[DayCount.E_30_360], plain[DayCount.US_30_360] = (
        plain[DayCount.BOND_30_360],
        plain[DayCount.E_30_360],
    )
    monkeypatch.setattr(quantlib, "_PLAIN", plain)
    found = compare_day_counts("everyday", 500)
    wrong = {convention for convention, different in found.items() if different}
    assert wrong == {DayCount.E_30_360, DayCount.US_30_360}


def test_a_wrong_calendar_would_be_noticed(monkeypatch):
    monkeypatch.setitem(CALENDARS, "London", CALENDARS["TARGET"])
    assert compare_schedules("London", "everyday", 100)["different"] > 0
    assert compare_holidays("London") > 300


def test_the_long_run_is_kept_and_of_these_calendars():
    """A million pairs a convention and a hundred thousand schedules a calendar: none differs."""
    counts = KEPT["day counts"]
    assert set(counts) == {convention.value for convention in CONVENTIONS}
    assert {tuple(one.values()) for one in counts.values()} == {(1_000_000, 0)}
    assert set(KEPT["calendars"]) == set(CALENDARS)
    for name, one in KEPT["calendars"].items():
        assert one["hash"] == find_calendar(name).hash
        assert one["schedules"] == 100_000
        assert one["different"] == one["days of the century that differ"] == 0
