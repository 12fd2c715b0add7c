"""Terms, tapes and payments files: what they say, and how each fault is refused with its line."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from prorata.assets.day_counts import DayCount
from prorata.assets.loans.instalments import LoanType
from prorata.assets.loans.payments import EventType, parse_payments, read_payments
from prorata.assets.loans.servicing import service
from prorata.assets.loans.tapes import parse_tape, read_tape
from prorata.assets.loans.terms import LoanTerms
from prorata.errors import InputError
from prorata.files.yaml_reader import read_yaml
from prorata.toolchain.paths import PROJECT_ROOT

EXAMPLES = PROJECT_ROOT / "examples" / "loans"
TERMS = LoanTerms.load(EXAMPLES / "loans.yaml")
HEADER = "loan,type,principal,rate,paid_to,next_due,payments"
GOOD = "HL-1,ANN,1000.00,6.125%,2026-12-15,2027-01-15,36"


def test_the_example_is_a_thousand_loans_of_all_types():
    loans = read_tape(EXAMPLES / "tape.csv", TERMS)
    assert len(loans) == 1_000
    assert {loan.type for loan in loans} == set(LoanType)
    names = {loan.name for loan in loans}
    events = read_payments(EXAMPLES / "payments.csv", TERMS, names)
    pool = service(TERMS, loans, events, through=date(2027, 12, 31))
    assert pool.original == sum(loan.principal for loan in loans)
    ended = {how for month in pool.months for how in month.ended}
    assert ended == {"charged-off", "liquidated", "repurchased"}


def test_a_line_says_all_that_a_loan_is():
    text = f"{HEADER},every,day_count,instalment,original\n{GOOD},3,act/360,50.00,2000.00\n"
    [loan] = parse_tape(text, TERMS)
    assert (loan.name, loan.type, loan.principal, loan.rate) == (
        "HL-1", LoanType.ANN, 1_000_00, Fraction(49, 800),
    )  # fmt: skip
    assert (loan.paid_to, loan.next_due) == (date(2026, 12, 15), date(2027, 1, 15))
    assert (loan.payments, loan.every, loan.day_count) == (36, 3, DayCount.ACT_360)
    assert (loan.instalment, loan.original, loan.line) == (50_00, 2_000_00, 2)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "HL/1,ANN,1000.00,6%,2026-12-15,2027-01-15,36",
            (
                'line 2, loan: "HL/1" is no name; use 1 to 64 letters, digits, spaces, hyphens, '
                "points and underscores"
            ),
        ),
        (
            "HL-1,NAM,1000.00,6%,2026-12-15,2027-01-15,36",
            (
                'line 2, type: "NAM" is no type of loan; write ANN for an annuity, LAM for a '
                "linear loan, PAM for a bullet"
            ),
        ),
        (
            "HL-1,ANN,1000.001,6%,2026-12-15,2027-01-15,36",
            (
                'line 2, principal: "1000.001" has 3 decimals and only 2 exist; write at most 2 '
                "digits after the point"
            ),
        ),
        (
            "HL-1,ANN,0.00,6%,2026-12-15,2027-01-15,36",
            'line 2, principal: "0.00" is nothing; write more than 0, or drop the line',
        ),
        (
            "HL-1,ANN,1000.00,6,2026-12-15,2027-01-15,36",
            'line 2, rate: "6" is no per cent; write a per cent with its sign, such as 4.125%',
        ),
        (
            "HL-1,ANN,1000.00,612.5%,2026-12-15,2027-01-15,36",
            'line 2, rate: "612.5%" is more than 100% a year; write a year\'s rate, such as 6.125%',
        ),
        (
            "HL-1,ANN,1000.00,6%,15.12.2026,2027-01-15,36",
            'line 2, paid_to: "15.12.2026" is no date; write a day such as 2027-01-31',
        ),
        (
            "HL-1,ANN,1000.00,6%,2027-02-30,2027-03-15,36",
            'line 2, paid_to: "2027-02-30" is in no calendar; write a day such as 2027-01-31',
        ),
        (
            "HL-1,ANN,1000.00,6%,2027-01-15,2027-01-15,36",
            (
                'line 2, next_due: "2027-01-15" is not after 2027-01-15, up to which interest is '
                "paid; write the first instalment that is not paid"
            ),
        ),
        (
            "HL-1,ANN,1000.00,6%,2026-12-15,2027-01-15,0",
            'line 2, payments: "0" is outside 1 to 1,200; write 1 to 1,200',
        ),
    ],
)
def test_a_fault_of_a_tape_is_refused_with_line_value_rule_and_remedy(line, sentence):
    with pytest.raises(InputError) as refused:
        parse_tape(f"{HEADER}\n{line}\n", TERMS)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("columns", "cells", "sentence"),
    [
        (
            "every,day_count", "5,ACT/ACT ICMA",
            ('line 2, day_count: "ACT/ACT ICMA" needs a whole number of periods a year, and '
            "there is one every 5 months; name another day count"),
        ),
        (
            "day_count", "30/361",
            ('line 2, day_count: "30/361" is no day count; write one of ACT/360, ACT/365F, 30/360, '
            "30E/360, 30E/360 ISDA, 30/360 US, ACT/ACT ISDA, ACT/ACT ICMA, 30/365, NL/365"),
        ),
        (
            "instalment", "5.10",
            ('line 2, instalment: "5.10" pays no more than the first interest, 5.10; write a '
            "larger one, or none"),
        ),
        (
            "original", "999.99",
            ('line 2, original: "999.99" is less than the principal that is owed, 1000.00; write '
            "the principal once lent"),
        ),
    ],
)  # fmt: skip
def test_a_fault_of_an_optional_column_is_refused(columns, cells, sentence):
    with pytest.raises(InputError) as refused:
        parse_tape(f"{HEADER},{columns}\n{GOOD},{cells}\n", TERMS)
    assert str(refused.value) == sentence


def test_a_day_count_of_the_terms_must_fit_each_loan():
    terms = LoanTerms.model_validate({**_content(), "day_count": "ACT/ACT ICMA"})
    assert len(parse_tape(f"{HEADER},every\n{GOOD},6\n", terms)) == 1
    with pytest.raises(InputError) as refused:
        parse_tape(f"{HEADER},every\n{GOOD},5\n", terms)
    assert str(refused.value).startswith(
        'line 2, every: "5" needs a whole number of periods a year'
    )


def test_an_instalment_is_an_annuitys():
    line = GOOD.replace("ANN", "LAM")
    with pytest.raises(InputError) as refused:
        parse_tape(f"{HEADER},instalment\n{line},50.00\n", TERMS)
    assert str(refused.value) == (
        'line 2, instalment: "50.00" is given for a loan of type LAM, whose instalments differ; '
        "leave it blank"
    )


def test_every_fault_is_listed_and_each_loan_has_one_line():
    text = f"{HEADER}\n{GOOD}\n{GOOD}\nHL-2,ANN,x,6%,2026-12-15,2027-01-15,36\n"
    with pytest.raises(InputError) as refused:
        parse_tape(text, TERMS, "tape.csv")
    assert str(refused.value).split("\n") == [
        "2 problems in tape.csv:",
        '  line 3, loan: "HL-1" stands on line 2 already; give each loan one line',
        '  line 4, principal: "x" is not a number; write digits such as 1500.25',
    ]


# ---------------------------------------------------------------------------------- payments files

PAID = "date,loan,event,amount,posted,rate,payments"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "2026-12-31,HL-1,payment,5.00,,,",
            (
                'line 2, date: "2026-12-31" is before the pool opens, 2027-01-01; leave out what '
                "the tape has in it already"
            ),
        ),
        (
            "2027-01-31,HL-9,payment,5.00,,,",
            'line 2, loan: "HL-9" is not on the tape; write a loan\'s name as it is there',
        ),
        (
            "2027-01-31,HL-1,paid,5.00,,,",
            (
                'line 2, event: "paid" is no event; write one of payment, prepayment, missed, fee, '
                "modification, charge-off, recovery, liquidation, repurchase"
            ),
        ),
        (
            "2027-01-31,HL-1,payment,,,,",
            'line 2, amount: "" is missing; write how much the payment was',
        ),
        (
            "2027-01-31,HL-1,payment,-5.00,,,",
            'line 2, amount: "-5.00" is negative; write an amount without a sign such as 1500.25',
        ),
        (
            "2027-01-31,HL-1,charge-off,5.00,,,",
            'line 2, amount: "5.00" is given for an event without one, charge-off; leave it blank',
        ),
        (
            "2027-01-31,HL-1,payment,5.00,2027-01-30,,",
            (
                'line 2, posted: "2027-01-30" is before it happened, 2027-01-31; write the day of '
                "posting, or leave it blank"
            ),
        ),
        (
            "2027-01-31,HL-1,payment,5.00,,5%,",
            'line 2, rate: "5%" is given for an event that changes no terms; leave it blank',
        ),
        (
            "2027-01-31,HL-1,modification,,,,",
            (
                'line 2, event: "modification" changes nothing; write a rate, payments, or an '
                "amount that is forgiven"
            ),
        ),
    ],
)
def test_a_fault_of_a_payments_file_is_refused(line, sentence):
    with pytest.raises(InputError) as refused:
        parse_payments(f"{PAID}\n{line}\n", TERMS, {"HL-1"})
    assert str(refused.value) == sentence


def test_a_missed_instalment_is_for_files_of_exceptions():
    all_listed = LoanTerms.model_validate({**_content(), "reported": "all"})
    with pytest.raises(InputError) as refused:
        parse_payments("date,loan,event\n2027-01-31,HL-1,missed\n", all_listed, {"HL-1"})
    assert str(refused.value) == (
        'line 2, event: "missed" is for a file of exceptions, and this one lists all payments; '
        "leave it out, or write reported: exceptions"
    )


def test_an_event_says_all_that_befell():
    [event] = parse_payments(
        f"{PAID}\n2027-01-31,HL-1,Modification,10.00,,5.5%,24\n", TERMS, {"HL-1"}
    )
    assert (event.type, event.amount) == (EventType.MODIFICATION, 10_00)
    assert (event.rate, event.payments, event.line) == (Fraction(11, 200), 24, 2)


# ------------------------------------------------------------------------------------------- terms


def _content() -> dict:
    return read_yaml(EXAMPLES / "loans.yaml", "terms", "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cut_off": 31}, 'cut_off: "31" is outside 1 to 28; write 1 to 28, or last'),
        ({"pays": 29}, 'pays: "29" is outside 1 to 28; write 1 to 28'),
        (
            {"allocation": ["interest", "fees", "principal"]},
            "allocates fees between; put them first or last",
        ),
        (
            {"allocation": ["interest", "principal"]},
            "allocates interest, principal; name interest, principal and fees once each",
        ),
        ({"roll": "unadjusted"}, "has a calendar or a roll alone; give both, or none"),
        (
            {"delinquency": "FHA"},
            'delinquency: "FHA" is no word for it; write MBA or OTS',
        ),
        (
            {"rounding": "nearest"},
            'rounding: "nearest" is none of the names there are; write one of half up, half even',
        ),
        ({"decimals": 19}, 'decimals: "19" is outside 0 to 18; write 0 to 18'),
        ({"surprise": 1}, 'surprise: "1" is no setting; remove it'),
    ],
)
def test_a_fault_of_the_terms_is_refused(tmp_path, change, sentence):
    import yaml

    path = tmp_path / "loans.yaml"
    path.write_text(yaml.safe_dump({**_content(), **change}), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        LoanTerms.load(path)
    assert sentence in str(refused.value)
