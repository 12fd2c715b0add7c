# SPDX-License-Identifier: MIT
"""The payments file: a CSV file, or a workbook, with a line for everything that befell a loan.

    date      when it happened
    loan      its name on the tape
    event     payment       the borrower paid; what is due first, oldest instalment first
              prepayment    the same, and all that is more repays principal
              missed        in a file of exceptions: the instalment of this date was not paid
              fee           the borrower is charged a fee
              modification  new `rate` or `payments`, or both; what is late is added to the
                            principal, and `amount` of it is forgiven
              charge-off    the servicer gives the principal up
              recovery      money after a charge-off or a liquidation
              liquidation   the collateral is sold for `amount`, and the loan ends
              repurchase    the seller takes the loan back at its price: all principal, interest
                            due, and interest accrued; an `amount` must be that price
    amount    in whole units
    posted    when it was posted, if later; after the determination date of its period it counts
              as of the first day of the period in which it was posted in time
    rate      of a modification: the new rate of a year
    payments  of a modification: how many instalments are left from the next date on

The first three columns must be there, in any order. Every fault is reported with its line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from os import PathLike

from prorata.assets.loans.tapes import MOST_PAYMENTS
from prorata.assets.loans.terms import LoanTerms
from prorata.assets.term_fields import parse_amount, parse_date, parse_rate, parse_whole
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular

__all__ = ["COLUMNS", "OPTIONAL", "Event", "EventType", "parse_payments", "read_payments"]

COLUMNS = ("date", "loan", "event")
OPTIONAL = ("amount", "posted", "rate", "payments")


class EventType(str, Enum):
    """What befell a loan, by its name in the file."""

    PAYMENT = "payment"
    PREPAYMENT = "prepayment"
    MISSED = "missed"
    FEE = "fee"
    MODIFICATION = "modification"
    CHARGE_OFF = "charge-off"
    RECOVERY = "recovery"
    LIQUIDATION = "liquidation"
    REPURCHASE = "repurchase"


_NEEDS_AMOUNT = {
    EventType.PAYMENT,
    EventType.PREPAYMENT,
    EventType.FEE,
    EventType.RECOVERY,
    EventType.LIQUIDATION,
}
_TAKES_AMOUNT = {*_NEEDS_AMOUNT, EventType.MODIFICATION, EventType.REPURCHASE}


@dataclass(frozen=True, slots=True)
class Event:
    """One line: `amount` in smallest units, None where none is written.

    `day` is when it counts, which is later than its date if it was posted too late.
    """

    day: date
    loan: str
    type: EventType
    amount: int | None = None
    rate: Fraction | None = None
    payments: int | None = None
    line: int | None = None


def read_payments(
    path: str | PathLike[str],
    terms: LoanTerms,
    loans: Collection[str],
    *,
    sheet: str | None = None,
) -> list[Event]:
    """The events in a file, about the `loans` of these names; `sheet` names one of a workbook.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return read_tabular(
        path,
        lambda content: parse_payments(content, terms, loans, str(path)),
        sheet=sheet,
        dates=("date", "posted"),
    )


def parse_payments(
    content: str | bytes,
    terms: LoanTerms,
    loans: Collection[str],
    subject: str = "the payments file",
) -> list[Event]:
    """The same of a file's content.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(subject, COLUMNS, optional=OPTIONAL, row="payment")
    events = []
    for number, row in sheet.rows(content):
        given = {name: cell for name, cell in row.items() if cell or name not in OPTIONAL}
        if (event := _event(sheet, number, given, terms, loans)) is not None:
            events.append(event)
    sheet.check()
    return events


def _event(
    sheet: Sheet, line: int, row: Mapping[str, str], terms: LoanTerms, loans: Collection[str]
) -> Event | None:
    before = len(sheet.problems)
    happened = sheet.cell(line, row, "date", lambda text: _date(text, terms))
    loan = sheet.cell(line, row, "loan", lambda text: _loan(text, loans))
    kind = sheet.cell(line, row, "event", lambda text: _type(text, terms))
    amount = sheet.cell(line, row, "amount", lambda text: _amount(text, terms, kind))
    posted = sheet.cell(line, row, "posted", lambda text: _posted(text, happened))
    rate = sheet.cell(line, row, "rate", lambda text: _new_rate(text, kind))
    payments = sheet.cell(line, row, "payments", lambda text: _new_payments(text, kind))
    if len(sheet.problems) > before or happened is None or loan is None or kind is None:
        return None
    if kind in _NEEDS_AMOUNT and amount is None:
        rule, remedy = "is missing", f"write how much the {kind.value} was"
        sheet.add(line, "amount", "", rule, remedy)
        return None
    if kind is EventType.MODIFICATION and rate is None and payments is None and amount is None:
        rule, remedy = "changes nothing", "write a rate, payments, or an amount that is forgiven"
        sheet.add(line, "event", row["event"], rule, remedy)
        return None
    day = happened if posted is None else _counts_on(happened, posted, terms)
    return Event(day, loan, kind, amount, rate, payments, line)


def _counts_on(happened: date, posted: date, terms: LoanTerms) -> date:
    """The day on which an event counts: later than it happened if it was posted too late."""
    number = terms.period_of(happened)
    if posted <= terms.determined_on(terms.cut_off_of(number)):
        return happened
    while posted > terms.determined_on(terms.cut_off_of(number)):
        number += 1
    return date.fromordinal(terms.cut_off_of(number - 1).toordinal() + 1)


def _date(text: str, terms: LoanTerms) -> date:
    day = parse_date(text)
    if day < terms.opens:
        rule = f"is before the pool opens, {terms.opens}"
        raise InputError.of("date", text, rule, "leave out what the tape has in it already")
    return day


def _loan(text: str, loans: Collection[str]) -> str:
    if text not in loans:
        remedy = "write a loan's name as it is there"
        raise InputError.of("loan", text, "is not on the tape", remedy)
    return text


def _type(text: str, terms: LoanTerms) -> EventType:
    try:
        found = EventType(text.lower())
    except ValueError:
        names = ", ".join(one.value for one in EventType)
        raise InputError.of("event", text, "is no event", f"write one of {names}") from None
    if found is EventType.MISSED and terms.reported == "all":
        rule = "is for a file of exceptions, and this one lists all payments"
        raise InputError.of("event", text, rule, "leave it out, or write reported: exceptions")
    return found


def _amount(text: str, terms: LoanTerms, kind: EventType | None) -> int:
    units = parse_amount(text, terms.decimals)
    if kind is not None and kind not in _TAKES_AMOUNT:
        rule = f"is given for an event without one, {kind.value}"
        raise InputError.of("amount", text, rule, "leave it blank")
    if units == 0 and kind is not EventType.LIQUIDATION:
        raise InputError.of("amount", text, "is nothing", "write more than 0, or drop the line")
    return units


def _posted(text: str, happened: date | None) -> date:
    posted = parse_date(text, "posted")
    if happened is not None and posted < happened:
        rule = f"is before it happened, {happened}"
        raise InputError.of("posted", text, rule, "write the day of posting, or leave it blank")
    return posted


def _require_modification(column: str, text: str, kind: EventType | None) -> None:
    if kind not in (None, EventType.MODIFICATION):
        rule = "is given for an event that changes no terms"
        raise InputError.of(column, text, rule, "leave it blank")


def _new_rate(text: str, kind: EventType | None) -> Fraction:
    _require_modification("rate", text, kind)
    rate = parse_rate(text)
    if rate > 1:
        raise InputError.of("rate", text, "is more than 100% a year", "write such as 6.125%")
    return rate


def _new_payments(text: str, kind: EventType | None) -> int:
    _require_modification("payments", text, kind)
    return parse_whole(text, "payments", least=1, most=MOST_PAYMENTS)
