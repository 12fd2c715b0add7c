"""Servicing by hand: figures that anybody can check with a pocket calculator, then refusals."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from prorata.assets.loans.months import Lateness, lateness
from prorata.assets.loans.payments import parse_payments
from prorata.assets.loans.reports import loan_rows
from prorata.assets.loans.servicing import Pool, service
from prorata.assets.loans.tapes import parse_tape
from prorata.assets.loans.terms import LoanTerms
from prorata.errors import InputError

HEADER = "loan,type,principal,rate,paid_to,next_due,payments"
BASE = {
    "name": "By hand",
    "currency": "USD",
    "decimals": 2,
    "opens": date(2027, 1, 1),
    "day_count": "30E/360 ISDA",
    "determination": 10,
    "pays": 15,
    "delinquency": "MBA",
    "reported": "all",
}


def terms_of(**others: object) -> LoanTerms:
    return LoanTerms.model_validate(BASE | others)


def play(terms: LoanTerms, tape: str, payments: str = "", through: str | None = None) -> Pool:
    loans = parse_tape(f"{HEADER}\n{tape}\n", terms)
    events = []
    if payments:
        names = {loan.name for loan in loans}
        head = "date,loan,event,amount,rate,payments,posted"
        rows = "\n".join(line + "," * (6 - line.count(",")) for line in payments.split("\n"))
        events = parse_payments(f"{head}\n{rows}\n", terms, names)
    until = None if through is None else date.fromisoformat(through)
    return service(terms, loans, events, through=until)


ANNUITY = "A,ANN,1000.00,12%,2026-12-31,2027-01-31,3"
"""Instalments of 340.02, 340.02 and the rest: interest 10.00, 6.70, 3.37."""
LINEAR = "B,LAM,900.00,12%,2026-12-31,2027-01-31,3"
BULLET = "C,PAM,900.00,12%,2026-12-31,2027-01-31,3"


@pytest.mark.parametrize(
    ("tape", "interest", "principal"),
    [
        (ANNUITY, [10_00, 6_70, 3_37], [330_02, 333_32, 336_66]),
        (LINEAR, [9_00, 6_00, 3_00], [300_00, 300_00, 300_00]),
        (BULLET, [9_00, 9_00, 9_00], [0, 0, 900_00]),
    ],
)
def test_each_type_falls_due_as_its_contract_says(tape, interest, principal):
    """Law 72: what is due is paid, and the last instalment is all that is left."""
    pool = play(terms_of(reported="exceptions"), tape)
    assert [month.interest for month in pool.months] == interest
    assert [month.principal for month in pool.months] == principal
    assert pool.months[-1].ended == {"matured": 1}
    assert [row.status for row in loan_rows(pool)] == ["matured"]


def test_the_last_instalment_takes_the_difference_of_rounding():
    pool = play(terms_of(reported="exceptions"), ANNUITY)
    assert [m.interest_due + m.principal_due for m in pool.months] == [340_02, 340_02, 340_03]


def test_an_instalment_that_the_contract_says_leaves_a_balloon():
    terms = terms_of(reported="exceptions")
    loans = parse_tape(f"{HEADER},instalment\n{ANNUITY},100.00\n", terms)
    pool = service(terms, loans)
    assert [month.principal for month in pool.months] == [90_00, 90_90, 819_10]


def test_a_partial_payment_waits_until_it_makes_up_an_instalment():
    """12 CFR 1026.36(c)(1)(ii): in suspense; and it is no collection while it waits."""
    paid = "2027-02-01,A,payment,200.00\n2027-02-20,A,payment,145.00"
    first, second = play(terms_of(), ANNUITY, paid, "2027-02-28").months
    assert (first.received, second.received) == (0, 345_00)
    assert (second.interest, second.principal, second.prepayments) == (10_00, 330_02, 4_98)
    assert second.suspense == 0
    waiting = play(terms_of(), ANNUITY, "2027-02-01,A,payment,200.00", "2027-02-28").months[1]
    assert (waiting.collected, waiting.suspense, waiting.received) == (0, 200_00, 200_00)


def test_a_partial_payment_is_applied_where_the_terms_say_so():
    """Interest first, or principal first."""
    paid = "2027-02-01,A,payment,200.00"
    month = play(terms_of(partial_payments="applied"), ANNUITY, paid, "2027-02-28").months[1]
    assert (month.interest, month.principal, month.suspense) == (10_00, 190_00, 0)
    other = terms_of(partial_payments="applied", allocation=("principal", "interest", "fees"))
    month = play(other, ANNUITY, paid, "2027-02-28").months[1]
    assert (month.interest, month.principal) == (0, 200_00)


def test_fees_are_paid_last_or_first():
    paid = "2027-01-20,A,fee,25.00\n2027-02-01,A,payment,350.00"
    month = play(terms_of(), ANNUITY, paid, "2027-02-28").months[1]
    assert (month.interest, month.principal, month.fees, month.suspense) == (10_00, 330_02, 9_98, 0)
    first = terms_of(allocation=("fees", "interest", "principal"), excess="suspense")
    month = play(first, ANNUITY, paid, "2027-02-28").months[1]
    assert (month.fees, month.interest, month.suspense) == (25_00, 0, 325_00)


def test_more_than_is_due_repays_principal_or_waits():
    paid = "2027-01-31,A,payment,400.00"
    month = play(terms_of(), ANNUITY, paid, "2027-01-31").months[0]
    assert (month.prepayments, month.closing) == (59_98, 610_00)
    month = play(terms_of(excess="suspense"), ANNUITY, paid, "2027-01-31").months[0]
    assert (month.prepayments, month.suspense, month.closing) == (0, 59_98, 669_98)


def test_a_prepayment_bears_interest_until_its_day():
    """600 for a month and 300 for its first half: 6.00 + 1.50."""
    paid = "2027-01-15,C,prepayment,300.00"
    month = play(terms_of(), BULLET, paid, "2027-01-31").months[0]
    assert (month.prepayments, month.interest_due) == (300_00, 7_50)


def test_after_a_prepayment_the_instalment_stays_or_is_fixed_anew():
    """Of a linear loan of 300 a month, 300 paid early: two more of 300, or three of 200."""
    paid = "2026-12-31,B,prepayment,300.00".replace("2026-12-31", "2027-01-01")
    terms = terms_of(reported="exceptions")
    shorter = play(terms, LINEAR.replace(",3", ",4").replace("900", "1200"), paid)
    assert [month.principal for month in shorter.months] == [300_00, 300_00, 300_00, 0]
    assert shorter.months[2].ended == {"prepaid": 1}
    terms = terms_of(reported="exceptions", after_prepayment="recast")
    recast = play(terms, LINEAR.replace(",3", ",4").replace("900", "1200"), paid)
    assert [month.principal for month in recast.months] == [300_00, 200_00, 200_00, 200_00]


def test_who_pays_no_more_than_what_is_late_has_prepaid_nothing():
    """Two instalments of 0.02 paid exactly, one of them late: the others stay as they were."""
    terms = terms_of(excess="principal", after_prepayment="recast")
    tape = "D,LAM,0.14,0%,2026-12-31,2027-01-31,6"
    months = play(terms, tape, "2027-02-28,D,payment,0.04", "2027-06-30").months
    assert [month.principal_due for month in months] == [2, 2, 2, 2, 2, 4]


def test_a_loan_is_paid_off_with_the_interest_of_its_days():
    """Half a month's 4.50 on top; what is too much goes back."""
    paid = "2027-01-15,C,prepayment,1000.00"
    month = play(terms_of(), BULLET, paid, "2027-01-31").months[0]
    assert (month.prepayments, month.interest, month.returned) == (900_00, 4_50, 95_50)
    assert (month.closing, month.ended) == (0, {"prepaid": 1})


def test_late_instalments_bear_what_the_terms_say():
    """4% a year on 309.00 for a month of thirty days, as a fee: 1.03."""
    paid = "2027-02-28,B,payment,309.00"
    terms = terms_of(arrears_rate="4%", excess="suspense")
    pool = play(terms, LINEAR, paid, "2027-02-28")
    assert pool.months[1].interest + pool.months[1].principal == 309_00
    assert pool.accounts[0].fees == 1_03


def test_a_modification_adds_what_is_late_to_the_principal():
    """Two months of 9.00 interest late on 900: 918 at 6% from then, less 18 forgiven."""
    paid = "2027-02-28,C,modification,18.00,6%,2"
    pool = play(terms_of(), BULLET, paid, "2027-04-30")
    february = pool.months[1]
    assert (february.capitalised, february.losses, february.closing) == (18_00, 18_00, 900_00)
    assert [month.interest_due for month in pool.months[2:]] == [4_50, 4_50]
    assert pool.months[1].modified == 1
    assert pool.months[3].principal_due == 900_00


def test_a_charge_off_is_a_loss_and_what_comes_after_it_a_recovery():
    paid = "2027-02-01,A,payment,50.00\n2027-03-01,A,charge-off\n2027-04-02,A,recovery,120.00"
    pool = play(terms_of(), ANNUITY, paid)
    march, april = pool.months[2:]
    assert (march.losses, march.recoveries, march.closing) == (1_000_00, 50_00, 0)
    assert (april.recoveries, april.received) == (120_00, 120_00)


def test_a_liquidation_ends_the_loan():
    paid = "2027-02-10,A,liquidation,700.00"
    month = play(terms_of(), ANNUITY, paid).months[1]
    assert (month.losses, month.recoveries, month.ended) == (1_000_00, 700_00, {"liquidated": 1})


def test_a_repurchase_pays_principal_and_interest_to_the_day():
    """900, 9.00 late of January, 4.50 of half a month."""
    month = play(terms_of(), BULLET, "2027-02-15,C,repurchase").months[1]
    assert (month.repurchased, month.interest, month.received) == (900_00, 13_50, 913_50)


def test_what_is_late_too_long_is_charged_off():
    """On 31 March it is 59 days, on 30 April 89."""
    pool = play(terms_of(charge_off_after=60), ANNUITY, through="2027-04-30")
    assert [month.ended for month in pool.months] == [{}, {}, {}, {"charged-off": 1}]
    assert [month.losses for month in pool.months] == [0, 0, 0, 1_000_00]


def test_what_is_posted_too_late_counts_in_the_period_of_its_posting():
    """The determination date of January is 10 February."""
    for posted, place in (("2027-02-10", 0), ("2027-02-11", 1), ("2027-03-11", 2)):
        paid = f"2027-01-31,A,payment,340.02,,,{posted}"
        pool = play(terms_of(), ANNUITY, paid, "2027-03-31")
        assert [month.received for month in pool.months].index(340_02) == place


def test_a_cut_off_within_the_month():
    """The period of the opening ends on the next cut-off day."""
    pool = play(terms_of(cut_off=20), ANNUITY, through="2027-03-31")
    ends = [month.cut_off for month in pool.months]
    assert ends[:2] == [date(2027, 1, 20), date(2027, 2, 20)]
    assert [month.first for month in pool.months][1] == date(2027, 1, 21)
    assert [month.interest_due for month in pool.months[:2]] == [0, 10_00]
    assert pool.months[0].pays_on == date(2027, 2, 15)


def test_pay_dates_roll_and_records_of_the_period_do_not():
    """15 May 2027 is a Saturday."""
    pool = play(terms_of(calendar="TARGET", roll="following"), ANNUITY, through="2027-04-30")
    april = pool.months[3]
    assert (april.due_on, april.pays_on) == (date(2027, 5, 15), date(2027, 5, 17))
    assert april.determined_on == date(2027, 5, 10)


# ---------------------------------------------------------------------------------- how late it is


@pytest.mark.parametrize(
    ("method", "day", "found"),
    [
        ("MBA", "2027-07-01", Lateness.CURRENT),
        ("MBA", "2027-07-02", Lateness.DAYS_1_29),
        ("MBA", "2027-07-30", Lateness.DAYS_1_29),
        ("MBA", "2027-07-31", Lateness.DAYS_30),
        ("MBA", "2027-08-31", Lateness.DAYS_60),
        ("MBA", "2027-09-30", Lateness.DAYS_90),
        ("OTS", "2027-07-31", Lateness.DAYS_1_29),
        ("OTS", "2027-08-01", Lateness.DAYS_30),
        ("OTS", "2027-08-31", Lateness.DAYS_30),
        ("OTS", "2027-09-01", Lateness.DAYS_60),
        ("OTS", "2028-09-01", Lateness.DAYS_90),
    ],
)
def test_an_instalment_of_the_first_of_july(method, day, found):
    """As the agreements of mortgage pools give the example."""
    assert lateness(date(2027, 7, 1), date.fromisoformat(day), method) is found


@pytest.mark.parametrize(("method", "classes"), [("MBA", [2, 3, 4]), ("OTS", [1, 2, 3])])
def test_the_report_counts_by_the_method_of_the_terms(method, classes):
    """A loan due on the first of each month, of which nothing is paid."""
    tape = "A,ANN,1000.00,12%,2026-12-01,2027-01-01,12"
    pool = play(terms_of(delinquency=method), tape, through="2027-03-31")
    assert [month.loans.index(1) for month in pool.months] == classes


def test_a_loan_that_is_late_when_the_pool_opens():
    """Its oldest instalment is on the tape, and is unpaid in a file of exceptions too.

    Those of November (109.00) and December (108.00) are late; what comes in for January, 107.00,
    is not enough for the oldest, and waits.
    """
    tape = "A,LAM,900.00,12%,2026-10-31,2026-11-30,9"
    month = play(terms_of(reported="exceptions"), tape, through="2027-01-31").months[0]
    assert (month.received, month.suspense, month.collected) == (107_00, 107_00, 0)
    assert month.loans[Lateness.DAYS_60] == 1


# ------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("paid", "sentence"),
    [
        (
            "2027-02-01,A,recovery,5.00",
            (
                'line 2, event: "recovery" is for loan A, which is neither charged off nor '
                "liquidated; write it as a payment"
            ),
        ),
        (
            "2027-02-01,A,charge-off\n2027-03-01,A,payment,5.00",
            (
                'line 3, event: "payment" is for loan A, which ended before (charged-off); write '
                "it as a recovery"
            ),
        ),
        (
            "2027-02-15,A,repurchase,10.00",
            (
                'line 2, amount: "10.00" is not the price of loan A on 2027-02-15, 1,013.35; write '
                "that, or leave it blank"
            ),
        ),
        (
            "2027-02-15,A,modification,1010.00",
            (
                'line 2, amount: "1,010.00" forgives all that loan A owes, 1,000.00; write a '
                "charge-off"
            ),
        ),
        (
            "2027-06-15,A,modification,,5%",
            (
                'line 2, event: "modification" leaves loan A without an instalment: all have '
                "fallen due; give payments"
            ),
        ),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_its_line(paid, sentence):
    with pytest.raises(InputError) as refused:
        play(terms_of(), ANNUITY, paid, "2027-12-31")
    assert str(refused.value) == sentence


def test_faults_of_several_loans_are_listed_in_the_order_of_their_lines():
    paid = "2027-02-01,B,recovery,5.00\n2027-02-02,A,recovery,5.00"
    with pytest.raises(InputError) as refused:
        play(terms_of(), f"{ANNUITY}\n{LINEAR}", paid)
    assert [problem.line for problem in refused.value.problems] == [2, 3]


def test_a_missed_instalment_that_never_was_is_refused():
    with pytest.raises(InputError) as refused:
        play(terms_of(reported="exceptions"), ANNUITY, "2027-02-27,A,missed")
    assert str(refused.value) == (
        'line 2, date: "2027-02-27" is no instalment date of loan A while it was owed; count from '
        "2027-01-31, its first one"
    )


def test_the_rate_of_a_loan_is_exact():
    loans = parse_tape(f"{HEADER}\nA,ANN,1000.00,6.125%,2026-12-31,2027-01-31,3\n", terms_of())
    assert loans[0].rate == Fraction(49, 800)
