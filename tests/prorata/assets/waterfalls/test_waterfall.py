"""Waterfalls by hand: what is due, cures, reserves, write-downs; then terms and files refused."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
import yaml

from prorata.assets.waterfalls.distributions import distribution_file, parse_records
from prorata.assets.waterfalls.periods import Period, parse_periods, read_periods
from prorata.assets.waterfalls.sheets import Sheet
from prorata.assets.waterfalls.terms import WaterfallTerms
from prorata.assets.waterfalls.waterfall import run
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT

EXAMPLES = PROJECT_ROOT / "examples"
HASH = "0x" + "22" * 32
REST = {"name": "rest", "kind": "residual", "to": "equity"}
BASE = {
    "name": "By hand",
    "currency": "USD",
    "decimals": 2,
    "starts": date(2027, 1, 1),
    "day_count": "30/360",
    "pool": "1,000.00",
    "tranches": [
        {"name": "senior", "original": "600.00", "rate": "6%"},
        {"name": "mezzanine", "original": "300.00", "rate": "12%"},
        {"name": "equity", "original": "100.00"},
    ],
    "triggers": [{"name": "cover", "coverage_of": ["senior"], "least": "150%"}],
}
SENIOR = {"name": "senior interest", "kind": "senior", "interest": "senior"}
PRINCIPAL = {"name": "senior principal", "kind": "senior", "principal": "senior"}
JUNIOR = {"name": "junior interest", "kind": "junior", "interest": "mezzanine"}
CURE = {"name": "cure", "kind": "cure", "trigger": "cover", "pays": "senior"}
FEBRUARY, MARCH, APRIL = date(2027, 2, 1), date(2027, 3, 1), date(2027, 4, 1)


def play(buckets: list[dict[str, Any]], *periods: Period, **others: Any) -> list[Sheet]:
    terms = WaterfallTerms.model_validate(BASE | {"buckets": [*buckets, REST]} | others)
    return run(terms, periods, HASH)


def paid(sheet: Sheet) -> list[int]:
    return [line.paid for line in sheet.lines]


def test_each_bucket_gets_what_it_is_due_and_the_last_one_the_rest():
    """Law 70: interest of a month, 3.00 of 600.00; the principal that came in; what is left."""
    [sheet] = play([SENIOR, PRINCIPAL, JUNIOR], Period(FEBRUARY, interest=9_00, principal=50_00))
    assert paid(sheet) == [3_00, 50_00, 3_00, 3_00]
    assert next((one.name, one.closing) for one in sheet.tranches) == ("senior", 550_00)
    assert sheet.payments[0].income == "interest"


def test_who_is_short_stays_due_or_lapses():
    """Law 71: and nothing is left for anybody after it."""
    periods = [Period(FEBRUARY, interest=1_00), Period(MARCH, interest=9_00)]
    first, second = play([SENIOR, JUNIOR], *periods)
    assert paid(first) == [1_00, 0, 0]
    assert [line.carried for line in second.lines] == [2_00, 3_00, 0]
    assert paid(second) == [5_00, 4_00, 0]
    assert (first.tranches[0].unpaid, second.tranches[1].unpaid) == (2_00, 2_00)
    lapses = {**SENIOR, "accumulates": False}
    second = play([lapses, JUNIOR], *periods)[1]
    assert paid(second) == [3_00, 6_00, 0]


def test_the_reserve_is_drawn_for_debt_service_only():
    """5.00 in reserve: 2.00 for the senior, none for the junior bucket behind it."""
    reserve = {"name": "reserve", "kind": "reserve", "target": "5.00"}
    periods = [Period(FEBRUARY, interest=1_00), Period(MARCH, interest=9_00)]
    first, second = play([SENIOR, reserve, JUNIOR], *periods, reserve="5.00")
    assert (first.drawn, first.reserve_closing, paid(first)) == (2_00, 3_00, [3_00, 0, 0, 0])
    assert (second.filled, second.reserve_closing) == (2_00, 5_00)
    assert paid(second) == [3_00, 2_00, 4_00, 0]


def test_what_is_above_a_falling_target_is_released():
    reserve = {"name": "reserve", "kind": "reserve", "target_rate": "10%", "of": ["senior"]}
    periods = [Period(FEBRUARY, principal=600_00), Period(MARCH)]
    first, second = play([PRINCIPAL, reserve], *periods, reserve="60.00")
    assert (first.released, first.reserve_closing) == (0, 60_00)
    assert (second.released, second.reserve_closing, paid(second)) == (60_00, 0, [0, 0, 60_00])


def test_a_reserve_takes_a_part_of_what_comes_in():
    reserve = {"name": "reserve", "kind": "reserve", "target": "500.00", "most": "5%"}
    [sheet] = play([reserve], Period(FEBRUARY, income=99_99))
    assert (sheet.filled, paid(sheet)) == (4_99, [4_99, 95_00])


@pytest.mark.parametrize("accumulates", [True, False])
def test_a_cure_reads_closing_balances_and_says_whether_it_accumulates(accumulates):
    """The pool falls to 840: 600 may be 560 at most, so that 40 is due, of which 10 is paid.

    A month later the pool is 900, and 590 is covered: 30 is still due only if it accumulates.
    """
    periods = [
        Period(FEBRUARY, interest=10_00, pool=840_00),
        Period(MARCH, interest=50_00, pool=900_00),
    ]
    first, second = play([{**CURE, "accumulates": accumulates}], *periods)
    assert next((line.due, line.paid) for line in first.lines) == (40_00, 10_00)
    assert second.readings[0].passes
    assert paid(second) == ([30_00, 20_00] if accumulates else [0, 50_00])


def test_what_a_cure_was_due_before_is_not_due_twice():
    """40 is due and nothing paid; a month later 50 restores the test, and 50 is due, not 90."""
    periods = [Period(FEBRUARY, pool=840_00), Period(MARCH, pool=825_00)]
    second = play([{**CURE, "accumulates": True}], *periods)[1]
    assert second.lines[0].due == 50_00


def test_triggers_of_arrears_and_losses_turn_buckets_on_and_off():
    triggers = [
        {"name": "arrears", "delinquent": True, "most": "10%"},
        {"name": "loss", "losses": True, "most": "2%"},
    ]
    buckets = [
        {"name": "a", "kind": "expenses", "amount": "1.00", "if_passing": "arrears"},
        {"name": "b", "kind": "expenses", "amount": "2.00", "if_failing": "loss"},
    ]
    at, above = play(
        buckets,
        Period(FEBRUARY, income=9_00, pool=900_00, delinquent=90_00, losses=20_00),
        Period(MARCH, income=9_00, pool=900_00, delinquent=90_01, losses=1),
        triggers=triggers,
    )
    assert paid(at) == [1_00, 8_00]
    assert paid(above) == [2_00, 7_00]


def test_claims_are_paid_pro_rata():
    """Law 71: 10.00 for 3.00 and 3.00 and 6.00 due; of 5.00, exact shares and one cent more."""
    both = {
        "name": "both",
        "kind": "pro_rata",
        "of": [{"interest": "senior"}, {"interest": "mezzanine"}, {"amount": "6.00", "to": "bank"}],
    }
    [sheet] = play([both], Period(FEBRUARY, interest=5_00))
    assert paid(sheet) == [1_25, 1_25, 2_50, 0]
    [sheet] = play([both], Period(FEBRUARY, interest=5_01))
    assert sorted(paid(sheet)) == [0, 1_25, 1_25, 2_51]


def test_losses_write_tranches_down_from_the_junior():
    """1,000 are outstanding and the pool is 870: 100 of equity, 30 of the mezzanine."""
    [sheet] = play([SENIOR], Period(FEBRUARY, pool=870_00), write_downs=True)
    assert [one.written_down for one in sheet.tranches] == [0, 30_00, 100_00]
    assert [one.closing for one in sheet.tranches] == [600_00, 270_00, 0]
    assert str(sheet.tranches[1].factor) == "9/10"


def test_the_rate_of_the_pool_is_of_its_opening_balance():
    servicing = {"name": "servicing", "kind": "expenses", "rate": "1.2%"}
    periods = [Period(FEBRUARY, income=9_00, pool=500_00), Period(MARCH, income=9_00, pool=400_00)]
    first, second = play([servicing], *periods)
    assert (paid(first), paid(second)) == ([1_00, 8_00], [50, 8_50])


def test_interest_runs_to_the_day_before_it_rolled_unless_the_terms_say_otherwise():
    period = Period(date(2027, 2, 3), interest=9_00, due_on=FEBRUARY)
    assert paid(play([SENIOR], period)[0])[0] == 3_00
    assert paid(play([SENIOR], period, accrual="adjusted")[0])[0] == 3_20


# --------------------------------------------------------------------------------- sheet and files


def test_the_hash_of_a_sheet_is_that_of_its_file():
    """Law 73: anybody finds it with `sha256sum`; it names the terms and the sheet before."""
    first, second = play([SENIOR], Period(FEBRUARY, interest=9_00), Period(MARCH, interest=9_00))
    assert first.hash == f"0x{sha256(first.text.encode()).hexdigest()}"
    facts = json.loads(second.text)
    assert (facts["terms"], facts["previous"], facts["period"]) == (HASH, first.hash, 2)
    assert facts["tranches"][0]["factor"] == "1"
    assert first.hash != play([SENIOR], Period(FEBRUARY, interest=9_01))[0].hash


def test_what_a_tranche_is_paid_is_a_file_that_distribute_takes():
    [sheet] = play([SENIOR, PRINCIPAL], Period(FEBRUARY, interest=9_00, principal=50_00))
    content = yaml.safe_load(distribution_file(sheet, "senior", 4))
    assert content == {
        "distributions": [
            {"record": 4, "currency": "USD", "amount": "3.00", "kind": "interest",
             "document": sheet.hash},
            {"record": 4, "currency": "USD", "amount": "50.00", "kind": "principal",
             "document": sheet.hash},
        ]
    }  # fmt: skip


@pytest.mark.parametrize("text", ["senior", "senior=", "senior=0", "senior=x"])
def test_a_record_of_no_tranche_is_refused(text):
    with pytest.raises(InputError, match=r"names no tranche and record; write senior=3"):
        parse_records((text,), {"senior": None})


def test_records_are_named_once_and_of_tranches_that_there_are():
    assert parse_records(("senior=3", "equity=1"), {"senior": 0, "equity": 0}) == {
        "senior": 3, "equity": 1,
    }  # fmt: skip
    with pytest.raises(InputError, match="names no tranche of the terms, which are senior"):
        parse_records(("junior=3",), {"senior": None})
    with pytest.raises(InputError, match="names a tranche twice"):
        parse_records(("senior=3", "senior=4"), {"senior": None})


def test_the_example_of_a_building():
    terms = WaterfallTerms.load(EXAMPLES / "building" / "waterfall.yaml")
    sheets = run(terms, read_periods(EXAMPLES / "building" / "income.csv", terms), HASH)
    assert paid(sheets[2]) == [1_075_00, 1_200_00, 9_500_00, 1_100_00, 9_125_00]
    assert sheets[2].reserve_closing == 4_250_00


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "date,repairs,income\n2026-12-31,1,1\n",
            (
                'line 2, date: "2026-12-31" is not after 2026-12-31; write the periods in the '
                "order of their dates"
            ),
        ),
        (
            "date,repairs,income\n2027-01-31,1,1\n2027-01-31,1,1\n",
            (
                'line 3, date: "2027-01-31" is not after 2027-01-31; write the periods in the '
                "order of their dates"
            ),
        ),
        (
            "date,repairs,income\n2027-01-31,1,1.001\n",
            (
                'line 2, income: "1.001" has 3 decimals and only 2 exist; write at most 2 digits '
                "after the point"
            ),
        ),
        (
            "date,income\n2027-01-31,1\n",
            'line 1, header: "date,income" lacks the column repairs; add it',
        ),
    ],
)
def test_a_fault_of_a_periods_file_is_refused(text, sentence):
    terms = WaterfallTerms.load(EXAMPLES / "building" / "waterfall.yaml")
    with pytest.raises(InputError) as refused:
        parse_periods(text, terms)
    assert str(refused.value) == sentence


def test_what_triggers_read_must_be_there():
    terms = WaterfallTerms.load(EXAMPLES / "loans" / "waterfall.yaml")
    assert terms.facts == ("pool", "delinquent")
    with pytest.raises(InputError, match='"" is blank'):
        parse_periods("date,pool,delinquent\n2027-02-15,,0\n", terms)


def buckets(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"buckets": [*listed, REST]}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"buckets": [SENIOR]}, "does not end with its one residual"),
        ({"buckets": [REST, SENIOR]}, "does not end with its one residual"),
        (buckets(SENIOR, SENIOR), "has two buckets called senior interest"),
        (buckets(SENIOR, {**SENIOR, "name": "again"}), "pays the interest of senior in two"),
        (
            buckets({"name": "r", "kind": "reserve", "target": "1"}, SENIOR),
            "has debt service after the reserve; put senior buckets before it",
        ),
        (buckets(JUNIOR, SENIOR), "has debt service after a junior bucket"),
        (buckets(CURE), "does not say whether it accumulates; write accumulates: true or false"),
        (buckets({**SENIOR, "interest": "equity"}), "pays interest of equity, which has no rate"),
        (buckets({**SENIOR, "interest": "super"}), "has no tranche super, which bucket senior"),
        (
            buckets({**CURE, "accumulates": True, "trigger": "none"}),
            "has no trigger none, which bucket cure names",
        ),
        (buckets({"name": "e", "kind": "expenses"}), "is due no one thing"),
        (
            buckets({"name": "e", "kind": "expenses", "amount": "1", "column": "e"}),
            "is due no one thing",
        ),
        (
            buckets({"name": "e", "kind": "expenses", "interest": "senior"}),
            "has interest, which its kind has not",
        ),
        (buckets({"name": "p", "kind": "pro_rata", "of": [{"amount": "1"}]}), "two claims or more"),
        (buckets({"name": "r", "kind": "reserve"}), "has no one target"),
        (
            buckets({"name": "e", "kind": "expenses", "column": "pool"}),
            "has a column pool, which has a meaning already",
        ),
        (
            buckets({"name": "e", "kind": "expenses", "amount": "1.001"}),
            'has the amount "1.001" of bucket e, which has 3 decimals and only 2 exist',
        ),
        ({**buckets(SENIOR), "day_count": None}, "has rates and no day count"),
        ({**buckets(SENIOR), "day_count": "ACT/ACT ICMA"}, "which needs more than two dates"),
        ({**buckets(SENIOR), "pool": None}, "needs the pool for pool"),
        (
            {**buckets(SENIOR), "triggers": [{"name": "t", "losses": True, "least": "5%"}]},
            "has no bound that fits; give most, and not least",
        ),
        (
            {**buckets(SENIOR), "triggers": [{"name": "t", "losses": True, "delinquent": True}]},
            "tests no one thing; give coverage_of, delinquent or losses",
        ),
        (
            {**buckets(SENIOR), "triggers": [{"name": "t", "losses": True, "most": "0%"}]},
            "has a bound of 0%; give more",
        ),
        (
            {**buckets(SENIOR), "triggers": [{"name": "t", "coverage_of": ["x"], "least": "1%"}]},
            "has no tranche x, which trigger t names",
        ),
        (
            buckets({**SENIOR, "if_failing": "cover", "if_passing": "cover"}),
            "is due while a trigger fails and while one passes",
        ),
        (
            buckets({"name": "c", "kind": "cure", "accumulates": True}),
            "cures nothing; give trigger",
        ),
        (
            buckets({"name": "r", "kind": "reserve", "target_rate": "1%"}),
            "has no list of tranches with its target_rate",
        ),
        ({"buckets": [{"name": "rest", "kind": "residual"}]}, "does not say who gets the rest"),
        (
            {"buckets": [SENIOR, {**REST, "if_failing": "cover"}]},
            "has a residual on a condition; let it always take the rest",
        ),
        (
            buckets(
                {"name": "r", "kind": "reserve", "target": "1"},
                {"name": "s", "kind": "reserve", "target": "1"},
            ),
            "has two reserves; keep one of them",
        ),
        (
            buckets({"name": "e", "kind": "expenses", "column": "Repairs"}),
            "has a column Repairs; write it in small letters",
        ),
        (
            {**buckets(SENIOR), "tranches": [{"name": "senior", "original": "0", "rate": "1%"}]},
            "has nothing in tranche senior; give its original balance, or drop it",
        ),
        (buckets({"name": "e", "kind": "expenses", "amount": 1.5}), "is no text; write the amount"),
        (
            buckets({"name": "e", "kind": "expenses", "rate": "-1%"}),
            "is negative; write 0% or more",
        ),
        (buckets({"name": "e/e", "kind": "expenses", "amount": "1"}), "is no name; use 1 to 64"),
        ({**buckets(SENIOR), "name": " "}, "is no title; write one line of 1 to 120 characters"),
        ({**buckets(SENIOR), "reserve": 1.5}, "is no text; write the amount in quotes"),
    ],
)
def test_terms_that_do_not_fit_together_are_refused(tmp_path, change, rule):
    path = tmp_path / "waterfall.yaml"
    path.write_text(yaml.safe_dump(BASE | change), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        WaterfallTerms.load(path)
    assert rule in str(refused.value)
