# SPDX-License-Identifier: MIT
"""Servicing: what falls due in each period, in whole smallest units, until all is paid back.

Interest is rounded when it falls due, an instalment when it is fixed, and the last period pays what
is left. So all principal, less what was capitalised, adds up to the notional, to the unit. Where a
rate is not fixed yet, planning stops: nothing is estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from prorata.assets.day_counts import DayCount, year_fraction
from prorata.assets.schedules.periods import Period
from prorata.assets.schedules.principal import Bullet, Paying, Principal
from prorata.assets.schedules.rates import Rate
from prorata.assets.schedules.roundings import Rounding, round_to
from prorata.errors import InputError

__all__ = ["Accrued", "Called", "Claim", "Fee", "Line", "accrued_at", "service"]


@dataclass(frozen=True)
class Fee:
    """A fee that falls due with each period: a rate a year on what is outstanding, or an amount."""

    name: str
    rate: Fraction = Fraction(0)
    amount: int = 0


@dataclass(frozen=True)
class Called:
    """A repayment before its time: of all that is outstanding, at a price, 1 being par."""

    on: date
    price: Fraction = Fraction(1)


@dataclass(frozen=True)
class Claim:
    """What is serviced: a notional, its periods, its rate and its plan of principal.

    `notional` is of one unit where the rounding is per unit, and of all units together where it is
    aggregate, in smallest units of the currency. Interest of periods that end by
    `capitalises_until` is added to what is outstanding. `principal_from` is the first date on which
    principal is paid, and `pays_principal_every` how many periods lie between such dates.
    """

    notional: int
    periods: tuple[Period, ...]
    day_count: DayCount
    rate: Rate
    principal: Principal = field(default_factory=Bullet)
    rounding: Rounding = field(default_factory=Rounding)
    capitalises_until: date | None = None
    principal_from: date | None = None
    pays_principal_every: int = 1
    fees: tuple[Fee, ...] = ()
    called: Called | None = None

    @property
    def maturity(self) -> date:
        """The day on which the last period ends."""
        return self.periods[-1].end

    def fraction(self, period: Period, until: date | None = None) -> Fraction:
        """The part of a year that a period is, or its part until a day."""
        return year_fraction(
            self.day_count,
            period.start,
            until or period.end,
            reference=period.reference or None,
            frequency=period.frequency,
            maturity=self.maturity,
        )


@dataclass(frozen=True)
class Line:
    """What one period pays, in smallest units.

    `capitalised` is interest that is added to what is outstanding, `premium` what a call pays over
    par, `outstanding` what is left afterwards; `factor` is that as a part of the notional.
    """

    number: int
    period: Period
    rate: Fraction
    interest: int
    capitalised: int
    principal: int
    premium: int
    fees: tuple[int, ...]
    before: int
    outstanding: int
    factor: Fraction
    instalment: int | None = None

    @property
    def payment(self) -> int:
        """What holders get: interest, principal and premium."""
        return self.interest + self.principal + self.premium


def service(claim: Claim) -> tuple[Line, ...]:
    """All lines that can be planned: to the end, or until a rate is not fixed.

    Raises: InputError when the terms contradict each other.
    """
    if claim.notional <= 0:
        rule = "is no amount to be serviced"
        raise InputError.of("notional", claim.notional, rule, "give one above zero")
    periods = _until_called(claim)
    claim.principal.check([period.due for period in claim.periods])
    lines: list[Line] = []
    state = _Servicing(claim, periods)
    for index in range(len(periods)):
        line = state.line(index)
        if line is None:
            break
        lines.append(line)
        if not line.outstanding:
            break
    return tuple(lines)


def _until_called(claim: Claim) -> tuple[Period, ...]:
    """The periods, the last of which ends when all is called.

    Raises: InputError for a call outside them.
    """
    called = claim.called
    if called is None:
        return claim.periods
    kept = [period for period in claim.periods if period.start < called.on]
    if not kept or called.on > claim.maturity:
        rule = f"is outside the life of it, {claim.periods[0].start} to {claim.maturity}"
        raise InputError.of("called", called.on, rule, "give a date within")
    last = kept[-1]
    if last.end != called.on:
        kept[-1] = replace(last, end=called.on, due=called.on, pays=called.on)
    return tuple(kept)


class _Servicing:
    def __init__(self, claim: Claim, periods: Sequence[Period]) -> None:
        self.claim, self.periods = claim, periods
        self.outstanding = claim.notional
        self.fixed: int | None = None
        self.rate: Fraction | None = None
        self.years = [claim.fraction(period) for period in periods]
        first = claim.principal_from or periods[0].due
        paying = [index for index, period in enumerate(periods) if period.due >= first]
        self.paying = paying[:: claim.pays_principal_every]

    def line(self, index: int) -> Line | None:
        """The line of a period; None when its rate is not fixed."""
        claim, period = self.claim, self.periods[index]
        rate = claim.rate.of(period)
        if rate is None:
            return None
        if rate != self.rate:
            self.rate, self.fixed = rate, None
        before, last = self.outstanding, index + 1 == len(self.periods)
        accrued = rate * self.years[index]
        interest = claim.rounding.interest(before, claim.notional, accrued)
        adds = claim.capitalises_until is not None and period.due <= claim.capitalises_until
        capitalised = interest if adds and not last else 0
        principal = self._principal(index, interest - capitalised, rate, last=last, adds=adds)
        self.outstanding += capitalised - principal
        return Line(
            number=index + 1,
            period=period,
            rate=rate,
            interest=interest - capitalised,
            capitalised=capitalised,
            principal=principal,
            premium=self._premium(principal) if last else 0,
            fees=tuple(self._fee(fee, before, self.years[index]) for fee in claim.fees),
            before=before,
            outstanding=self.outstanding,
            factor=Fraction(self.outstanding, claim.notional),
            instalment=self.fixed,
        )

    def _principal(
        self, index: int, interest: int, rate: Fraction, *, last: bool, adds: bool
    ) -> int:
        if last:
            return self.outstanding
        if index not in self.paying or adds:
            return 0
        ahead = [other for other in self.paying if other >= index]
        last_index = len(self.periods) - 1
        ahead = ahead if ahead[-1] == last_index else [*ahead, last_index]
        needed = self.fixed is None
        growths = [1 + rate * self.years[other] for other in ahead] if needed else []
        now = Paying(
            index=index,
            due=self.periods[index].due,
            outstanding=self.outstanding,
            notional=self.claim.notional,
            interest=interest,
            growths=growths,
            fixed=self.fixed,
            direction=self.claim.rounding.direction,
        )
        paid, self.fixed = self.claim.principal.of(now)
        return paid

    def _premium(self, principal: int) -> int:
        called = self.claim.called
        if called is None:
            return 0
        return round_to(principal * (called.price - 1), self.claim.rounding.direction)

    def _fee(self, fee: Fee, before: int, years: Fraction) -> int:
        return fee.amount + round_to(before * fee.rate * years, self.claim.rounding.direction)


@dataclass(frozen=True)
class Accrued:
    """Where a claim stands at the beginning of a day.

    `exact` is the interest accrued since the last date of the cycle, in smallest units and not
    rounded; `interest` is that rounded as a payment would be; `outstanding` and `factor` are of the
    principal.
    """

    day: date
    period: Period
    exact: Fraction
    interest: int
    outstanding: int
    factor: Fraction


def accrued_at(claim: Claim, lines: Sequence[Line], day: date) -> Accrued:
    """The interest that has accrued by a day, and the factor of what is outstanding.

    Raises: InputError for a day outside the lines that are planned.
    """
    line = next((one for one in lines if one.period.start <= day < one.period.end), None)
    if line is None:
        span = f"{lines[0].period.start} to {lines[-1].period.end}" if lines else "none"
        rule = f"is outside the periods that are planned, {span}"
        raise InputError.of("date", day, rule, "give a day within them, not the last")
    accrued = line.rate * claim.fraction(line.period, day)
    return Accrued(
        day=day,
        period=line.period,
        exact=line.before * accrued,
        interest=claim.rounding.interest(line.before, claim.notional, accrued),
        outstanding=line.before,
        factor=Fraction(line.before, claim.notional),
    )
