"""Repayments of over-withheld tax by the books: what is due, until when, and what it comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import withhold
from prorata.contracts.withholding import Certificate
from prorata.errors import InputError, JournalError
from prorata.ledger.audits import correct
from prorata.ledger.corrections import Correction, corrections_in
from prorata.reports.annual import by_year, paid_in, sums, year_statement, year_totals
from prorata.reports.statements import statement as ordinary_statement
from prorata.tax.certificates import CertificateRow
from prorata.tax.procedures import US_REIMBURSEMENT, procedure_of
from prorata.tax.repayments import find_repayments
from prorata.tax.years import US, YearRules
from prorata.values.kinds import FOREVER, Kind
from prorata.values.times import moment
from tests.prorata.tax.history import (
    RATE,
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
)

RECORD, DECLARED, PAID = at("2027-02-09"), at("2027-02-10"), at("2027-03-01")
AMOUNT = 731_000_003
PROCEDURE, PLAIN = procedure_of("US"), YearRules()
DIVIDENDS = frozenset({Kind.DIVIDEND})


def certificate(holder, basis_points, *, kinds=DIVIDENDS, since=0, until=FOREVER):
    return CertificateRow(
        2, holder, Certificate(basis_points, kinds, since, until, bytes([7]) * 32)
    )


def income(*holders, until="2028-02-01", amounts=(AMOUNT,)):
    """A dividend of which 30 % is withheld, paid to some."""
    events = [declared(n, amount, DECLARED, taxed=True) for n, amount in enumerate(amounts, 1)]
    events += [
        claimed(n, amount, holder, PAID, taxed=True)
        for n, amount in enumerate(amounts, 1)
        for holder in holders
    ]
    return books_of(events, record=RECORD, until=at(until))


def booked(repayment, time):
    """As it would be noted."""
    return Correction(
        booked_at=time,
        year=repayment.year,
        distribution_id=repayment.distribution.id,
        holder=repayment.entry.holder,
        currency=repayment.distribution.currency,
        amount=repayment.amount,
        withheld=repayment.entry.tax,
        due=repayment.due,
        payer=A,
        by="issuer",
        procedure=US_REIMBURSEMENT,
        window_until=repayment.window_until,
        document=repayment.document,
        transaction=f"0x{time:064x}",
    )


def found(books, *entries, rules=PLAIN, procedure=PROCEDURE, ids=()):
    return find_repayments(books, TOKEN, entries, rules, procedure, ids=ids)


def test_a_repayment_is_the_tax_withheld_less_the_tax_due():
    [one] = found(income(A, B), certificate(B, 1_500)).due
    gross = AMOUNT * 250 // 1_500
    assert (one.entry.tax, one.due) == (withhold(gross, RATE), withhold(gross, 1_500))
    assert one.amount == one.entry.tax - one.due
    assert (one.year, moment(one.window_until)) == (2027, "2028-03-16T03:59:59Z")


@pytest.mark.parametrize(
    "entry",
    [
        certificate(B, RATE),
        certificate(B, 10_000),
        certificate(B, 1_500, kinds=frozenset({Kind.RENT})),
        certificate(B, 1_500, since=RECORD + 1),
        certificate(B, 1_500, until=RECORD - 1),
        certificate(C, 1_500),
    ],
)
def test_nothing_is_due_by_a_certificate_that_is_not_for_it(entry):
    result = found(income(A, B), entry)
    assert result.due == ()
    assert result.waiting == (((1, C),) if entry.address == C else ())


def test_only_the_distributions_that_are_named_are_looked_at():
    books = income(B, amounts=(AMOUNT, 7_000_000))
    assert [one.distribution.id for one in found(books, certificate(B, 0)).due] == [1, 2]
    assert [one.distribution.id for one in found(books, certificate(B, 0), ids=[2]).due] == [2]


def test_of_several_certificates_the_lowest_counts_in_any_order():
    entries = [certificate(B, rate) for rate in (1_500, 500, 2_000)]
    for order in (entries, entries[::-1]):
        [one] = found(income(B), *order).due
        assert one.due == withhold(one.entry.gross, 500)


def test_a_reference_tells_repayments_apart():
    [one] = found(income(B), certificate(B, 1_500)).due
    other = replace(one, due=one.due + 1)
    assert one.reference(1)[:16] == other.reference(1)[:16] == one.subject(1)
    assert len({one.reference(1), other.reference(1), one.reference(10)}) == 3
    assert {len(one.reference(1)), len(other.reference(1))} == {32}


# ----------------------------------------------------------------------------------------- window


@pytest.mark.parametrize(
    ("withheld", "filed", "last"),
    [
        ("2027-06-01", None, "2028-03-16T03:59:59Z"),
        # It was still 2027 in New York.
        ("2028-01-01T03:00:00Z", None, "2028-03-16T03:59:59Z"),
        ("2028-01-01T06:00:00Z", None, "2029-03-16T03:59:59Z"),
        ("2027-06-01", "2028-02-20T12:00:00Z", "2028-02-20T12:00:00Z"),
        ("2027-06-01", "2028-05-01", "2028-03-16T03:59:59Z"),
    ],
)
def test_the_window_closes_when_the_form_is_filed_or_due(withheld, filed, last):
    procedure = procedure_of("US", filed=None if filed is None else at(filed))
    end = procedure.window_of(at(withheld))
    assert moment(end) == last
    assert procedure.fault(at(withheld), end, 1) is None
    fault = procedure.fault(at(withheld), end + 1, 1)
    assert fault is not None
    assert "the holder claims the refund from the Internal Revenue Service" in fault.remedy


def test_another_procedure_has_the_window_that_it_was_given():
    procedure = procedure_of("DE 44b EStG", until=at("2031-12-31"))
    assert moment(procedure.window_of(PAID)) == "2031-12-31T23:59:59Z"
    with pytest.raises(InputError, match="is no name of a procedure"):
        procedure_of(" ", until=1)


# ------------------------------------------------------------------------------------ corrections


def test_a_correction_survives_the_journal():
    [one] = found(income(B), certificate(B, 1_500)).due
    correction = booked(one, at("2028-02-01"))
    facts = correction.facts()
    assert (facts["what"], facts["amount"]) == ("tax-repaid", str(one.amount))
    assert corrections_in([{"what": "order"}, facts]) == [correction]
    with pytest.raises(JournalError, match="a correction that is incomplete"):
        corrections_in([{"what": "tax-repaid", "amount": "1"}])


def test_more_than_was_withheld_is_a_difference():
    books = income(B)
    [one] = found(books, certificate(B, 0)).due
    correct(books, [booked(one, PAID + 1)])
    assert books.balanced
    correct(books, [replace(booked(one, PAID + 2), amount=1)])
    [wrong] = books.differences
    assert str(wrong) == (
        f"distribution 1, holder {B}: tax repaid is 36.550000 USD by the journal and 36.549999 USD "
        "by the tax withheld, at most"
    )


def test_a_correction_of_what_was_never_declared_is_a_difference():
    books = income(B)
    [one] = found(books, certificate(B, 0)).due
    correct(books, [replace(booked(one, PAID + 1), distribution_id=9)])
    [wrong] = books.differences
    assert str(wrong).startswith("distribution 9: its declaration is missing by the events")


def test_a_correction_stands_in_the_year_it_was_booked_and_corrects_the_one_it_concerns():
    books = income(A, B, until="2028-06-01")
    [one] = found(books, certificate(B, 1_500)).due
    correct(books, [booked(one, at("2028-02-01"))])
    [line] = ordinary_statement(books, TOKEN, B)
    money = books.money(USD, one.amount)
    assert line.note == f"{money} of the tax were repaid on 2028-02-01T23:59:59Z"
    [statement] = [s for s in paid_in(books, TOKEN, 2027) if s.holder == B]
    content = year_statement(books, TOKEN, 2027, statement)
    assert (content.corrected, len(content.corrections_of_year)) == (True, 1)
    assert list(content.corrections_booked) == []
    [payment], [form], [total] = content.payments, content.forms_1042_s, content.totals
    assert payment.tax_repaid_amount.units == form.overwithheld_tax_repaid.units == one.amount
    assert form.federal_tax_withheld.units == one.entry.tax
    assert form.total_withholding_credit.units == one.due
    assert form.tax_rate == "15.00"
    assert total.net_cash_amount.units == one.entry.gross - one.due
    [later] = paid_in(books, TOKEN, 2028)
    content = year_statement(books, TOKEN, 2028, later)
    assert (later.holder, content.corrected, list(content.payments)) == (B, False, [])
    [row] = content.corrections_booked
    assert (row.booked_on[:10], row.year, row.repaid.units) == ("2028-02-01", 2027, one.amount)
    assert year_totals(books, TOKEN, 2027, paid_in(books, TOKEN, 2027)).corrected == 1
    assert [(r.year, r.tax.units, r.repaid_in_year.units) for r in by_year(books, TOKEN)] == [
        (2027, sums(paid_in(books, TOKEN, 2027))[USD][1], 0), (2028, 0, one.amount),
    ]  # fmt: skip


# -------------------------------------------------------------------------------------------- law

RATES = st.integers(0, 10_000)


@given(
    rounds=st.lists(
        st.dictionaries(st.sampled_from(sorted(SHARES)), RATES, max_size=3), max_size=4
    ),
    # Without a remainder, of whose carrying nothing is told here.
    amounts=st.lists(st.integers(1, 10**12).map(lambda n: 6 * n), min_size=1, max_size=3),
    american=st.booleans(),
)
def test_whatever_is_repaid_in_whatever_order_comes_to_the_lowest_tax_due(
    rounds, amounts, american
):
    """(Law 22) Never more than was withheld; and statements stay what the books say."""
    rules = YearRules(countries=dict.fromkeys(SHARES, US) if american else {})
    books = income(A, B, C, amounts=tuple(amounts))
    for number, rates in enumerate(rounds):
        entries = [certificate(holder, rate) for holder, rate in rates.items()]
        due = found(books, *entries, rules=rules).due
        assert all(one.amount > 0 for one in due)
        correct(books, [booked(one, PAID + number + 1) for one in due])
        assert found(books, *entries, rules=rules).due == ()
    assert books.balanced
    for distribution in books.distributions.values():
        for holder, settled in distribution.settlements.items():
            told = [RATE, *(rates[holder] for rates in rounds if holder in rates)]
            lowest = min(withhold(settled.gross, rate) for rate in told)
            assert books.corrections.repaid(distribution.id, holder) == settled.tax - lowest
    statements = paid_in(books, TOKEN, 2027, rules)
    for statement in statements:
        content = year_statement(books, TOKEN, 2027, statement, rules=rules)
        for row in (*content.payments, *content.totals):
            gross, tax, repaid, net = (
                getattr(row, f"{name}_amount").units
                for name in ("gross_cash", "withholding_tax", "tax_repaid", "net_cash")
            )
            assert 0 <= repaid <= tax <= gross
            assert net == gross - tax + repaid
    position = books.positions()[0]
    assert sums(statements)[USD] == (position.paid + position.withheld, position.withheld)
    booked_then = sum(one.amount for one in books.corrections)
    assert sum(row.repaid_in_year.units for row in by_year(books, TOKEN, rules)) == booked_then
