# SPDX-License-Identifier: MIT
"""The loan tape: a CSV file, or a workbook, with a line for each loan when the pool opens.

    loan        its name
    type        ANN (annuity), LAM (linear) or PAM (bullet)
    principal   what is still owed, in whole units, what is late with it
    rate        a year's, such as 6.125%
    paid_to     the day up to which interest is paid
    next_due    the day of the oldest instalment that is not paid
    payments    how many instalments there are from then on
    every       months between them; left out: 1
    day_count   left out: that of the terms
    instalment  of an annuity, interest and principal together; left out: what repays the loan
    original    the principal once lent; left out: that which is owed

The first seven columns must be there, in any order. Every fault is reported with its line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from os import PathLike

from prorata.assets.day_counts import DayCount, parse_day_count
from prorata.assets.loans.instalments import Loan, LoanType
from prorata.assets.loans.terms import LoanTerms, check_basis
from prorata.assets.schedules.roundings import round_to
from prorata.assets.term_fields import parse_amount, parse_date, parse_rate, parse_whole, parse_word
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular

__all__ = ["COLUMNS", "OPTIONAL", "parse_tape", "read_tape"]

COLUMNS = ("loan", "type", "principal", "rate", "paid_to", "next_due", "payments")
OPTIONAL = ("every", "day_count", "instalment", "original")
MOST_PAYMENTS = 1_200


def read_tape(
    path: str | PathLike[str], terms: LoanTerms, *, sheet: str | None = None
) -> list[Loan]:
    """The loans of a tape, in its order; `sheet` names one of a workbook.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return read_tabular(
        path,
        lambda content: parse_tape(content, terms, str(path)),
        sheet=sheet,
        dates=("paid_to", "next_due"),
    )


def parse_tape(content: str | bytes, terms: LoanTerms, subject: str = "the tape") -> list[Loan]:
    """The same of a tape's content.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(subject, COLUMNS, optional=OPTIONAL, row="loan")
    loans = []
    for number, row in sheet.rows(content):
        if (loan := _Line(sheet, number, row, terms).loan()) is not None:
            loans.append(loan)
    sheet.check()
    return loans


class _Line:
    """One line of a tape."""

    def __init__(self, sheet: Sheet, number: int, row: dict[str, str], terms: LoanTerms) -> None:
        self.sheet, self.number, self.terms = sheet, number, terms
        # An optional cell that is blank says no more than a column that is not there.
        self.row = {name: cell for name, cell in row.items() if cell or name not in OPTIONAL}

    def loan(self) -> Loan | None:
        """The loan, or None when the line has a fault, which is noted."""
        before = len(self.sheet.problems)
        cell, number, row = self.sheet.cell, self.number, self.row
        name = cell(number, row, "loan", self._name)
        kind = cell(number, row, "type", _type)
        principal = cell(number, row, "principal", self._some("principal"))
        rate = cell(number, row, "rate", _rate)
        paid_to = cell(number, row, "paid_to", lambda text: parse_date(text, "paid_to"))
        next_due = cell(number, row, "next_due", lambda text: _after(text, paid_to))
        payments = cell(number, row, "payments", _payments)
        every = cell(number, row, "every", _every) or 1
        basis = cell(number, row, "day_count", lambda text: _basis(text, every))
        instalment = cell(number, row, "instalment", self._some("instalment"))
        original = cell(number, row, "original", lambda text: self._original(text, principal))
        found = (name, kind, principal, rate, paid_to, next_due, payments)
        if len(self.sheet.problems) > before or any(value is None for value in found):
            return None
        assert name is not None and kind is not None and principal is not None  # noqa: PT018
        assert rate is not None and paid_to is not None  # noqa: PT018
        assert next_due is not None and payments is not None  # noqa: PT018
        loan = Loan(
            name=name,
            type=kind,
            principal=principal,
            rate=rate,
            paid_to=paid_to,
            next_due=next_due,
            payments=payments,
            every=every,
            day_count=basis or self.terms.day_count,
            instalment=instalment,
            original=original or principal,
            line=number,
        )
        return loan if self._is_served(loan) else None

    def _name(self, text: str) -> str:
        name = parse_word(text, "loan")
        return self.sheet.once(self.number, "loan", text, name, "loan")

    def _some(self, column: str) -> Callable[[str], int]:
        return lambda text: _positive(parse_amount(text, self.terms.decimals, column), text, column)

    def _original(self, text: str, principal: int | None) -> int:
        original = self._some("original")(text)
        if principal is not None and original < principal:
            rule = f"is less than the principal that is owed, {self.row['principal']}"
            raise InputError.of("original", text, rule, "write the principal once lent")
        return original

    def _is_served(self, loan: Loan) -> bool:
        """Whether the day count can be used, and an instalment that is given pays the interest."""
        before = len(self.sheet.problems)
        if "day_count" not in self.row:
            try:
                check_basis(loan.day_count, loan.every)
            except InputError as error:
                fault = error.problems[0]
                self.sheet.add(self.number, "every", str(loan.every), fault.rule, fault.remedy)
                return False
        if loan.instalment is not None:
            self._check_instalment(loan, loan.instalment)
        return len(self.sheet.problems) == before

    def _check_instalment(self, loan: Loan, instalment: int) -> None:
        written = self.row["instalment"]
        if loan.type is not LoanType.ANN:
            rule = f"is given for a loan of type {loan.type.value}, whose instalments differ"
            self.sheet.add(self.number, "instalment", written, rule, "leave it blank")
            return
        last = loan.due_dates.of(loan.payments - 1)
        part = loan.due_dates.fraction(loan.paid_to, loan.next_due, last)
        interest = round_to(loan.principal * loan.rate * part, self.terms.rounding)
        if instalment <= interest:
            rule = f"pays no more than the first interest, {self.terms.unit.text(interest)}"
            self.sheet.add(self.number, "instalment", written, rule, "write a larger one, or none")


def _positive(units: int, text: str, column: str) -> int:
    if units == 0:
        raise InputError.of(column, text, "is nothing", "write more than 0, or drop the line")
    return units


def _type(text: str) -> LoanType:
    try:
        return LoanType(text.upper())
    except ValueError:
        remedy = "write ANN for an annuity, LAM for a linear loan, PAM for a bullet"
        raise InputError.of("type", text, "is no type of loan", remedy) from None


def _rate(text: str) -> Fraction:
    rate = parse_rate(text)
    if rate > 1:
        rule = "is more than 100% a year"
        raise InputError.of("rate", text, rule, "write a year's rate, such as 6.125%")
    return rate


def _after(text: str, paid_to: date | None) -> date:
    due = parse_date(text, "next_due")
    if paid_to is not None and due <= paid_to:
        rule = f"is not after {paid_to}, up to which interest is paid"
        raise InputError.of("next_due", text, rule, "write the first instalment that is not paid")
    return due


def _payments(text: str) -> int:
    return parse_whole(text, "payments", least=1, most=MOST_PAYMENTS)


def _every(text: str) -> int:
    return parse_whole(text, "every", least=1, most=12)


def _basis(text: str, every: int) -> DayCount:
    basis = parse_day_count(text)
    check_basis(basis, every)
    return basis
