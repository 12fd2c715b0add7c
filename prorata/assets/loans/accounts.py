# SPDX-License-Identifier: MIT
"""The account of one loan: what falls due, what a payment pays, what is left.

Interest falls due on the principal that is not due yet, rounded once, on each instalment date; an
instalment that is late bears no more, but for the terms' rate on arrears, which becomes a fee when
the instalment is paid. The last instalment is all that is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from prorata.assets.loans.instalments import DueDates, Loan, LoanType, annuity_of
from prorata.assets.loans.months import Lateness, PoolMonth, lateness
from prorata.assets.loans.payments import Event, EventType
from prorata.assets.loans.terms import LoanTerms
from prorata.assets.schedules.roundings import round_to
from prorata.assets.whole_units import divided
from prorata.errors import InputError

__all__ = ["CHARGED_OFF", "LIQUIDATED", "MATURED", "PREPAID", "REPURCHASED", "Account"]

MATURED, PREPAID = "matured", "prepaid"
CHARGED_OFF, LIQUIDATED, REPURCHASED = "charged-off", "liquidated", "repurchased"


@dataclass(slots=True)
class _Due:
    """An instalment that fell due and is not paid, or not all of it."""

    day: date
    interest: int
    principal: int

    @property
    def total(self) -> int:
        return self.interest + self.principal


class Account:
    """One loan, serviced day by day; everything it does is added to the period's figures."""

    __slots__ = (
        "_accrual",
        "_assumed",
        "_dates",
        "_due_dates",
        "_first",
        "_instalment",
        "_parts",
        "_payments",
        "_rate",
        "_refix",
        "_since",
        "_terms",
        "ended",
        "fees",
        "late",
        "loan",
        "missed",
        "modified",
        "number",
        "suspense",
        "undue",
    )

    def __init__(self, loan: Loan, terms: LoanTerms, missed: set[date]) -> None:
        """`missed` are the dates of instalments that were not paid, in a file of exceptions."""
        self.loan, self._terms, self.missed = loan, terms, missed
        self.undue, self._rate, self._due_dates = loan.principal, loan.rate, loan.due_dates
        self.late: deque[_Due] = deque()
        self.fees = self.suspense = self.number = 0
        self.ended: str | None = None
        self.modified = self._refix = False
        self._since, self._accrual = loan.paid_to, Fraction(0)
        self._assumed = terms.reported == "exceptions"
        self._first, self._payments = 0, loan.payments
        self._plan()
        self._instalment = loan.instalment or self._fixed()

    # ------------------------------------------------------------------------------------- the plan

    def _plan(self) -> None:
        """The dates of the instalments that are left, and the parts of a year between them."""
        self._dates, self._parts = _grid(self._due_dates, self._first + self._payments)

    def _fixed(self) -> int:
        """What an instalment pays of what is not due, in the payments that are left.

        Of an annuity it has the interest in it; of a linear loan it is principal; of a bullet,
        nothing.
        """
        left = self._first + self._payments - self.number
        above, below = 0, 1
        if self.loan.type is LoanType.LAM:
            above, below = 1, left
        elif self.loan.type is LoanType.ANN:
            above, below = annuity_of(self._due_dates, self._rate, self._since, self.number, left)
        return divided(self.undue * above, below, self._terms.rounding)

    @property
    def next_due(self) -> date | None:
        """When the next instalment falls due; None when there is none."""
        if self.number >= len(self._dates) or not (self.undue or self._accrual):
            return None
        return self._dates[self.number]

    @property
    def balance(self) -> int:
        """The principal that is owed, what is late with it."""
        return self.undue + sum(due.principal for due in self.late)

    # ---------------------------------------------------------------------------------- falling due

    def _part(self, day: date) -> Fraction:
        """The part of a year since interest was last due, or the account's terms changed."""
        if day <= self._since:
            return Fraction(0)
        return self._due_dates.fraction(self._since, day, self._dates[-1])

    def _interest(self, day: date) -> int:
        """The interest since then, rounded as it is when it falls due."""
        exact = self._accrual + self.undue * self._rate * self._part(day)
        return round_to(exact, self._terms.rounding)

    def fall_due(self, month: PoolMonth) -> None:
        """The next instalment falls due; in a file of exceptions, it is paid if it is not named."""
        number, day = self.number, self._dates[self.number]
        if self._accrual or number == self._first:
            interest = self._interest(day)
            self._accrual = Fraction(0)
        else:
            above, below = self._parts[number]
            rate = self._rate
            interest = divided(
                self.undue * rate.numerator * above, rate.denominator * below, self._terms.rounding
            )
        principal = self._principal(interest)
        self._since, self.number = day, number + 1
        self.undue -= principal
        month.interest_due += interest
        month.principal_due += principal
        if self._refix and self.undue:
            self._refix, self._instalment = False, self._fixed()
        if not interest and not principal:
            return
        if self._is_unpaid(day):
            self.late.append(_Due(day, interest, principal))
            if self.suspense:
                self._receive(day, 0, month)
        elif self.late or self.suspense:
            # What comes in pays the oldest first, whatever it was meant for.
            self.late.append(_Due(day, interest, principal))
            month.received += interest + principal
            self._receive(day, interest + principal, month)
        else:
            month.received += interest + principal
            month.interest += interest
            month.principal += principal
            self._end_if_paid(month)

    def _principal(self, interest: int) -> int:
        if self.number == len(self._dates) - 1:
            return self.undue
        if self.loan.type is LoanType.ANN:
            return min(max(self._instalment - interest, 0), self.undue)
        return min(self._instalment, self.undue)

    def _is_unpaid(self, day: date) -> bool:
        """Whether nobody says that the instalment of this date was paid on it."""
        if day in self.missed:
            self.missed.discard(day)
            return True
        return not self._assumed or day < self._terms.opens

    # --------------------------------------------------------------------------------- what is paid

    def _receive(
        self, day: date, amount: int, month: PoolMonth, *, prepays: bool | None = None
    ) -> None:
        """Allocate money, and what waited in suspense; `prepays` says what becomes of the rest."""
        terms, funds = self._terms, self.suspense + amount
        if terms.fees_first:
            funds = self._pay_fees(funds, month)
        while self.late and funds:
            due = self.late[0]
            if funds < due.total and terms.partial_payments == "suspense":
                break
            funds = self._pay_due(due, day, funds, month)
            if not due.total:
                self.late.popleft()
        if not self.late:
            funds = self._pay_fees(funds, month)
            if prepays:
                funds = self._prepay(day, funds, month)
        self.suspense = funds
        self._end_if_paid(month)

    def _pay_fees(self, funds: int, month: PoolMonth) -> int:
        paid = min(funds, self.fees)
        self.fees -= paid
        month.fees += paid
        return funds - paid

    def _pay_due(self, due: _Due, day: date, funds: int, month: PoolMonth) -> int:
        """Pay an instalment as far as the money goes; what is left of it."""
        paid = min(funds, due.total)
        if self._terms.interest_first:
            interest = min(paid, due.interest)
        else:
            interest = max(0, paid - due.principal)
        due.interest -= interest
        due.principal -= paid - interest
        month.interest += interest
        month.principal += paid - interest
        if self._terms.arrears_rate is not None and day > due.day:
            part = self._due_dates.fraction(due.day, day, max(day, self._dates[-1]))
            self.fees += round_to(paid * self._terms.arrears_rate * part, self._terms.rounding)
        return funds - paid

    def _prepay(self, day: date, funds: int, month: PoolMonth) -> int:
        """Repay principal that is not due, with all interest if that is the last of it."""
        accrued = self._interest(day)
        if funds >= self.undue + accrued:
            month.interest += accrued
            month.prepayments += self.undue
            funds -= self.undue + accrued
            self.undue, self._accrual = 0, Fraction(0)
            return funds
        moved = min(funds, self.undue)
        if not moved:
            return funds
        # Its interest up to today falls due on the next date, with that of the rest.
        self._accrual += moved * self._rate * self._part(day)
        self.undue -= moved
        self._refix = self._terms.after_prepayment == "recast"
        month.prepayments += moved
        return funds - moved

    def _end_if_paid(self, month: PoolMonth) -> None:
        if not (self.undue or self.late or self.fees or self._accrual or self.ended):
            self._end(MATURED if self.number == len(self._dates) else PREPAID, month)

    def _end(self, how: str, month: PoolMonth) -> None:
        month.returned += self.suspense
        self.suspense, self.ended = 0, how
        month.ended[how] = month.ended.get(how, 0) + 1

    # --------------------------------------------------------------------------------------- events

    def befall(self, event: Event, month: PoolMonth) -> None:
        """Take an event in.

        Raises: InputError for one that cannot befall the loan as it stands.
        """
        if event.type is EventType.RECOVERY:
            self._recover(event, month)
            return
        if self.ended is not None:
            rule = f"is for loan {self.loan.name}, which ended before ({self.ended})"
            lost = self.ended in (CHARGED_OFF, LIQUIDATED)
            remedy = "write it as a recovery" if lost else "remove the line"
            raise InputError.of("event", event.type.value, rule, remedy)
        _TAKEN[event.type](self, event, month)

    def _pay(self, event: Event, month: PoolMonth) -> None:
        if self._pays_the_one_due(event, month):
            return
        prepays = event.type is EventType.PREPAYMENT or self._terms.excess == "principal"
        month.received += event.amount or 0
        self._receive(event.day, event.amount or 0, month, prepays=prepays)

    def _pays_the_one_due(self, event: Event, month: PoolMonth) -> bool:
        """Pay the only instalment there is, to the unit and on its day: most payments do.

        Every order of allocation and every rule for partial payments comes to the same then.
        """
        if len(self.late) != 1 or self.suspense or self.fees:
            return False
        due = self.late[0]
        if event.amount != due.total or event.day != due.day:
            return False
        month.received += due.total
        month.interest += due.interest
        month.principal += due.principal
        self.late.clear()
        self._end_if_paid(month)
        return True

    def _charge(self, event: Event, month: PoolMonth) -> None:  # noqa: ARG002 - as the others
        self.fees += event.amount or 0

    def _recover(self, event: Event, month: PoolMonth) -> None:
        if self.ended not in (CHARGED_OFF, LIQUIDATED):
            rule = f"is for loan {self.loan.name}, which is neither charged off nor liquidated"
            raise InputError.of("event", event.type.value, rule, "write it as a payment")
        month.received += event.amount or 0
        month.recoveries += event.amount or 0

    def _modify(self, event: Event, month: PoolMonth) -> None:
        day, forgiven = event.day, event.amount or 0
        if forgiven >= self.undue + sum(due.total for due in self.late):
            unit = self._terms.unit
            rule = f"forgives all that loan {self.loan.name} owes, {unit.text(self.balance)}"
            raise InputError.of("amount", unit.text(forgiven), rule, "write a charge-off")
        left = event.payments or len(self._dates) - self.number
        if left <= 0:
            rule = f"leaves loan {self.loan.name} without an instalment: all have fallen due"
            raise InputError.of("event", event.type.value, rule, "give payments")
        self._accrual += self.undue * self._rate * self._part(day)
        self._since = max(day, self._since)
        self.undue += sum(due.total for due in self.late) - forgiven
        month.capitalised += sum(due.interest for due in self.late)
        month.losses += forgiven
        self.late.clear()
        self._rate = self._rate if event.rate is None else event.rate
        while self._due_dates.of(self.number) <= day:
            self.number += 1
        self._first, self._payments, self.modified = self.number, left, True
        self._plan()
        self._instalment = self._fixed()

    def _lose(self, how: str, month: PoolMonth) -> None:
        """Give the principal up, and all that was due; what is in suspense was recovered."""
        month.losses += self.balance
        month.recoveries += self.suspense
        self.undue = self.fees = self.suspense = 0
        self._accrual = Fraction(0)
        self.late.clear()
        self._end(how, month)

    def _charge_off(self, event: Event, month: PoolMonth) -> None:  # noqa: ARG002 - as the others
        self._lose(CHARGED_OFF, month)

    def _liquidate(self, event: Event, month: PoolMonth) -> None:
        month.received += event.amount or 0
        month.recoveries += event.amount or 0
        self._lose(LIQUIDATED, month)

    def _repurchase(self, event: Event, month: PoolMonth) -> None:
        interest = sum(due.interest for due in self.late) + self._interest(event.day)
        price = self.balance + interest
        if event.amount not in (None, price):
            unit = self._terms.unit
            rule = f"is not the price of loan {self.loan.name} on {event.day}, {unit.text(price)}"
            remedy = "write that, or leave it blank"
            raise InputError.of("amount", unit.text(event.amount or 0), rule, remedy)
        month.received += price
        month.interest += interest
        month.repurchased += self.balance
        self.undue = self.fees = 0
        self._accrual = Fraction(0)
        self.late.clear()
        self._end(REPURCHASED, month)

    # ------------------------------------------------------------------------------- at the cut-off

    def lateness(self, day: date) -> Lateness:
        """How late the loan is at the end of a day, by the method of the terms."""
        if not self.late:
            return Lateness.CURRENT
        return lateness(self.late[0].day, day, self._terms.delinquency)

    def is_in_default(self, day: date) -> bool:
        """Whether the oldest instalment is as many days late as the terms say."""
        return bool(self.late) and (day - self.late[0].day).days >= self._terms.default_after

    def close(self, month: PoolMonth) -> None:
        """Count the loan at the period's end, after charging off what is too late."""
        if not self.late:
            place, balance = Lateness.CURRENT, self.undue
        else:
            oldest, terms = self.late[0].day, self._terms
            days = (month.cut_off - oldest).days
            if terms.charge_off_after is not None and days >= terms.charge_off_after:
                self._lose(CHARGED_OFF, month)
                return
            balance = self.balance
            place = self.lateness(month.cut_off)
            if self.is_in_default(month.cut_off):
                month.defaulted += 1
                month.defaulted_balance += balance
        month.loans[place] += 1
        month.balances[place] += balance
        month.closing += balance
        month.suspense += self.suspense
        month.modified += self.modified


_TAKEN: dict[EventType, Callable[[Account, Event, PoolMonth], None]] = {
    EventType.PAYMENT: Account._pay,  # noqa: SLF001 - of this module
    EventType.PREPAYMENT: Account._pay,  # noqa: SLF001
    EventType.FEE: Account._charge,  # noqa: SLF001
    EventType.MODIFICATION: Account._modify,  # noqa: SLF001
    EventType.CHARGE_OFF: Account._charge_off,  # noqa: SLF001
    EventType.LIQUIDATION: Account._liquidate,  # noqa: SLF001
    EventType.REPURCHASE: Account._repurchase,  # noqa: SLF001
}


@lru_cache(maxsize=1_000)
def _grid(due_dates: DueDates, count: int) -> tuple[tuple[date, ...], list[tuple[int, int]]]:
    """Instalment dates, and the part of a year before each: numerator and denominator.

    Of the first date, before which a period of any length may lie, there is none.
    """
    dates = due_dates.first(count)
    parts = [(0, 1)]
    for start, end in pairwise(dates):
        part = due_dates.fraction(start, end, dates[-1])
        parts.append((part.numerator, part.denominator))
    return dates, parts
