"""terms.py, sheets.py, fixings.py and record_times.py: a file in, dated lines and hashes out."""

from __future__ import annotations

import hashlib
import json
from datetime import date, time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from prorata.assets.calendars import find_calendar
from prorata.assets.schedules import (
    Days,
    LineDocument,
    Period,
    RecordTimes,
    ScheduleSheet,
    ScheduleTerms,
)
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment

NOTE = PROJECT_ROOT / "examples" / "note" / "terms.yaml"
PLAIN: dict[str, Any] = {
    "name": "Two halves",
    "currency": "USD",
    "decimals": 2,
    "unit": "1,000.00",
    "issued": "2027-01-15",
    "matures": "2028-01-15",
    "interest": {"day_count": "30E/360", "cycle": "6M", "rate": "5%"},
}


def sheet(**further: Any) -> ScheduleSheet:
    return ScheduleSheet(ScheduleTerms.of({**PLAIN, **further}))


def interest(**further: Any) -> dict[str, Any]:
    return {"interest": {**PLAIN["interest"], **further}}


def floating(folder: Path, text: str, **further: Any) -> dict[str, Any]:
    (folder / "fixings.csv").write_text(text, encoding="utf-8")
    return {
        "folder": folder,
        **interest(rate=None, floating={"fixings": "fixings.csv", **further}),
    }


def refusal(**further: Any) -> str:
    with pytest.raises(InputError) as refused:
        ScheduleTerms.of({**PLAIN, **further}, "terms.yaml")
    return str(refused.value)


def payments(made: ScheduleSheet) -> list[str]:
    return [made.text(one.line.payment) for one in made.lines]


# -------------------------------------------------------------------------------------- the example


def test_the_example_is_a_whole_life():
    """A stub of 135 days, a step-up, a fifth back each June; everything is paid back (Law 68)."""
    made = ScheduleSheet(ScheduleTerms.load(NOTE))
    assert payments(made) == [
        "16.88", "22.50", "222.50", "18.00", "218.00", "13.50", "213.50", "10.50", "210.50",
        "5.25", "205.25",
    ]  # fmt: skip
    assert sum(one.line.principal for one in made.lines) == 100_000
    assert made.ahead == ()
    first = made.line(1)
    assert (first.record_day, moment(first.closes_at)) == ("2027-06-29", "2027-06-29T21:00:00Z")
    assert moment(first.payable_from) == "2027-06-30T13:00:00Z"
    # 31 December 2028 is a Sunday: it is paid on the Friday, and the record closes before.
    fourth = made.line(4)
    assert (str(fourth.line.period.pays), fourth.record_day) == ("2028-12-29", "2028-12-28")


def test_every_record_of_the_example_closes_before_its_payment():
    made = ScheduleSheet(ScheduleTerms.load(NOTE))
    closing = [one.closes_at for one in made.lines]
    assert closing == sorted(set(closing))
    assert all(one.closes_at < one.payable_from for one in made.lines)


# ---------------------------------------------------------------------------------------- documents


def test_the_document_of_a_line_is_what_its_hash_says():
    made = sheet()
    text = made.document(2)
    read = made.line_document(2)
    assert (read.text, read.hash) == (text, hashlib.sha256(text.encode()).digest())
    assert (read.interest, read.principal, read.number) == (2_500, 100_000, 2)
    assert read.closes_at == made.line(2).closes_at
    content = json.loads(text)
    assert content["line"]["interest"] == "2500"
    assert content["line"]["principal"] == "100000"
    assert content["terms"]["unit"] == "1,000.00"
    assert content["terms_hash"] == made.terms.hash
    assert made.line_document(1).hash != read.hash
    with pytest.raises(InputError, match='document: "here" is damaged; restore the file'):
        LineDocument.of(text[:-3], "here")
    with pytest.raises(InputError) as refused:
        made.document(3)
    assert str(refused.value) == (
        'line: "3" is no line of the sheet, which has 2; see `prorata schedule show`'
    )


def test_the_same_terms_have_the_same_hash_however_they_are_written(tmp_path):
    text = yaml.safe_dump({**PLAIN, **interest(rate="5.00%")}, sort_keys=False)
    (tmp_path / "terms.yaml").write_text(f"# a comment\n{text}", encoding="utf-8")
    assert ScheduleTerms.load(tmp_path / "terms.yaml").hash == sheet().terms.hash
    assert sheet(decimals=3).terms.hash != sheet().terms.hash


def test_a_sheet_says_what_a_share_gets():
    made = sheet()
    first = made.line_document(1)
    assert first.per_share(first.interest) == Fraction(25)
    together = sheet(units=3, rounding={"rounds": "aggregate"}, **interest(rate="5.001%"))
    assert together.line(1).line.interest == 7_502
    assert together.line_document(1).per_share(7_502) == Fraction(7_502, 300)
    assert made.amount(2_500).text == "25.00"


# ---------------------------------------------------------------------------------- what it can say


def test_plans_of_principal():
    assert payments(sheet(principal={"plan": "bullet"})) == ["25.00", "1,025.00"]
    assert payments(sheet(principal={"plan": "equal parts"})) == ["525.00", "512.50"]
    assert payments(sheet(principal={"plan": "annuity"})) == ["518.83", "518.82"]
    assert payments(sheet(principal={"plan": "instalments", "payment": "20.00"})) == [
        "20.00", "1,030.13",
    ]  # fmt: skip
    sinking = [{"due": "2027-07-15", "part": "30%"}]
    assert payments(sheet(principal={"plan": "sinking", "sinking": sinking})) == [
        "325.00", "717.50",
    ]  # fmt: skip
    later = {"plan": "equal parts", "from": "2028-01-15"}
    assert payments(sheet(principal=later)) == ["25.00", "1,025.00"]


def test_call_money_runs_until_it_is_called():
    """No maturity: planned as far as it is asked for, and 31 days after notice it is paid back."""
    money = {**PLAIN, "matures": None, "until": "2029-01-15"}
    assert len(ScheduleSheet(ScheduleTerms.of(money)).lines) == 4
    called = ScheduleTerms.of({**money, "called": {"announced": "2027-09-14", "notice": "31D"}})
    assert payments(ScheduleSheet(called)) == ["25.00", "1,012.50"]
    assert str(ScheduleSheet(called).line(2).line.period.pays) == "2027-10-15"


def test_a_call_above_par():
    called = sheet(called={"announced": "2027-07-15", "price": "101.5%"})
    assert payments(called) == ["1,040.00"]
    assert called.line(1).line.premium == 1_500


def test_a_floating_rate_is_planned_as_far_as_it_is_fixed(tmp_path):
    further = floating(tmp_path, "date,rate\n2027-01-15,3%\n", spread="1%", lookback=0)
    made = sheet(**further)
    assert payments(made) == ["20.00"]
    assert [str(one.due) for one in made.ahead] == ["2028-01-15"]
    more = floating(tmp_path, "date,rate\n2027-01-15,3%\n2027-07-15,-2%\n", spread="1%", floor="0%")
    assert payments(sheet(**more)) == ["20.00", "1,000.00"]


def test_faults_in_fixings_are_all_told(tmp_path):
    bad = "date,rate\n2027-01-15,3\nsoon,3%\n2027-01-16,1%\n2027-01-16,2%\n"
    said = refusal(**floating(tmp_path, bad))
    assert (
        'line 2, rate: "3" is no per cent; write a per cent with its sign, such as 4.125%' in said
    )
    assert 'line 3, date: "soon" is no date' in said
    assert 'line 5, date: "2027-01-16" is there twice; keep one of them' in said


# ----------------------------------------------------------------------------------------- refusals


def test_terms_that_say_too_much_or_too_little_are_refused():
    assert refusal(**interest(rate=None)) == (
        'interest: "0" is how many of rate, steps and floating there are; give exactly one of them'
    )
    both = interest(steps=[{"from": "2027-01-15", "rate": "5%"}])
    assert refusal(**both).startswith('interest: "2" is how many')
    assert refusal(matures=None) == (
        'matures: "" is missing, and so is until; give one, and until for call money'
    )
    assert refusal(rounding={"rounds": "aggregate"}) == (
        'units: "" is needed to round all units together; add it'
    )
    assert refusal(units=5) == ('units: "5" changes nothing; remove it, or write rounds: aggregate')
    assert refusal(principal={"plan": "balloon"}) == (
        'plan: "balloon" is no plan of principal; write bullet, equal parts, annuity, instalments '
        "or sinking"
    )
    assert refusal(principal={"plan": "instalments"}).startswith('payment: "" is missing')
    assert refusal(**interest(rate="-1%")).startswith('rate: "below zero"')


def test_faults_in_single_values_are_all_told():
    said = refusal(
        issued="15.1.2027",
        unit=1000,
        interest={"day_count": "ACT/364", "cycle": "half", "rate": "5", "stub": "middle"},
        dates={"cut_off": 1020, "roll": "sideways", "record": {"days": "lunar"}},
        note="x",
    )
    for part in (
        'issued: "15.1.2027" is no date; write one such as 2027-03-31, without a time',
        'unit: "1000" is no text; write it in quotes, such as "1,000.00"',
        'interest.day_count: "ACT/364" is no day count',
        'interest.cycle: "half" is no cycle',
        'interest.rate: "5" is no per cent',
        'interest.stub: "middle" is none of the names there are; write one of short front',
        'dates.cut_off: "1020" is no time of day; write one in quotes, such as "17:00"',
        'dates.roll: "sideways" is none of the names there are',
        'dates.record.days: "lunar" is none of the names there are; write one of calendar',
        'note: "x" is no setting; remove it',
    ):
        assert part in said
    assert refusal(unit="1,000.001") == (
        'unit: "1,000.001" has 3 decimals and only 2 exist; write at most 2 digits after the point'
    )


@pytest.mark.attack("J28")
def test_a_file_names_no_folder_and_no_impossible_time(tmp_path):
    path = tmp_path / "terms.yaml"
    path.write_text(yaml.safe_dump({**PLAIN, "folder": "elsewhere"}), encoding="utf-8")
    with pytest.raises(InputError, match='folder: "elsewhere" is no setting; remove it'):
        ScheduleTerms.load(path)
    assert 'dates.cut_off: "24:30" is no time of day' in refusal(dates={"cut_off": "24:30"})


def test_a_missing_reference_is_asked_for():
    """ACT/ACT ICMA without a cycle has no regular periods: nothing is guessed."""
    with pytest.raises(InputError, match="needs the regular coupon periods that it divides by"):
        _ = sheet(interest={"day_count": "ACT/ACT ICMA", "rate": "5%"}).lines


# ------------------------------------------------------------------------------------- record times


def due(text: str) -> Period:
    day = date.fromisoformat(text)
    return Period(day, day, day, day, (), None)


def test_records_close_so_many_days_before():
    target = find_calendar("TARGET")
    friday = due("2027-03-26")  # Good Friday
    for offset, days, expected in (
        (1, Days.CALENDAR, "2027-03-25"),
        (15, Days.CALENDAR, "2027-03-11"),
        (1, Days.BUSINESS, "2027-03-25"),
        (0, Days.BUSINESS, "2027-03-25"),
        (0, Days.CALENDAR, "2027-03-26"),
        (2, Days.BUSINESS, "2027-03-24"),
    ):
        found = RecordTimes(offset=offset, days=days).record_day(friday, target)
        assert str(found) == expected


def test_a_cut_off_is_by_the_clocks_of_its_zone():
    """In Berlin 17:00 is 16:00 UTC in winter, 15:00 in summer."""
    times = RecordTimes("Europe/Berlin", time(17), 0)
    calendar = find_calendar("TARGET")
    assert moment(times.closes_at(due("2027-01-15"), calendar)) == "2027-01-15T16:00:00Z"
    assert moment(times.closes_at(due("2027-07-15"), calendar)) == "2027-07-15T15:00:00Z"
    assert moment(times.payable_from(due("2027-07-15"))) == "2027-07-14T22:00:00Z"
    utc = RecordTimes()
    assert moment(utc.closes_at(due("2027-07-15"), calendar)) == "2027-07-14T23:59:59Z"
    assert moment(utc.payable_from(due("2027-07-15"))) == "2027-07-15T00:00:00Z"


@pytest.mark.parametrize(
    ("day", "what"), [("2027-03-14", "never happens"), ("2027-11-07", "happens twice")]
)
def test_an_hour_that_clocks_skip_or_repeat_is_refused(day, what):
    hour = time(2, 30) if what == "never happens" else time(1, 30)
    times = RecordTimes("America/New_York", hour, 0, payable_at=hour)
    for ask in (
        lambda: times.closes_at(due(day), find_calendar("US bond")),
        lambda: times.payable_from(due(day)),
    ):
        with pytest.raises(InputError, match=f"{what} by that zone's clocks, which are changed"):
            ask()
