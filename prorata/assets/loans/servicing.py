# SPDX-License-Identifier: MIT
"""Servicing: a tape and what befell its loans, turned into a report for each collection period.

All is worked out from the pool's opening on, whenever it is asked, so that the same files always
give the same figures. On one day, instalments fall due before anything is paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from prorata.assets.loans.accounts import Account
from prorata.assets.loans.instalments import Loan
from prorata.assets.loans.months import PoolMonth
from prorata.assets.loans.payments import Event, EventType
from prorata.assets.loans.terms import LoanTerms
from prorata.errors import InputError, Problem

__all__ = ["Pool", "periods", "service"]


@dataclass(frozen=True)
class Pool:
    """What became of a pool: a figure for each period, and the loans as they stand at its end."""

    terms: LoanTerms
    months: Sequence[PoolMonth]
    accounts: Sequence[Account]

    @property
    def original(self) -> int:
        """The principal that was owed when the pool opened."""
        return sum(account.loan.principal for account in self.accounts)


def periods(terms: LoanTerms, count: int) -> Iterator[PoolMonth]:
    """The first so many collection periods, without figures."""
    first = terms.opens
    for number in range(count):
        cut_off = terms.cut_off_of(number)
        pays_on = terms.pays_on(cut_off)
        yield PoolMonth(
            number=number + 1,
            first=first,
            cut_off=cut_off,
            determined_on=terms.determined_on(cut_off),
            due_on=terms.due_on(cut_off),
            pays_on=pays_on,
            provisional=terms.is_provisional(pays_on),
        )
        first = cut_off + timedelta(days=1)


def service(
    terms: LoanTerms,
    loans: Sequence[Loan],
    events: Iterable[Event] = (),
    *,
    through: date | None = None,
    subject: str = "the payments file",
) -> Pool:
    """Service the loans through the collection period of a day.

    Left out, it is that of the last event, or in a file of exceptions that of the last instalment.
    Later events are not looked at.

    Raises: InputError with a problem, and its line, for each event that cannot be.
    """
    by_loan: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_loan[event.loan].append(event)
    count = terms.period_of(through or _last_day(terms, loans, by_loan)) + 1
    months = list(periods(terms, count))
    problems: list[Problem] = []
    accounts = []
    for loan in loans:
        happened = sorted(by_loan.get(loan.name, ()), key=lambda event: event.day)
        missed = {event.day: event for event in happened if event.type is EventType.MISSED}
        account = Account(loan, terms, set(missed))
        accounts.append(account)
        try:
            _play(account, [one for one in happened if one.type is not EventType.MISSED], months)
        except _Fault as fault:
            problems += fault.problems
            continue
        problems += _unmatched(account, missed, months[-1].cut_off)
    if problems:
        raise InputError(sorted(problems, key=lambda one: one.line or 0), subject)
    _open(months, sum(loan.principal for loan in loans))
    return Pool(terms, months, accounts)


class _Fault(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with an event, which ends the servicing of its loan."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _last_day(
    terms: LoanTerms, loans: Sequence[Loan], by_loan: Mapping[str, Sequence[Event]]
) -> date:
    days = [event.day for events in by_loan.values() for event in events]
    if terms.reported == "exceptions":
        days += [loan.due_dates.of(loan.payments - 1) for loan in loans]
    return max(days, default=terms.opens)


def _play(account: Account, events: Sequence[Event], months: Sequence[PoolMonth]) -> None:
    """One loan through all periods.

    Raises: _Fault.
    """
    place, count = 0, len(events)
    for month in months:
        cut_off = month.cut_off
        due = account.next_due
        while True:
            event = events[place] if place < count else None
            if due is not None and due <= cut_off and (event is None or due <= event.day):
                account.fall_due(month)
            elif event is not None and event.day <= cut_off:
                _befall(account, event, month)
                place += 1
            else:
                break
            due = account.next_due
        if account.ended is None:
            account.close(month)
        elif place == count:
            return


def _befall(account: Account, event: Event, month: PoolMonth) -> None:
    try:
        account.befall(event, month)
    except InputError as error:
        faults = [replace(problem, line=event.line) for problem in error.problems]
        raise _Fault(faults) from None


def _unmatched(account: Account, missed: Mapping[date, Event], until: date) -> Iterator[Problem]:
    """Instalments that are said to be missed, and never fell due."""
    for day in sorted(account.missed):
        if day <= until:
            rule = f"is no instalment date of loan {account.loan.name} while it was owed"
            remedy = f"count from {account.loan.next_due}, its first one"
            yield Problem(missed[day].line, "date", str(day), rule, remedy)


def _open(months: Sequence[PoolMonth], opening: int) -> None:
    for month in months:
        month.opening = opening
        opening = month.closing
