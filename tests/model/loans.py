"""One loan, day by day: every day is looked at, and money is allocated one unit at a time.

Instalments are found from present values, interest from days counted one by one, or from months of
thirty. Nothing is kept but plain numbers; the figures of each month are a dictionary.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

__all__ = ["Borrower"]

DAY = timedelta(days=1)


def nearest(value: Fraction) -> int:
    whole = value.numerator // value.denominator
    return whole + (value - whole >= Fraction(1, 2))


def part_of_year(basis: str, start: date, end: date) -> Fraction:
    if basis == "30E/360":
        days = 360 * (end.year - start.year) + 30 * (end.month - start.month)
        return Fraction(days + min(end.day, 30) - min(start.day, 30), 360)
    days = 0
    while start < end:
        start, days = start + DAY, days + 1
    return Fraction(days, {"ACT/360": 360, "ACT/365F": 365}[basis])


def month_on(anchor: date, months: int) -> date:
    year, month = anchor.year, anchor.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


@dataclass
class Borrower:
    """A loan with whole units; `terms` has whole words for what the pool's terms say."""

    kind: str
    principal: int
    rate: Fraction
    paid_to: date
    next_due: date
    payments: int
    every: int
    basis: str
    terms: dict
    events: list = field(default_factory=list)
    figures: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def __post_init__(self) -> None:
        self.undue, self.since, self.accrual = self.principal, self.paid_to, Fraction(0)
        self.days = [month_on(self.next_due, n * self.every) for n in range(self.payments)]
        self.open: list[list] = []  # day, interest, principal
        self.fees = self.suspense = 0
        self.gone, self.refix = "", False
        self.amount = self.instalment()

    def instalment(self) -> int:
        left = [day for day in self.days if day > self.since]
        if self.kind == "LAM":
            return nearest(Fraction(self.undue, len(left)))
        if self.kind == "PAM":
            return 0
        worth, factor, start = Fraction(0), Fraction(1), self.since
        for day in left:
            factor *= 1 + self.rate * part_of_year(self.basis, start, day)
            worth, start = worth + 1 / factor, day
        return nearest(self.undue / worth)

    def interest(self, day: date) -> int:
        if day <= self.since:
            return nearest(self.accrual)
        part = part_of_year(self.basis, self.since, day)
        return nearest(self.accrual + self.undue * self.rate * part)

    @property
    def balance(self) -> int:
        return self.undue + sum(row[2] for row in self.open)

    # ------------------------------------------------------------------------------------ every day

    def live(self, opens: date, until: date) -> None:
        """From the day when the pool opens; what fell due before it is late from the start."""
        month = 0
        for day in [day for day in self.days if day < opens]:
            self.fall_due(day, self.figures[month])
        day = opens
        while day <= until:
            figures = self.figures[month]
            if day in self.days and not self.gone and (self.undue or self.accrual):
                self.fall_due(day, figures)
            for event in [event for event in self.events if event[0] == day]:
                self.befall(day, event[1:], figures)
            if (day + DAY).month != day.month:
                self.close(day, figures)
                month += 1
            day += DAY

    def fall_due(self, day: date, figures: dict) -> None:
        interest = self.interest(day)
        if day == self.days[-1]:
            principal = self.undue
        elif self.kind == "ANN":
            principal = min(max(0, self.amount - interest), self.undue)
        else:
            principal = min(self.amount, self.undue)
        self.since, self.accrual = day, Fraction(0)
        self.undue -= principal
        figures["interest_due"] += interest
        figures["principal_due"] += principal
        if self.refix and self.undue:
            self.amount, self.refix = self.instalment(), False
        if not interest + principal:
            return
        self.open.append([day, interest, principal])
        paid = interest + principal if self.pays_by_itself(day) else 0
        figures["received"] += paid
        self.receive(day, paid, figures, only_dues=True)

    def pays_by_itself(self, day: date) -> bool:
        if self.terms["reported"] == "all" or day < self.terms["opens"]:
            return False
        return (day, "missed") not in [event[:2] for event in self.events]

    def receive(self, day, amount, figures, *, only_dues=False, prepays=False) -> None:
        purse = self.suspense + amount
        fees = self.terms["allocation"]
        if only_dues and not purse:
            return
        if fees[0] == "fees" and not (only_dues and self.is_plain()):
            purse = self.pay_fees(purse, figures)
        while self.open and purse:
            row = self.open[0]
            if self.terms["partial"] == "suspense" and purse < row[1] + row[2]:
                break
            purse = self.pay_row(row, purse, figures)
        if not self.open:
            if not (only_dues and self.is_plain()):
                purse = self.pay_fees(purse, figures)
            if prepays:
                purse = self.prepay(day, purse, figures)
        self.suspense = purse
        if not (self.undue or self.open or self.fees or self.accrual or self.gone):
            self.end("ended", figures)

    def pay_row(self, row, purse, figures) -> int:
        fees = self.terms["allocation"]
        order = (1, 2) if fees.index("interest") < fees.index("principal") else (2, 1)
        while purse and row[1] + row[2]:  # one unit after the other
            part = order[0] if row[order[0]] else order[1]
            row[part], purse = row[part] - 1, purse - 1
            figures["interest" if part == 1 else "principal"] += 1
        if not row[1] + row[2]:
            self.open.pop(0)
        return purse

    def is_plain(self) -> bool:
        """An instalment that is paid on its day, with nothing else late, pays no fee."""
        return len(self.open) <= 1 and not self.suspense

    def pay_fees(self, purse, figures) -> int:
        while purse and self.fees:
            purse, self.fees = purse - 1, self.fees - 1
            figures["fees"] += 1
        return purse

    def prepay(self, day, purse, figures) -> int:
        accrued = self.interest(day)
        if purse >= self.undue + accrued:
            figures["interest"] += accrued
            figures["prepayments"] += self.undue
            purse -= self.undue + accrued
            self.undue, self.accrual = 0, Fraction(0)
            return purse
        part = part_of_year(self.basis, self.since, day) if day > self.since else Fraction(0)
        if not (purse and self.undue):
            return purse  # Nothing was prepaid, so that no instalment is worked out anew.
        while purse and self.undue:
            purse, self.undue = purse - 1, self.undue - 1
            self.accrual += self.rate * part
            figures["prepayments"] += 1
        self.refix = self.terms["after"] == "recast"
        return purse

    def end(self, why, figures) -> None:
        figures["returned"] += self.suspense
        self.suspense, self.gone = 0, why

    # --------------------------------------------------------------------------------------- events

    def befall(self, day, event, figures) -> None:
        what, amount, rate, payments = event
        if what == "recovery":
            figures["received"] += amount
            figures["recoveries"] += amount
        elif what in ("payment", "prepayment"):
            figures["received"] += amount
            prepays = what == "prepayment" or self.terms["excess"] == "principal"
            self.receive(day, amount, figures, prepays=prepays)
        elif what == "fee":
            self.fees += amount
        elif what == "modification":
            self.modify(day, amount, (rate, payments), figures)
        elif what == "charge-off":
            self.lose(figures)
        elif what == "liquidation":
            figures["received"] += amount
            figures["recoveries"] += amount
            self.lose(figures)
        elif what == "repurchase":
            interest = sum(row[1] for row in self.open) + self.interest(day)
            figures["received"] += interest + self.balance
            figures["interest"] += interest
            figures["repurchased"] += self.balance
            self.undue = self.fees = 0
            self.open, self.accrual = [], Fraction(0)
            self.end("repurchased", figures)

    def modify(self, day, forgiven, terms, figures) -> None:
        rate, payments = terms
        if day > self.since:
            self.accrual += self.undue * self.rate * part_of_year(self.basis, self.since, day)
            self.since = day
        for _, interest, principal in self.open:
            self.undue += interest + principal
            figures["capitalised"] += interest
        self.undue -= forgiven
        figures["losses"] += forgiven
        self.open, self.rate = [], self.rate if rate is None else rate
        later = [due for due in self.days if due > day]
        number = len(self.days) - len(later)
        while month_on(self.next_due, number * self.every) <= day:
            number += 1
        count = payments or len(later)
        self.days = [month_on(self.next_due, n * self.every) for n in range(number, number + count)]
        self.amount = self.instalment()

    def lose(self, figures) -> None:
        figures["losses"] += self.balance
        figures["recoveries"] += self.suspense
        self.undue = self.fees = self.suspense = 0
        self.open, self.accrual = [], Fraction(0)
        self.end("lost", figures)

    def close(self, day, figures) -> None:
        most = self.terms["charge_off_after"]
        if self.open and most and (day - self.open[0][0]).days >= most:
            self.lose(figures)
        if not self.gone:
            figures["closing"] += self.balance
            figures["suspense"] += self.suspense
            figures["place"] = self.lateness(day)

    def lateness(self, day) -> int:
        """0 for current, 1 for days, then 2, 3 and 4 for months, counted one by one."""
        if not self.open or day <= self.open[0][0]:
            return 0
        months = 0
        reached = day + DAY if self.terms["method"] == "MBA" else day
        while months < 3 and month_on(self.open[0][0], months + 1) <= reached:
            months += 1
        return months + 1
