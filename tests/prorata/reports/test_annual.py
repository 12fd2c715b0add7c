"""Statements of a year: what stands in them, and that together they are what the books say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import apportion, withhold
from prorata.errors import InputError
from prorata.ledger.books import Books
from prorata.register.captable import CapTable, Holding
from prorata.register.record_ranges import RangeRegister
from prorata.register.shares import Ledger
from prorata.reports.annual import (
    NOTE,
    paid_in,
    rows,
    sums,
    year_statement,
    year_totals,
)
from prorata.reports.statements import statement
from prorata.tax.forms import BOXES, REPORTING
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from prorata.values.amounts import ETHER, Unit, parse_units
from prorata.values.kinds import Kind
from tests.amounts import bare_amounts, cell

A, B, C, NEW = ("0x" + digit * 40 for digit in "1234")
TOKEN, USD, JPY, POLICY, ISSUER = ("0x" + digit * 40 for digit in "56789")
UNITS = {USD: Unit("USD", 6), JPY: Unit("JPY", 0), TOKEN: Unit("HSE", 0), ZERO: ETHER}
RATE = 1_500
SHARES = {A: 50, B: 30, C: 20}
KNOWN = CapTable((Holding(A, 50, "Ada <b>Löwe</b>", "individual"),))


def second(year, month=1, day=1, hour=0):
    return int(datetime(year, month, day, hour, tzinfo=timezone.utc).timestamp())


RECORD = second(2026, 12, 30)
NEW_YEAR = second(2027)


@dataclass
class ReportedEvent:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


def declared(number, received, currency=USD, kind=Kind.RENT, taxed=False):
    terms = {
        "kind": int(kind), "payableFrom": 0, "deadline": 0, "sweepTo": ZERO,
        "taxPolicy": POLICY if taxed else ZERO, "documentHash": bytes(32), "excluded": (),
    }  # fmt: skip
    return ReportedEvent(
        "Declared",
        {
            "id": number, "token": TOKEN, "currency": currency, "recordId": 1, "terms": terms,
            "declarer": ISSUER, "received": received, "carriedIn": 0,
        },
    )  # fmt: skip


def claimed(holder, payee, *parts):
    """Told in one event, however many (id, gross, tax) there are."""
    reported = [dict(zip(("id", "gross", "tax"), part, strict=True)) for part in parts]
    if len(reported) == 1:
        return ReportedEvent("Claimed", {"holder": holder, "payee": payee, **reported[0]})
    return ReportedEvent(
        "ClaimedMany", {"holder": holder, "payee": payee, "settlements": tuple(reported)}
    )


def books_of(events, recoveries=()):
    register = [
        *((ReportedEvent("Transfer", {"from": ZERO, "to": who, "value": n}), 10)
          for who, n in SHARES.items()),
        (ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": RECORD}), 20),
        *recoveries,
    ]  # fmt: skip
    ledger = Ledger.of(register, TOKEN, until=second(2030))
    books = Books.of(events, [ledger], units=UNITS, withholding={POLICY: RATE})
    books.until = max(books.until, second(2029))
    assert books.balanced, books.differences
    return books


def recovered(lost, successor, time):
    return ReportedEvent("RecoverySuccess", {"lostWallet": lost, "newWallet": successor}), time


@pytest.fixture
def books():
    """Rent in dollars, a taxed dividend in dollars, a return of capital in yen, principal in ETH.

    Ada claims the first three at once as 2026 ends; Ben, who loses his wallet, a second later.
    """
    events = [
        (declared(1, 1_000_001), RECORD + 10),
        (declared(2, 2_000_000, kind=Kind.DIVIDEND, taxed=True), RECORD + 11),
        (declared(3, 500, JPY, Kind.RETURN_OF_CAPITAL), RECORD + 12),
        (declared(4, 10**18, ZERO, Kind.PRINCIPAL), RECORD + 13),
        (claimed(A, A, (1, 500_000, 0), (2, 1_000_000, 150_000)), NEW_YEAR - 1),
        (claimed(A, A, (3, 250, 0)), NEW_YEAR - 1),
        (claimed(B, NEW, (1, 300_000, 0), (2, 600_000, 90_000)), NEW_YEAR),
        (claimed(B, NEW, (4, 3 * 10**17, 0)), second(2027, 6)),
        (ReportedEvent("PayeeSet", {"holder": A, "payee": C}), second(2027, 7)),
        (claimed(A, C, (4, 5 * 10**17, 0)), second(2028) - 1),
    ]
    return books_of(events, [recovered(B, NEW, NEW_YEAR - 10)])


def of(books, year, holder):
    return next(found for found in paid_in(books, TOKEN, year) if found.holder == holder)


def box(row, form, number):
    return next(value for key, value in row.items() if key.startswith(f"{form} {number} "))


# ---------------------------------------------------------------------------------- whose, when


@pytest.mark.parametrize(
    ("year", "holders"), [(2025, []), (2026, [A]), (2027, [A, NEW]), (2028, []), (2029, [])]
)
def test_a_payment_counts_in_the_year_whose_second_it_was_made_in(books, year, holders):
    """The last second of 2026 is 2026's, and the next is not."""
    assert [found.holder for found in paid_in(books, TOKEN, year)] == holders


def test_income_of_a_lost_wallet_stands_in_the_statement_of_the_person(books):
    """(Law 13)."""
    lines = rows(books, of(books, 2027, NEW))
    assert [(line.distribution, line.account, line.payee) for line in lines] == [
        (1, B, NEW), (2, B, NEW), (4, B, NEW),
    ]  # fmt: skip
    assert [line.eligible_balance.cell for line in lines] == ["30", "30", "30"]


def test_income_paid_to_a_payee_is_the_holders(books):
    [line] = rows(books, of(books, 2027, A))
    assert (line.account, line.payee, line.net_cash_amount.cell) == (
        A, C, "0.500000000000000000",
    )  # fmt: skip


@pytest.mark.parametrize("year", [1969, 9999, -1])
def test_a_year_that_no_calendar_has_is_refused(books, year):
    with pytest.raises(InputError, match=rf'year: "{year}" is outside 1970 to 9998; write one'):
        paid_in(books, TOKEN, year)


def test_income_of_a_record_range_stands_among_the_rest():
    """It is declared for another contract, and is the asset's income all the same."""
    record_ranges = "0x" + "c" * 40
    shares = books_of([]).ledgers[TOKEN]
    defined = ReportedEvent(
        "RangeDefined", {"rangeId": 1, "definer": ISSUER, "recordIds": (1,), "weights": (31,)}
    )
    reported = declared(1, 1_000, kind=Kind.INTEREST)
    reported.args["token"] = record_ranges
    books = Books.of(
        [(reported, RECORD + 10), (claimed(A, A, (1, 500, 0)), NEW_YEAR)],
        [shares, RangeRegister.over(shares, record_ranges, [defined])],
        units=UNITS,
    )
    assert books.balanced
    [line] = [row.cells for row in rows(books, of(books, 2027, A))]
    assert (line["eligible_balance"], line["gross_cash_amount"]) == ("1550", "0.000500")
    assert box(line, "1099-INT", "1") == "0.000500"
    [ordinary] = [row.cells for row in statement(books, TOKEN, A)]
    assert (ordinary["record"], ordinary["shares"], ordinary["status"]) == (
        "record range 1", "1550", "paid",
    )  # fmt: skip


# -------------------------------------------------------------------------------------- in words


def test_a_payment_is_told_as_messages_tell_it(books):
    rent, dividend, capital = [row.cells for row in rows(books, of(books, 2026, A))]
    assert [line["event_type"] for line in (rent, dividend, capital)] == ["DVCA", "DVCA", "CAPD"]
    assert {key: dividend[key] for key in (
        "record_date", "ex_dividend_date", "earliest_payment_date", "payment_date",
    )} == {
        "record_date": "2026-12-30T00:00:00Z",
        "ex_dividend_date": "2026-12-30T00:00:01Z",
        "earliest_payment_date": "2026-12-30T00:00:11Z",
        "payment_date": "2026-12-31T23:59:59Z",
    }  # fmt: skip
    amounts = ("gross_cash_amount", "withholding_tax_amount", "net_cash_amount")
    assert [dividend[key] for key in amounts] == ["1.000000", "0.150000", "0.850000"]
    assert [capital[key] for key in amounts] == ["250", "0", "250"]


def test_a_payment_stands_in_the_boxes_of_its_kind_and_in_no_other(books):
    rent, dividend, capital = [row.cells for row in rows(books, of(books, 2026, A))]
    *_, principal = [row.cells for row in rows(books, of(books, 2027, NEW))]
    for line, form, number in (
        (rent, "1099-MISC", "1"), (dividend, "1099-DIV", "1a"), (capital, "1099-DIV", "3"),
        (principal, "1099-DIV", "9"),
    ):  # fmt: skip
        assert box(line, form, number) == line["gross_cash_amount"]
        assert box(line, form, "4") == line["withholding_tax_amount"]
        assert sum(line[found.column] != "" for found in BOXES) == 2
    codes = [box(line, "1042-S", "1") for line in (rent, dividend, capital, principal)]
    assert codes == ["14", "06", "37", ""]
    assert [box(dividend, "1042-S", number) for number in ("2", "3b", "7a")] == [
        "1.000000", "15.00", "0.150000",
    ]  # fmt: skip
    assert [box(principal, "1042-S", number) for number in ("2", "3b", "7a")] == ["", "", ""]


def test_totals_are_per_currency_and_boxes_per_currency_too(books):
    found = year_statement(books, TOKEN, 2026, of(books, 2026, A), next(iter(KNOWN))).model_dump(
        mode="json"
    )
    assert list(bare_amounts(found)) == []
    assert [
        (total["currency"], cell(total["gross_cash_amount"]), cell(total["net_cash_amount"]))
        for total in found["totals"]
    ] == [("USD", "1.500000", "1.350000"), ("JPY", "250", "250")]
    assert [(row["form"], row["box"], cell(row["amount"])) for row in found["boxes_1099"]] == [
        ("1099-DIV", "1a", "1.000000"), ("1099-DIV", "4", "0.150000"),
        ("1099-MISC", "1", "0.500000"), ("1099-MISC", "4", "0.000000"),
        ("1099-DIV", "3", "250"), ("1099-DIV", "4", "0"),
    ]  # fmt: skip
    assert [
        (form["income_code"], form["tax_rate"], cell(form["gross_income"]))
        for form in found["forms_1042_s"]
    ] == [("06", "15.00", "1.000000"), ("14", "00.00", "0.500000"), ("37", "", "250")]
    assert (found["year_has_ended"], found["note"]) == (True, NOTE)
    assert [remark.split(":")[0] for remark in found["remarks"]] == [
        "Dividend", "Rent", "Return of capital",
    ]  # fmt: skip


def test_a_year_that_has_not_ended_says_so(books):
    books.until = second(2027) - 1
    assert not year_totals(books, TOKEN, 2026, []).year_has_ended
    books.until += 1
    assert year_totals(books, TOKEN, 2026, []).year_has_ended


# ------------------------------------------------------------------------------------------- law

MOMENTS = (NEW_YEAR - 1, NEW_YEAR, second(2027, 7), second(2028) - 1, second(2028))
CURRENCIES = (USD, JPY, ZERO)


@st.composite
def histories(draw):
    """Distributions in three currencies, some settled, apart or together, and a lost wallet."""
    count = draw(st.integers(0, 6))
    whats = [
        (draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(Kind)), draw(st.booleans()),
         draw(st.integers(1, 10**12)))
        for _ in range(count)
    ]  # fmt: skip
    events = [
        (declared(number, amount, currency, kind, taxed), RECORD + number)
        for number, (currency, kind, taxed, amount) in enumerate(whats, start=1)
    ]
    lost_at = draw(st.sampled_from(MOMENTS))
    for moment in MOMENTS:
        for holder in SHARES:
            payee = NEW if holder == B and moment >= lost_at else holder
            left = [n for n in range(1, count + 1) if not _is_settled(events, n, holder)]
            chosen = draw(st.lists(st.sampled_from(left), unique=True)) if left else []
            for currency in CURRENCIES:
                parts = [_part(n, whats[n - 1], holder) for n in chosen
                         if whats[n - 1][0] == currency]  # fmt: skip
                if parts:
                    events.append((claimed(holder, payee, *parts), moment))
    return events, [recovered(B, NEW, lost_at)]


def _is_settled(events, number, holder):
    return any(
        part["id"] == number
        for event, _ in events
        if event.name != "Declared" and event.args["holder"] == holder
        for part in event.args.get("settlements", (event.args,))
    )


def _part(number, what, holder):
    _, _, taxed, amount = what
    gross = apportion(amount, SHARES).gross[holder]
    return number, gross, withhold(gross, RATE) if taxed else 0


@given(history=histories())
def test_all_statements_together_are_what_the_books_say_to_the_unit(history):
    """Every settlement stands in one statement of one year, gross, tax and net (Laws 3, 22)."""
    events, recoveries = history
    # That the remainder of what is all paid was carried is not told here: no statement has it.
    books = Books.of(
        events,
        [books_of([], recoveries).ledgers[TOKEN]],
        units=UNITS,
        withholding={POLICY: RATE},
    )
    statements = [found for year in (2026, 2027, 2028) for found in paid_in(books, TOKEN, year)]
    assert not [found for year in (2025, 2029) for found in paid_in(books, TOKEN, year)]
    assert sums(statements) == {
        position.currency: (position.paid + position.withheld, position.withheld)
        for position in books.positions()
        if any(d.settlements for d in books.of_token(TOKEN) if d.currency == position.currency)
    }
    counted = Counter(
        (paid.distribution.id, paid.entry.holder) for one in statements for paid in one.payments
    )
    assert counted == Counter(
        (d.id, holder) for d in books.of_token(TOKEN) for holder in d.settlements
    )
    for found in statements:
        _check_written(books, found)


def _check_written(books, one):
    """What is written adds up to the same: rows to totals, and boxes to what they are for."""
    found = year_statement(books, TOKEN, 2027, one).model_dump(mode="json")
    for total in found["totals"]:
        address = total["currency_address"] or ZERO
        decimals = UNITS[address].decimals

        def add(table, key, decimals=decimals, address=address):
            return sum(
                parse_units(cell(row[key]), decimals, grouping=False)
                for row in table
                if (row["currency_address"] or ZERO) == address
            )

        gross, tax, net = (
            add(found["payments"], key)
            for key in ("gross_cash_amount", "withholding_tax_amount", "net_cash_amount")
        )
        assert (gross, tax, net) == (
            add([total], "gross_cash_amount"),
            add([total], "withholding_tax_amount"),
            add([total], "net_cash_amount"),
        )
        assert gross == tax + net
        withheld = [row for row in found["boxes_1099"] if row["box"] == "4"]
        others = [row for row in found["boxes_1099"] if row["box"] != "4"]
        assert (add(others, "amount"), add(withheld, "amount")) == (gross, tax)
        coded = [row for row in found["payments"]
                 if REPORTING[_kind(row["kind"])].income_code]  # fmt: skip
        assert add(found["forms_1042_s"], "gross_income") == add(coded, "gross_cash_amount")
        assert add(found["forms_1042_s"], "federal_tax_withheld") == add(
            coded, "withholding_tax_amount"
        )


def _kind(label):
    return next(kind for kind in Kind if kind.label == label)
