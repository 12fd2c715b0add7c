# SPDX-License-Identifier: MIT
"""What stands in the files of reports: rows, which are lines of CSV, and whole JSON documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from prorata.files.writer import Cell, Row
from prorata.reports.trades import YearTrading
from prorata.tax.forms import (
    BOXES,
    GROSS_INCOME,
    INCOME_CODE,
    TAX_RATE,
    TAX_REPAID,
    TAX_WITHHELD,
    TOTAL_CREDIT,
    Box,
)
from prorata.values.amounts import Amount

__all__ = [
    "BoxRow",
    "CapTableRow",
    "CorrectionRow",
    "DistributionRow",
    "FormRow",
    "IncomeRow",
    "PaymentRow",
    "StatementRow",
    "SummaryRow",
    "TotalRow",
    "YearHeading",
    "YearRow",
    "YearStatement",
    "YearTotals",
]


# ----------------------------------------------------------------------- registers and statements


class CapTableRow(Row):
    """One holder."""

    address: str
    name: str
    kind: str
    shares: Amount
    percent: str


class DistributionRow(Row):
    """One distribution, and where its money is."""

    distribution: int
    token: str
    kind: str
    record: int | str
    record_date: str
    declared_at: str
    payable_from: str
    deadline: str
    state: str
    currency: str
    received: Amount
    carried_in: Amount
    paid: Amount
    withheld: Amount
    remitted: Amount
    owed: Amount
    carried_out: Amount
    swept: Amount
    eligible_shares: Amount | None
    weighted: str
    holders: int
    holders_paid: int
    document: str
    transaction: str


class StatementRow(Row):
    """One distribution, and what a holder has of it."""

    distribution: int
    kind: str
    record: int | str
    record_date: str
    payable_from: str
    paid_at: str
    status: str
    shares: Amount
    weighted: str
    currency: str
    gross: Amount
    tax: Amount
    net: Amount
    payee: str
    transaction: str
    note: str


class IncomeRow(Row):
    """All income of a holder in one currency: all of it, and its net by status."""

    currency: str
    currency_address: str
    gross: Amount
    tax: Amount
    net: Amount
    paid: Amount
    claimable: Amount
    held: Amount
    not_due: Amount
    expired: Amount


# ---------------------------------------------------------------------------------------- a year


class _BoxedRow(Row):
    """A row whose field `boxes` is a column for each of the `BOXES`, by the forms' own names."""

    BOXES: ClassVar[Sequence[Box]] = BOXES

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The header."""
        named = tuple(box.column for box in cls.BOXES)
        fields = [named if name == "boxes" else (name,) for name in cls.model_fields]
        return tuple(column for columns in fields for column in columns)

    @property
    def values(self) -> Mapping[str, Cell]:
        """What stands in each column; nothing in a box that is for other kinds of income."""
        fields = dict(self)
        known: Mapping[str, Cell] = {**fields, **fields["boxes"]}
        return {column: known.get(column) for column in self.columns()}


class PaymentRow(_BoxedRow):
    """One payment, in the words of messages and with the boxes of both series of forms.

    What counts in the year and has not been paid yet has no date of payment and no transaction.
    """

    BOXES = (*BOXES, INCOME_CODE, GROSS_INCOME, TAX_RATE, TAX_WITHHELD, TAX_REPAID, TOTAL_CREDIT)

    distribution: int
    kind: str
    event_type: str
    event_name: str
    record_date: str
    ex_dividend_date: str
    earliest_payment_date: str
    payment_date: str
    account: str
    eligible_balance: Amount
    weighted: str
    currency: str
    currency_address: str
    gross_cash_amount: Amount
    withholding_tax_amount: Amount
    tax_repaid_amount: Amount
    net_cash_amount: Amount
    boxes: Mapping[str, Amount | str]
    payee: str
    transaction: str


class TotalRow(Row):
    """All payments in one currency."""

    currency: str
    currency_address: str
    payments: int
    gross_cash_amount: Amount
    withholding_tax_amount: Amount
    tax_repaid_amount: Amount
    net_cash_amount: Amount


class SummaryRow(_BoxedRow):
    """All payments to one person in one currency: what a payer fills its forms from."""

    holder: str
    name: str
    kind: str
    currency: str
    currency_address: str
    payments: int
    gross_cash_amount: Amount
    withholding_tax_amount: Amount
    tax_repaid_amount: Amount
    net_cash_amount: Amount
    boxes: Mapping[str, Amount]


class BoxRow(Row):
    """What belongs in one box, for a U.S. person."""

    form: str
    box: str
    name: str
    currency: str
    currency_address: str
    amount: Amount


class FormRow(Row):
    """One Form 1042-S, for a foreign person."""

    income_code: str
    currency: str
    currency_address: str
    gross_income: Amount
    tax_rate: str
    federal_tax_withheld: Amount
    overwithheld_tax_repaid: Amount
    total_withholding_credit: Amount


class CorrectionRow(Row):
    """One repayment of over-withheld tax: when it was booked, and what it concerns."""

    booked_on: str
    year: int
    distribution: int
    holder: str
    currency: str
    currency_address: str
    withheld: Amount
    due: Amount
    repaid: Amount
    payer: str
    by: str
    procedure: str
    window_until: str
    document: str
    transaction: str


class YearRow(Row):
    """What counts in a year in one currency, and what was repaid of tax in that year."""

    year: int
    currency: str
    currency_address: str
    gross: Amount
    tax: Amount
    repaid_in_year: Amount


class YearHeading(BaseModel):
    """Whose income it is, and as of when."""

    model_config = ConfigDict(frozen=True)

    year: int
    token: str
    symbol: str
    vault: str
    as_of: str
    year_has_ended: bool


class YearStatement(YearHeading):
    """What one person was paid in a year."""

    holder: str
    name: str
    kind: str
    country: str
    """Empty where nobody knows it."""
    year_rule: str
    """Which date decides the year, in whose calendar, in words."""
    corrected: bool
    """Whether it supersedes an earlier statement of the year: tax was repaid since."""
    payments: Sequence[PaymentRow]
    totals: Sequence[TotalRow]
    boxes_1099: Sequence[BoxRow]
    forms_1042_s: Sequence[FormRow]
    corrections_of_year: Sequence[CorrectionRow]
    """What corrects this year, whenever it was booked."""
    corrections_booked: Sequence[CorrectionRow]
    """What was booked in this year, whichever year it concerns."""
    trading: YearTrading | None = None
    """What was bought, sold and delivered in the year; None where nothing was."""
    remarks: Sequence[str]
    note: str


class YearTotals(YearHeading):
    """All statements of a year together."""

    statements: int
    corrected: int
    """How many of the statements supersede earlier ones."""
    year_rules: Sequence[str]
    """The rules by which it was decided what counts in the year, in words."""
    totals: Sequence[TotalRow]
    corrections_booked: Sequence[CorrectionRow]
    note: str
