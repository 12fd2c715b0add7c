# SPDX-License-Identifier: MIT
"""Statements for a year: what every holder was paid, in the words of tax forms and messages.

The year in which income counts is that of the holder's rule (`prorata.tax.years`): by default that
in which it was paid, in UTC; for a U.S. person that at whose end it was at its demand, paid or not.
It stands in the statement of the person it belongs to: income of a lost wallet in that of its
successor, with the wallet as the account. Amounts stay in the currency they were paid in, with all
its decimals, and each currency has a total of its own.

Each settlement stands in exactly one statement of one year, so that all of them together are what
the books say was paid and withheld, to the unit. Which box an amount belongs in is what
`prorata.tax.forms` says, as a help for the preparer.

Tax that was repaid later corrects the statement of the year it concerns, which then supersedes the
first one, and is named in that of the year in which it was booked.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prorata.assets.year_rules import YearRule
from prorata.chain.events import Moment
from prorata.errors import InputError
from prorata.ledger.books import Books
from prorata.ledger.corrections import Correction
from prorata.ledger.entries import BookEntry, DistributionAccount
from prorata.ledger.movements import Movement
from prorata.register.captable import Holding, Known
from prorata.reports.calls import CallOrderRow, orders_in
from prorata.reports.documents import (
    BoxRow,
    CorrectionRow,
    FormRow,
    PaymentRow,
    SummaryRow,
    TotalRow,
    YearRow,
    YearStatement,
    YearTotals,
)
from prorata.reports.trades import YearTrading, movements_in, year_trading
from prorata.tax.forms import (
    GROSS_INCOME,
    INCOME_CODE,
    REPORTING,
    TAX_RATE,
    TAX_REPAID,
    TAX_WITHHELD,
    TOTAL_CREDIT,
    Box,
    tax_rate,
)
from prorata.tax.years import YearRules, last_second_of, years_of_income
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount
from prorata.values.countries import country_name
from prorata.values.times import iso, year_of

__all__ = [
    "NOTE",
    "Statement",
    "YearPayment",
    "by_year",
    "correction_rows",
    "paid_in",
    "rows",
    "summary",
    "sums",
    "year_statement",
    "year_totals",
]

NOTE = (
    "The boxes are a help for the preparer of the forms, not tax advice. Amounts are in the "
    "currency they were paid in and have to be converted. That tax withheld is federal tax "
    "presumes that the collector whom the distribution names pays it to the IRS."
)

_YEARS = (1970, 9998)
_DEFAULT = YearRules().default


# ---------------------------------------------------------------------------------- who got what


@dataclass(frozen=True)
class YearPayment:
    """A holder's income from one distribution; `entry` is None while it has not been paid.

    `repaid` is what was repaid of `tax`, which was withheld or will be.
    """

    distribution: DistributionAccount
    holder: str
    gross: int
    tax: int
    entry: BookEntry | None
    repaid: int = 0

    @property
    def order(self) -> tuple[int, Moment, int]:
        """By time of payment; what has not been paid comes last."""
        never = (0, 0, 0)
        unpaid = self.entry is None
        return unpaid, never if self.entry is None else self.entry.moment, self.distribution.id


@dataclass(frozen=True)
class Statement:
    """What counts in one year for one person; `holder` is the wallet it has now.

    `corrections` were booked in the year; those that concern it are in the payments' `repaid`.
    """

    holder: str
    payments: tuple[YearPayment, ...]
    rule: YearRule = field(default_factory=lambda: YearRules().default)
    corrections: tuple[Correction, ...] = ()
    movements: tuple[Movement, ...] = ()
    """The person's trades and deliveries of the year."""
    wallets: tuple[str, ...] = ()
    """All wallets of a person that traded."""
    orders: tuple[CallOrderRow, ...] = ()
    """The person's orders in calls of the year."""

    @property
    def is_corrected(self) -> bool:
        """Whether it supersedes an earlier statement of the year."""
        return any(payment.repaid for payment in self.payments)

    def by_currency(self) -> dict[str, list[YearPayment]]:
        """The payments of each currency, in the order of the first."""
        groups: dict[str, list[YearPayment]] = {}
        for payment in self.payments:
            groups.setdefault(payment.distribution.currency, []).append(payment)
        return groups


def paid_in(books: Books, token: str, year: int, rules: YearRules | None = None) -> list[Statement]:
    """The statements of everyone whose income counts in `year`, in order of address.

    So do those of everyone to whom tax was repaid in that year, or who traded in it or placed an
    order in a call.

    Raises: InputError for a year that no calendar has.
    """
    _check_year(year)
    known = rules or YearRules()
    ledger = books.ledgers[token]
    persons: dict[str, list[YearPayment]] = {}
    for payment in _counted_in(books, token, year, known):
        persons.setdefault(ledger.claimant_of(payment.holder), []).append(payment)
    booked = _booked_in(books, token, year, known)
    moved = movements_in(books, token, year, known)
    ordered = orders_in(books, token, year, known)
    wallets = _wallets(books, token, {*moved, *ordered})
    return [
        Statement(
            holder,
            _in_order(persons.get(holder, ())),
            known.rule_of(holder),
            tuple(booked.get(holder, ())),
            tuple(moved.get(holder, ())),
            tuple(wallets.get(holder, ())),
            tuple(ordered.get(holder, ())),
        )
        for holder in sorted({*persons, *booked, *moved, *ordered})
    ]


def _wallets(books: Books, token: str, persons: Container[str]) -> dict[str, list[str]]:
    """All the wallets that each of some persons has or had."""
    ledger, found = books.ledgers[token], dict[str, list[str]]()
    for account in ledger:
        person = ledger.claimant_of(account)
        if person in persons:
            found.setdefault(person, []).append(account)
    return found


def _counted_in(books: Books, token: str, year: int, rules: YearRules) -> Iterator[YearPayment]:
    for distribution in books.of_asset(token):
        for holder, counted, _ in years_of_income(books, distribution, rules):
            if counted == year and (paid := _payment(books, distribution, holder)) is not None:
                yield paid


def _payment(books: Books, distribution: DistributionAccount, holder: str) -> YearPayment | None:
    """A holder's income, paid or not; None for no income."""
    entry = distribution.settlements.get(holder)
    gross = books.gross_of(distribution, holder) if entry is None else entry.gross
    if entry is None and not gross:
        return None
    tax, repaid = (
        books.tax_of(distribution, holder),
        books.corrections.repaid(distribution.id, holder),
    )
    return YearPayment(distribution, holder, gross, tax, entry, repaid)


def _booked_in(
    books: Books, token: str, year: int, rules: YearRules
) -> dict[str, list[Correction]]:
    """The corrections that were booked in a year, by person."""
    persons: dict[str, list[Correction]] = {}
    for booked, one in _booked(books, token, rules):
        if booked == year:
            person = books.ledgers[token].claimant_of(one.holder)
            persons.setdefault(person, []).append(one)
    return persons


def _booked(books: Books, token: str, rules: YearRules) -> Iterator[tuple[int, Correction]]:
    """The corrections of the asset's distributions, with the year in which each was booked."""
    ledger, ours = books.ledgers[token], {found.id for found in books.of_asset(token)}
    for one in books.corrections:
        if one.distribution_id in ours:
            rule = rules.rule_of(ledger.claimant_of(one.holder), one.holder)
            yield year_of(one.booked_at, rule.calendar), one


def _check_year(year: int) -> None:
    if not _YEARS[0] <= year <= _YEARS[1]:
        rule = f"is outside {_YEARS[0]} to {_YEARS[1]}"
        raise InputError.of("year", year, rule, "write one such as 2027")


def _in_order(payments: Iterable[YearPayment]) -> tuple[YearPayment, ...]:
    return tuple(sorted(payments, key=lambda paid: paid.order))


def sums(statements: Iterable[Statement]) -> dict[str, tuple[int, int]]:
    """Gross and tax of all payments, by currency."""
    found: dict[str, tuple[int, int]] = {}
    for statement in statements:
        for currency, paid in statement.by_currency().items():
            gross, tax = found.get(currency, (0, 0))
            more, withheld, _ = _sum(paid)
            found[currency] = (gross + more, tax + withheld)
    return found


def _sum(payments: Iterable[YearPayment]) -> tuple[int, int, int]:
    """Gross, tax withheld, and of that what was repaid."""
    all_of_them = list(payments)
    return (
        sum(payment.gross for payment in all_of_them),
        sum(payment.tax for payment in all_of_them),
        sum(payment.repaid for payment in all_of_them),
    )


def by_year(books: Books, token: str, rules: YearRules | None = None) -> list[YearRow]:
    """What counts in each year, and what was repaid in it of the tax of any, by currency."""
    known = rules or YearRules()
    counted: dict[tuple[int, str], list[YearPayment]] = {}
    for distribution in books.of_asset(token):
        for holder, year, _ in years_of_income(books, distribution, known):
            if year is not None and (paid := _payment(books, distribution, holder)) is not None:
                counted.setdefault((year, distribution.currency), []).append(paid)
    booked: dict[tuple[int, str], int] = {}
    for year, one in _booked(books, token, known):
        booked[year, one.currency] = booked.get((year, one.currency), 0) + one.amount
    rows = []
    for year, currency in sorted({*counted, *booked}):
        unit, (gross, tax, _) = books.unit(currency), _sum(counted.get((year, currency), ()))
        row = YearRow(
            year=year,
            **_currency(books, currency),
            gross=unit.amount(gross),
            tax=unit.amount(tax),
            repaid_in_year=unit.amount(booked.get((year, currency), 0)),
        )
        rows.append(row)
    return rows


# ------------------------------------------------------------------------------------------ rows


def rows(books: Books, statement: Statement) -> list[PaymentRow]:
    """One row per payment, in order of payment."""
    return [_row(books, payment) for payment in statement.payments]


def _row(books: Books, payment: YearPayment) -> PaymentRow:
    distribution, entry = payment.distribution, payment.entry
    reporting = REPORTING[distribution.terms.kind]
    asset, shares = _asset(books, distribution), distribution.shares.get(payment.holder, 0)
    unit, left = books.unit(distribution.currency), payment.tax - payment.repaid
    gross, tax = unit.amount(payment.gross), unit.amount(payment.tax)
    repaid, kept = unit.amount(payment.repaid), unit.amount(left)
    boxes: dict[Box, Amount | str] = {reporting.gross: gross, reporting.withheld: kept}
    if reporting.income_code:
        boxes |= {INCOME_CODE: reporting.income_code, GROSS_INCOME: gross}
        boxes |= {TAX_RATE: tax_rate(payment.gross, left), TAX_WITHHELD: tax}
        boxes |= {TAX_REPAID: repaid, TOTAL_CREDIT: kept}
    return PaymentRow(
        distribution=distribution.id,
        kind=distribution.terms.kind.label,
        event_type=reporting.event_type,
        event_name=reporting.event_name,
        record_date=iso(distribution.record_time),
        # Shares change hands at once here, so that the next second buys without the income.
        ex_dividend_date=iso(distribution.record_time + 1),
        earliest_payment_date=iso(max(distribution.payable_from, distribution.declared_at)),
        payment_date="" if entry is None else iso(entry.time),
        account=payment.holder,
        eligible_balance=books.unit(asset).amount(shares),
        weighted="" if asset == distribution.token else "weighted",
        **_currency(books, distribution.currency),
        **_written(books, distribution.currency, [payment]),
        boxes={box.column: value for box, value in boxes.items()},
        payee="" if entry is None else entry.payee,
        transaction="" if entry is None else entry.transaction,
    )


def _asset(books: Books, distribution: DistributionAccount) -> str:
    """The share token: weighted shares of a record range are written as its shares are."""
    return books.ledgers[distribution.token].asset


def _written(books: Books, currency: str, payments: Iterable[YearPayment]) -> dict[str, Any]:
    """The four amounts of payments in one currency, by column."""
    unit, (gross, tax, repaid) = books.unit(currency), _sum(payments)
    return {
        "gross_cash_amount": unit.amount(gross),
        "withholding_tax_amount": unit.amount(tax),
        "tax_repaid_amount": unit.amount(repaid),
        "net_cash_amount": unit.amount(gross - tax + repaid),
    }


def _currency(books: Books, currency: str) -> dict[str, Any]:
    """Its symbol, which another may share, and its address, which none does."""
    address = "" if currency == ZERO_ADDRESS else currency
    return {"currency": books.unit(currency).symbol, "currency_address": address}


def _totals(books: Books, statement: Statement) -> list[TotalRow]:
    """One row per currency."""
    return [
        TotalRow(
            **_currency(books, currency),
            payments=len(paid),
            **_written(books, currency, paid),
        )
        for currency, paid in statement.by_currency().items()
    ]


def _amounts(payments: Iterable[YearPayment]) -> dict[Box, int]:
    """What is to be put in each box of the 1099 series, for payments in one currency."""
    found: dict[Box, int] = {}
    for payment in payments:
        reporting = REPORTING[payment.distribution.terms.kind]
        for box, amount in (
            (reporting.gross, payment.gross),
            (reporting.withheld, payment.tax - payment.repaid),
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
            rate = tax_rate(payment.gross, payment.tax - payment.repaid)
            groups.setdefault((payment.distribution.currency, code, rate), []).append(payment)
    found = []
    for (currency, code, rate), paid in sorted(groups.items()):
        unit, (gross, tax, repaid) = books.unit(currency), _sum(paid)
        row = FormRow(
            income_code=code,
            **_currency(books, currency),
            gross_income=unit.amount(gross),
            tax_rate=rate,
            federal_tax_withheld=unit.amount(tax),
            overwithheld_tax_repaid=unit.amount(repaid),
            total_withholding_credit=unit.amount(tax - repaid),
        )
        found.append(row)
    return found


def correction_rows(books: Books, corrections: Iterable[Correction]) -> list[CorrectionRow]:
    """One row per repayment, in order of booking."""
    return [_correction(books, one) for one in corrections]


def _correction(books: Books, one: Correction) -> CorrectionRow:
    unit = books.unit(one.currency)
    return CorrectionRow(
        booked_on=iso(one.booked_at),
        year=one.year,
        distribution=one.distribution_id,
        holder=one.holder,
        **_currency(books, one.currency),
        withheld=unit.amount(one.withheld),
        due=unit.amount(one.due),
        repaid=unit.amount(one.amount),
        payer=one.payer,
        by=one.by,
        procedure=one.procedure,
        window_until=iso(one.window_until),
        document=one.document,
        transaction=one.transaction,
    )


def _corrections_of(books: Books, statement: Statement) -> list[Correction]:
    """What was repaid of the tax on the payments of a statement."""
    return [
        one
        for payment in statement.payments
        for one in books.corrections.of(payment.distribution.id, payment.holder)
    ]


def year_statement(
    books: Books,
    token: str,
    year: int,
    statement: Statement,
    known: Holding | None = None,
    *,
    rules: YearRules | None = None,
) -> YearStatement:
    """A whole statement, for a program or a page."""
    country = (rules or YearRules()).country_of(statement.holder)
    return YearStatement(
        **_heading(books, token, year, [statement.rule]),
        holder=statement.holder,
        name=known.name if known else "",
        kind=known.kind if known else "",
        country="" if country is None else country_name(country),
        year_rule=str(statement.rule),
        corrected=statement.is_corrected,
        payments=rows(books, statement),
        totals=_totals(books, statement),
        boxes_1099=_boxes(books, statement),
        forms_1042_s=_forms_1042_s(books, statement),
        corrections_of_year=correction_rows(books, _corrections_of(books, statement)),
        corrections_booked=correction_rows(books, statement.corrections),
        trading=_trading(books, token, year, statement),
        remarks=[*_remarks(statement), *_unpaid(statement)],
        note=NOTE,
    )


def _trading(books: Books, token: str, year: int, statement: Statement) -> YearTrading | None:
    if not statement.movements and not statement.orders:
        return None
    ends_at = last_second_of(year, statement.rule)
    return year_trading(
        books, token, statement.movements, statement.wallets, ends_at, orders=statement.orders
    )


def _remarks(statement: Statement) -> list[str]:
    """What the preparer should know of each kind of income that was paid."""
    kinds = sorted({payment.distribution.terms.kind for payment in statement.payments})
    return [f"{kind.label.capitalize()}: {REPORTING[kind].remark}" for kind in kinds]


def _unpaid(statement: Statement) -> list[str]:
    """What counts although nobody has come for it."""
    return [
        f"Distribution {paid.distribution.id}: it was at the holder's demand, and has not been "
        "paid yet."
        for paid in statement.payments
        if paid.entry is None
    ]


def _heading(books: Books, token: str, year: int, rules: Iterable[YearRule]) -> dict[str, Any]:
    ends = (last_second_of(year, rule) for rule in rules)
    return {
        "year": year,
        "token": token,
        "symbol": books.unit(token).symbol,
        "vault": books.vault,
        "as_of": iso(books.until),
        "year_has_ended": books.until > max(ends, default=last_second_of(year, _DEFAULT)),
    }


def summary(
    books: Books, statements: Iterable[Statement], known: Known | None = None
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
    used = sorted({one.rule for one in everyone} or {_DEFAULT}, key=str)
    booked = [correction for one in everyone for correction in one.corrections]
    return YearTotals(
        **_heading(books, token, year, used),
        statements=len(everyone),
        corrected=sum(one.is_corrected for one in everyone),
        year_rules=[str(rule) for rule in used],
        totals=_totals(books, Statement("", together)),
        corrections_booked=correction_rows(
            books, sorted(booked, key=lambda one: (one.booked_at, one.transaction))
        ),
        note=NOTE,
    )
