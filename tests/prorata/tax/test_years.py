"""The year in which income counts: by which date, in whose calendar, and for whom."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.year_rules import YearRule, YearSettings
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.reports.annual import paid_in, sums, year_statement, year_totals
from prorata.tax.years import RULES, US, YearRules, last_second_of, year_of_income
from prorata.values.times import moment, year_of
from tests.prorata.tax.history import (
    SHARES,
    TOKEN,
    USD,
    A,
    B,
    C,
    at,
    books_of,
    claimed,
    declared,
    frozen,
    recovered,
)

RECORD, DECLARED = at("2027-12-20T12:00:00Z"), at("2027-12-21T09:00:00Z")
PAYABLE = at("2027-12-28T14:00:00Z")
AMOUNT = 1_500_000_000
EVERYBODY = dict.fromkeys(SHARES, US)
AMERICAN, PLAIN = YearRules(countries=EVERYBODY), YearRules()


def income(*payments, persons=(), until="2028-06-01", deadline=0):
    """USD 1,500 for 1,500 shares, payable from 2027-12-28."""
    events = [
        declared(1, AMOUNT, DECLARED, payable_from=PAYABLE, deadline=deadline),
        *(claimed(1, AMOUNT, holder, at(time)) for holder, time in payments),
    ]
    return books_of(events, record=RECORD, until=at(until), persons=persons)


def gross_in(books, year, rules):
    return sums(paid_in(books, TOKEN, year, rules)).get(USD, (0, 0))[0]


@pytest.fixture
def claims():
    """One claims before the year ends, one when it has ended in London only, one in February."""
    return income((A, "2027-12-30T12:00:00Z"), (B, "2028-01-01T03:00:00Z"), (C, "2028-02-10"))


@pytest.mark.parametrize(
    ("rules", "in_2027", "in_2028"),
    [
        (AMERICAN, 1_500, 0),
        (PLAIN, 1_000, 500),
        (YearRules(forced=RULES[US]), 1_500, 0),
        (YearRules(zone="America/New_York"), 1_250, 250),
        # Only the one who came in February is known to be American.
        (YearRules(countries={C: US, B: 276}), 1_250, 250),
    ],
)
def test_the_same_claims_count_in_the_year_of_the_rule(claims, rules, in_2027, in_2028):
    counted = [gross_in(claims, year, rules) // 10**6 for year in (2027, 2028)]
    assert counted == [in_2027, in_2028]


def test_a_statement_says_which_rule_it_used_and_what_has_not_been_paid():
    books = income((A, "2027-12-30T12:00:00Z"), until="2028-01-15")
    one = {found.holder: found for found in paid_in(books, TOKEN, 2027, AMERICAN)}[C]
    found = year_statement(books, TOKEN, 2027, one, rules=AMERICAN)
    assert found.year_rule == (
        "Income counts in the year (America/New_York) at whose end it was unqualifiedly at the "
        "holder's demand, or before in which it was paid, by 26 CFR 1.301-1(b)."
    )
    assert found.country == "United States of America"
    [payment] = found.payments
    assert (payment.gross_cash_amount.cell, payment.payment_date, payment.transaction) == (
        "250.000000", "", "",
    )  # fmt: skip
    assert found.remarks[-1] == (
        "Distribution 1: it was at the holder's demand, and has not been paid yet."
    )
    together = year_totals(books, TOKEN, 2027, paid_in(books, TOKEN, 2027, AMERICAN))
    assert list(together.year_rules) == [found.year_rule]


def test_a_year_has_ended_when_it_has_in_the_calendar_of_the_rule():
    books = income((A, "2027-12-30T12:00:00Z"), until="2028-01-01T03:00:00Z")
    [one] = [found for found in paid_in(books, TOKEN, 2027, AMERICAN) if found.holder == A]
    assert not year_statement(books, TOKEN, 2027, one, rules=AMERICAN).year_has_ended
    [one] = paid_in(books, TOKEN, 2027)
    assert year_statement(books, TOKEN, 2027, one).year_has_ended


@pytest.mark.parametrize(
    ("persons", "payments", "year"),
    [
        # Frozen over the end of the year: in the year of the release, paid or not.
        ([frozen(C, DECLARED), frozen(C, at("2028-03-01"), released=True)], [], 2028),
        (
            [frozen(C, DECLARED), frozen(C, at("2028-03-01"), released=True)],
            [(C, "2028-03-05")],
            2028,
        ),
        # What counts is how it stood when the year ended.
        ([frozen(C, DECLARED), frozen(C, at("2027-12-30"), released=True)], [], 2027),
        ([frozen(C, at("2027-12-29"))], [], None),
        ([frozen(C, at("2028-01-02"))], [], 2027),
        # Paid before it was frozen.
        ([frozen(C, at("2027-12-30"))], [(C, "2027-12-29")], 2027),
        # A lost wallet's income is at the demand of whoever took its place.
        ([frozen(C, DECLARED), recovered(C, A, at("2027-12-29"))], [], 2027),
    ],
)
def test_income_that_waits_for_the_person_counts_when_it_is_released(persons, payments, year):
    books = income(*payments, persons=persons)
    assert year_of_income(books, books.distributions[1], C, RULES[US]) == year


def test_income_that_lapsed_before_the_year_ended_was_at_nobodys_demand():
    books = income((A, "2027-12-29"), deadline=at("2027-12-30"))
    years = [year_of_income(books, books.distributions[1], who, RULES[US]) for who in (A, C)]
    assert years == [2027, None]
    later = income((A, "2027-12-29"), deadline=at("2028-01-30"))
    assert year_of_income(later, later.distributions[1], C, RULES[US]) == 2027


def test_income_of_a_holder_who_is_not_eligible_waits():
    books = income((A, "2027-12-30"))
    books.held |= {(1, A), (1, C)}
    years = [year_of_income(books, books.distributions[1], who, RULES[US]) for who in (A, B, C)]
    assert years == [2027, 2027, None]
    # Eligible until after the year had ended, and not since.
    until = {C: at("2028-01-10")}
    assert year_of_income(books, books.distributions[1], C, RULES[US], until) == 2027
    until = {C: at("2027-12-30")}
    assert year_of_income(books, books.distributions[1], C, RULES[US], until) is None


def test_what_is_not_payable_yet_counts_in_no_year():
    books = income(until="2027-12-25")
    assert year_of_income(books, books.distributions[1], C, RULES[US]) is None
    assert paid_in(books, TOKEN, 2027, AMERICAN) == []


def test_a_computer_without_time_zones_does_without_until_one_is_needed():
    program = (
        "import sys; sys.modules['tzdata'] = None\n"
        "from prorata.tax.years import RULES, US, YearRules\n"
        "print(YearRules().default.calendar, RULES[US].zone)\n"
        "RULES[US].calendar\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONTZPATH": ""},
    )  # fmt: skip
    assert ran.stdout == "UTC America/New_York\n"
    assert "cannot be looked up: this computer has no time zone data; install it with" in ran.stderr


# ------------------------------------------------------------------------------------- settings


def test_a_file_says_whose_rule_is_which():
    years = validated(
        YearSettings,
        {
            "default": {"date": "received", "zone": "Europe/London"},
            "DE": {"date": "payable", "zone": "Europe/Berlin", "source": "§ 44 (2) EStG"},
        },
        "",
        "years",
    )
    rules = YearRules(countries={A: 276, B: US}).set_by(years)
    assert rules.rule_of(A) == YearRule(
        date="payable", zone="Europe/Berlin", source="§ 44 (2) EStG"
    )
    assert rules.rule_of(B) == RULES[US]
    assert rules.rule_of(C) == YearRule(date="paid", zone="Europe/London")
    assert PLAIN.set_by(None) is PLAIN
    assert validated(YearSettings, years.as_written(), "", "years") == years


@pytest.mark.parametrize(
    ("years", "sentence"),
    [
        ({"US": {"date": "accrued"}}, '"accrued" is no date that decides the year of income'),
        ({"US": {"date": "paid", "zone": "EST5"}}, '"EST5" is no IANA time zone'),
        ({"USSR": {"date": "paid"}}, "names USSR, which is no country of ISO 3166-1"),
        ({False: {"date": "paid"}}, "names False, which is yes or no to YAML"),
        ({"US": {"zone": "UTC"}}, "is missing; add it"),
        ({"US": {"date": "paid", "source": "a\nb"}}, "is no source; write one line"),
    ],
)
def test_a_file_that_says_something_else_is_refused(years, sentence):
    with pytest.raises(InputError) as refusal:
        validated(YearSettings, years, "", "years")
    assert sentence in str(refusal.value)


# ------------------------------------------------------------------------------------------ law

TIMES = [at(f"{year}-{day}T12:00:00Z") for year in (2027, 2028, 2029) for day in ("12-30", "06-30")]
ALL_YEARS = range(2026, 2032)


@st.composite
def courses(draw):
    """Payments, freezes and releases at any times after the declaration."""
    persons = []
    for holder in SHARES:
        times = sorted(draw(st.sets(st.sampled_from(TIMES), max_size=4)))
        persons += [
            (frozen(holder, time, released=bool(n % 2)), holder) for n, time in enumerate(times)
        ]
    payments = []
    for holder in SHARES:
        free = [
            time + 1
            for time in TIMES
            if time > PAYABLE and not _frozen_at(persons, holder, time + 1)
        ]
        if free and draw(st.booleans()):
            payments.append((holder, moment(draw(st.sampled_from(free)))))
    payments.sort(key=lambda paid: paid[1])
    told = sorted((event for event, _ in persons), key=lambda event: event[1])
    return income(*payments, persons=told, until="2031-02-01")


def _frozen_at(persons, holder, second):
    states = [e.args["isFrozen"] for (e, time), who in persons if who == holder and time <= second]
    return bool(states) and states[-1]


@given(books=courses(), zone=st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]))
def test_income_counts_in_one_year_and_never_after_it_was_paid(books, zone):
    """(Law 22) By each rule, and by `payable` no later than by `paid`."""
    distribution = books.distributions[1]
    for holder in SHARES:
        settled = distribution.settlements.get(holder)
        by_payment = year_of_income(books, distribution, holder, YearRule(date="paid", zone=zone))
        rule = YearRule(date="payable", zone=zone)
        by_demand = year_of_income(books, distribution, holder, rule)
        assert by_payment == (None if settled is None else year_of(settled.time, rule.calendar))
        if settled is not None:
            assert by_demand is not None
            assert 2027 <= by_demand <= by_payment
        if by_demand not in (None, by_payment):
            end = min(last_second_of(by_demand, rule), books.until)
            assert not books.ledgers[TOKEN].was_frozen(holder, (end, 2**256, 0))
    for date in ("payable", "paid"):
        rules = YearRules(forced=YearRule(date=date, zone=zone))
        counted = [
            (paid.distribution.id, paid.holder)
            for year in ALL_YEARS
            for one in paid_in(books, TOKEN, year, rules)
            for paid in one.payments
        ]
        assert len(counted) == len(set(counted))
        assert {holder for _, holder in counted} >= set(distribution.settlements)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_years_follow_each_other_without_a_gap(zone):
    rule = YearRule(date="paid", zone=zone)
    ends = [last_second_of(year, rule) for year in ALL_YEARS]
    for (before, after), year in zip(pairwise(ends), ALL_YEARS, strict=False):
        assert year_of(before, rule.calendar) == year
        assert year_of(before + 1, rule.calendar) == year_of(after, rule.calendar) == year + 1
