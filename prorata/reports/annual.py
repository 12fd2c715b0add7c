# SPDX-License-Identifier: MIT
"""Statements for a year: what every holder was paid, in the words of tax forms and messages.

A payment belongs to the year, in UTC, in which it was made, whenever it was declared or could first
have been claimed. It stands in the statement of the person it belongs to: income of a lost wallet
in that of its successor, with the wallet as the account. Amounts stay in the currency they were
paid in, with all its decimals, and each currency has a total of its own.

Each settlement stands in exactly one statement of one year, so that all of them together are what
the books say was paid and withheld, to the unit. Which box an amount belongs in is what
`prorata.income` says, as a help for the preparer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from prorata.errors import InputError
from prorata.ledger.books import Books
from prorata.ledger.entries import BookEntry, DistributionAccount
from prorata.register.captable import CapTable, Holding
from prorata.reports.documents import (
    BoxRow,
    FormRow,
    PaymentRow,
    SummaryRow,
    TotalRow,
    YearStatement,
    YearTotals,
)
from prorata.tax.forms import (
    GROSS_INCOME,
    INCOME_CODE,
    REPORTING,
    TAX_RATE,
    TAX_WITHHELD,
    Box,
    tax_rate,
)
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount
from prorata.values.times import iso

__all__ = [
    "NOTE",
    "Statement",
    "YearPayment",
    "paid_in",
    "rows",
    "summary",
    "sums",
    "year_statement",
    "year_totals",
]

NOTE = (
    "The boxes are a help for the preparer of the forms, not tax advice. Amounts are in the "
    "currency they were paid in and have to be converted; a payment counts in the year (UTC) in "
    "which it was made. That tax withheld is federal tax presumes that the collector whom the "
    "distribution names pays it to the IRS."
)

_YEARS = (1970, 9998)


# ---------------------------------------------------------------------------------- who got what


@dataclass(frozen=True)
class YearPayment:
    """One settlement, and the distribution it is of."""

    distribution: DistributionAccount
    entry: BookEntry


@dataclass(frozen=True)
class Statement:
    """What one person was paid in one year; `holder` is the wallet it has now."""

    holder: str
    payments: tuple[YearPayment, ...]

    def by_currency(self) -> dict[str, list[YearPayment]]:
        """The payments of each currency, in the order of the first."""
        groups: dict[str, list[YearPayment]] = {}
        for payment in self.payments:
            groups.setdefault(payment.distribution.currency, []).append(payment)
        return groups


def paid_in(books: Books, token: str, year: int) -> list[Statement]:
    """The statements of everyone who was paid in `year`, in order of address.

    Raises: InputError for a year that no calendar has.
    """
    first, last = _bounds(year)
    ledger = books.ledgers[token]
    persons: dict[str, list[YearPayment]] = {}
    for distribution in books.of_asset(token):
        for entry in distribution.settlements.values():
            if first <= entry.time < last:
                person = persons.setdefault(ledger.claimant_of(entry.holder), [])
                person.append(YearPayment(distribution, entry))
    return [Statement(holder, _in_order(paid)) for holder, paid in sorted(persons.items())]


def _bounds(year: int) -> tuple[int, int]:
    """The first second of the year, and of the next."""
    if not _YEARS[0] <= year <= _YEARS[1]:
        rule = f"is outside {_YEARS[0]} to {_YEARS[1]}"
        raise InputError.of("year", year, rule, "write one such as 2027")
    starts = (datetime(number, 1, 1, tzinfo=timezone.utc) for number in (year, year + 1))
    first, last = (int(start.timestamp()) for start in starts)
    return first, last


def _in_order(payments: Iterable[YearPayment]) -> tuple[YearPayment, ...]:
    return tuple(sorted(payments, key=lambda paid: (paid.entry.moment, paid.distribution.id)))


def sums(statements: Iterable[Statement]) -> dict[str, tuple[int, int]]:
    """Gross and tax of all payments, by currency."""
    found: dict[str, tuple[int, int]] = {}
    for statement in statements:
        for currency, paid in statement.by_currency().items():
            gross, tax = found.get(currency, (0, 0))
            more, withheld = _sum(paid)
            found[currency] = (gross + more, tax + withheld)
    return found


def _sum(payments: Iterable[YearPayment]) -> tuple[int, int]:
    entries = [payment.entry for payment in payments]
    return sum(entry.gross for entry in entries), sum(entry.tax for entry in entries)


# ------------------------------------------------------------------------------------------ rows


def rows(books: Books, statement: Statement) -> list[PaymentRow]:
    """One row per payment, in order of payment."""
    return [_row(books, payment) for payment in statement.payments]


def _row(books: Books, payment: YearPayment) -> PaymentRow:
    distribution, entry = payment.distribution, payment.entry
    reporting = REPORTING[distribution.terms.kind]
    asset, shares = _asset(books, distribution), distribution.shares.get(entry.holder, 0)
    gross, tax, net = _written(books, distribution.currency, entry.gross, entry.tax)
    boxes: dict[Box, Amount | str] = {reporting.gross: gross, reporting.withheld: tax}
    if reporting.income_code:
        rate = tax_rate(entry.gross, entry.tax)
        boxes |= {INCOME_CODE: reporting.income_code, GROSS_INCOME: gross}
        boxes |= {TAX_RATE: rate, TAX_WITHHELD: tax}
    return PaymentRow(
        distribution=distribution.id,
        kind=distribution.terms.kind.label,
        event_type=reporting.event_type,
        event_name=reporting.event_name,
        record_date=iso(distribution.record_time),
        # Shares change hands at once here, so that the next second buys without the income.
        ex_dividend_date=iso(distribution.record_time + 1),
        earliest_payment_date=iso(max(distribution.payable_from, distribution.declared_at)),
        payment_date=iso(entry.time),
        account=entry.holder,
        eligible_balance=books.unit(asset).amount(shares),
        weighted="" if asset == distribution.token else "weighted",
        **_currency(books, distribution.currency),
        gross_cash_amount=gross,
        withholding_tax_amount=tax,
        net_cash_amount=net,
        boxes={box.column: value for box, value in boxes.items()},
        payee=entry.payee,
        transaction=entry.transaction,
    )


def _asset(books: Books, distribution: DistributionAccount) -> str:
    """The share token: weighted shares of a record range are written as its shares are."""
    return books.ledgers[distribution.token].asset


def _written(books: Books, currency: str, gross: int, tax: int) -> tuple[Amount, Amount, Amount]:
    unit = books.unit(currency)
    return unit.amount(gross), unit.amount(tax), unit.amount(gross - tax)


def _currency(books: Books, currency: str) -> dict[str, str]:
    """Its symbol, which another may share, and its address, which none does."""
    address = "" if currency == ZERO_ADDRESS else currency
    return {"currency": books.unit(currency).symbol, "currency_address": address}


def _totals(books: Books, statement: Statement) -> list[TotalRow]:
    """One row per currency."""
    found = []
    for currency, paid in statement.by_currency().items():
        gross, tax, net = _written(books, currency, *_sum(paid))
        row = TotalRow(
            **_currency(books, currency),
            payments=len(paid),
            gross_cash_amount=gross,
            withholding_tax_amount=tax,
            net_cash_amount=net,
        )
        found.append(row)
    return found


def _amounts(payments: Iterable[YearPayment]) -> dict[Box, int]:
    """What is to be put in each box of the 1099 series, for payments in one currency."""
    found: dict[Box, int] = {}
    for payment in payments:
        reporting = REPORTING[payment.distribution.terms.kind]
        for box, amount in (
            (reporting.gross, payment.entry.gross),
            (reporting.withheld, payment.entry.tax),
        ):
            found[box] = found.get(box, 0) + amount
    return dict(sorted(found.items()))


def _boxes(books: Books, statement: Statement) -> list[BoxRow]:
    """For a U.S. person: one row per box and currency."""
    return [
        BoxRow(
            form=box.form,
            box=box.number,
            name=box.name,
            **_currency(books, currency),
            amount=books.unit(currency).amount(amount),
        )
        for currency, paid in statement.by_currency().items()
        for box, amount in _amounts(paid).items()
    ]


def _forms_1042_s(books: Books, statement: Statement) -> list[FormRow]:
    """For a foreign person: one row, that is one form, per income code, rate and currency."""
    groups: dict[tuple[str, str, str], list[YearPayment]] = {}
    for payment in statement.payments:
        code = REPORTING[payment.distribution.terms.kind].income_code
        if code:
            rate = tax_rate(payment.entry.gross, payment.entry.tax)
            groups.setdefault((payment.distribution.currency, code, rate), []).append(payment)
    found = []
    for (currency, code, rate), paid in sorted(groups.items()):
        gross, tax, _ = _written(books, currency, *_sum(paid))
        row = FormRow(
            income_code=code,
            **_currency(books, currency),
            gross_income=gross,
            tax_rate=rate,
            federal_tax_withheld=tax,
        )
        found.append(row)
    return found


def year_statement(
    books: Books, token: str, year: int, statement: Statement, known: Holding | None = None
) -> YearStatement:
    """A whole statement, for a program or a page."""
    return YearStatement(
        **_heading(books, token, year),
        holder=statement.holder,
        name=known.name if known else "",
        kind=known.kind if known else "",
        payments=rows(books, statement),
        totals=_totals(books, statement),
        boxes_1099=_boxes(books, statement),
        forms_1042_s=_forms_1042_s(books, statement),
        remarks=_remarks(statement),
        note=NOTE,
    )


def _remarks(statement: Statement) -> list[str]:
    """What the preparer should know of each kind of income that was paid."""
    kinds = sorted({payment.distribution.terms.kind for payment in statement.payments})
    return [f"{kind.label.capitalize()}: {REPORTING[kind].remark}" for kind in kinds]


def _heading(books: Books, token: str, year: int) -> dict[str, Any]:
    return {
        "year": year,
        "token": token,
        "symbol": books.unit(token).symbol,
        "vault": books.vault,
        "as_of": iso(books.until),
        "year_has_ended": books.until >= _bounds(year)[1],
    }


def summary(
    books: Books, statements: Iterable[Statement], known: CapTable | None = None
) -> list[SummaryRow]:
    """One row per person and currency: what a payer fills its forms from."""
    who = {holding.address: holding for holding in known or ()}
    found = []
    for statement in statements:
        holding = who.get(statement.holder, Holding("", 0))
        for total, (currency, paid) in zip(
            _totals(books, statement), statement.by_currency().items(), strict=True
        ):
            unit = books.unit(currency)
            row = SummaryRow(
                holder=statement.holder,
                name=holding.name,
                kind=holding.kind,
                **dict(total),
                boxes={box.column: unit.amount(units) for box, units in _amounts(paid).items()},
            )
            found.append(row)
    return found


def year_totals(books: Books, token: str, year: int, statements: Iterable[Statement]) -> YearTotals:
    """All statements of a year together, by currency."""
    everyone = list(statements)
    together = _in_order(paid for one in everyone for paid in one.payments)
    return YearTotals(
        **_heading(books, token, year),
        statements=len(everyone),
        totals=_totals(books, Statement("", together)),
        note=NOTE,
    )
