# SPDX-License-Identifier: MIT
"""The monthly pool report: a line for each collection period, for spreadsheets and for programs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from prorata.assets.loans.accounts import (
    CHARGED_OFF,
    LIQUIDATED,
    MATURED,
    PREPAID,
    REPURCHASED,
)
from prorata.assets.loans.months import CLASSES, Lateness, PoolMonth
from prorata.assets.loans.servicing import Pool
from prorata.assets.term_fields import format_fraction
from prorata.files.writer import Row, json_object
from prorata.values.amounts import Amount, Unit

__all__ = ["FACTOR_PLACES", "LoanRow", "MonthRow", "loan_rows", "month_rows", "pool_facts"]

FACTOR_PLACES = 12


class MonthRow(Row):
    """A line of the report: money in whole units, loans counted.

    `late_30` is the balance of the loans that are 30 to 59 days late, and so on; `factor` is what
    is owed of each unit that was owed when the pool opened.
    """

    period: int
    first: str
    cut_off: str
    determined_on: str
    pays_on: str
    opening: Amount
    interest_due: Amount
    principal_due: Amount
    received: Amount
    interest: Amount
    principal: Amount
    prepayments: Amount
    repurchased_principal: Amount
    fees: Amount
    recoveries: Amount
    returned: Amount
    capitalised: Amount
    losses: Amount
    closing: Amount
    suspense: Amount
    factor: str
    loans: int
    current: Amount
    late_1: Amount
    late_30: Amount
    late_60: Amount
    late_90: Amount
    loans_late_1: int
    loans_late_30: int
    loans_late_60: int
    loans_late_90: int
    defaulted: Amount
    loans_defaulted: int
    loans_modified: int
    loans_matured: int
    loans_prepaid: int
    loans_charged_off: int
    loans_liquidated: int
    loans_repurchased: int


class LoanRow(Row):
    """A loan as it stands at the end: what is owed, what is late, how it ended."""

    loan: str
    status: str
    balance: Amount
    late_since: str
    interest_late: Amount
    principal_late: Amount
    fees: Amount
    suspense: Amount
    next_due: str


def month_rows(pool: Pool) -> list[MonthRow]:
    """A line for each period."""
    return [_month_row(month, pool.original, pool.terms.unit) for month in pool.months]


def _month_row(month: PoolMonth, original: int, unit: Unit) -> MonthRow:
    amount = unit.amount
    factor = Fraction(month.closing, original) if original else Fraction(0)
    balances, loans, ended = month.balances, month.loans, month.ended
    return MonthRow(
        period=month.number,
        first=month.first.isoformat(),
        cut_off=month.cut_off.isoformat(),
        determined_on=month.determined_on.isoformat(),
        pays_on=month.pays_on.isoformat(),
        opening=amount(month.opening),
        interest_due=amount(month.interest_due),
        principal_due=amount(month.principal_due),
        received=amount(month.received),
        interest=amount(month.interest),
        principal=amount(month.principal),
        prepayments=amount(month.prepayments),
        repurchased_principal=amount(month.repurchased),
        fees=amount(month.fees),
        recoveries=amount(month.recoveries),
        returned=amount(month.returned),
        capitalised=amount(month.capitalised),
        losses=amount(month.losses),
        closing=amount(month.closing),
        suspense=amount(month.suspense),
        factor=format_fraction(factor, FACTOR_PLACES),
        loans=sum(loans),
        current=amount(balances[Lateness.CURRENT]),
        late_1=amount(balances[Lateness.DAYS_1_29]),
        late_30=amount(balances[Lateness.DAYS_30]),
        late_60=amount(balances[Lateness.DAYS_60]),
        late_90=amount(balances[Lateness.DAYS_90]),
        loans_late_1=loans[Lateness.DAYS_1_29],
        loans_late_30=loans[Lateness.DAYS_30],
        loans_late_60=loans[Lateness.DAYS_60],
        loans_late_90=loans[Lateness.DAYS_90],
        defaulted=amount(month.defaulted_balance),
        loans_defaulted=month.defaulted,
        loans_modified=month.modified,
        loans_matured=ended.get(MATURED, 0),
        loans_prepaid=ended.get(PREPAID, 0),
        loans_charged_off=ended.get(CHARGED_OFF, 0),
        loans_liquidated=ended.get(LIQUIDATED, 0),
        loans_repurchased=ended.get(REPURCHASED, 0),
    )


def loan_rows(pool: Pool) -> list[LoanRow]:
    """A line for each loan, in the order of the tape, as it stands after the last period."""
    return [_loan_row(pool, number) for number in range(len(pool.accounts))]


def _loan_row(pool: Pool, number: int) -> LoanRow:
    account, amount = pool.accounts[number], pool.terms.unit.amount
    day = pool.months[-1].cut_off
    status = account.ended or CLASSES[account.lateness(day)]
    if account.is_in_default(day):
        status += ", in default"
    oldest = account.late[0].day.isoformat() if account.late else ""
    due = account.next_due
    return LoanRow(
        loan=account.loan.name,
        status=f"{status}, modified" if account.modified else status,
        balance=amount(account.balance),
        late_since=oldest,
        interest_late=amount(sum(one.interest for one in account.late)),
        principal_late=amount(sum(one.principal for one in account.late)),
        fees=amount(account.fees),
        suspense=amount(account.suspense),
        next_due="" if due is None else due.isoformat(),
    )


def pool_facts(pool: Pool) -> dict[str, Any]:
    """The whole report, for a program."""
    return json_object(
        {
            "pool": pool.terms.name,
            "delinquency": pool.terms.delinquency,
            "original": pool.terms.unit.amount(pool.original),
            "periods": [row.values for row in month_rows(pool)],
        }
    )
