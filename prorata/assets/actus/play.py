# SPDX-License-Identifier: MIT
"""Playing an ACTUS contract: its planned events one after the other, each changing the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from prorata.assets.actus.events import ActusEvent, Planned, State, rounded
from prorata.assets.actus.plans import Plan, make_plan, observed_times
from prorata.assets.actus.terms import Terms
from prorata.assets.actus.times import Times, parse_stamp, series
from prorata.errors import InputError

__all__ = ["play"]

ZERO = Fraction(0)


def play(
    terms: Mapping[str, Any],
    observed: Mapping[str, Any] | None = None,
    events: Sequence[Mapping[str, Any]] = (),
    until: str | None = None,
) -> list[ActusEvent]:
    """The events of a contract, in order, up to and with `until`.

    `terms` are named as in the ACTUS dictionary; `observed` has for each market object its `data`,
    rows of `timestamp` and `value`; `events` are those that somebody decided, such as a call (XD).

    Raises: InputError for terms or data that are missing or not played here.
    """
    checked = Terms.of(terms)
    end = parse_stamp(until, "to") if until else None
    data = _observations(observed or {})
    if checked.kind in ("STK", "COM", "CSH"):
        return _play_valued(checked, data, events, end)
    return _Contract(checked, data, events, end).played()


def _observations(observed: Mapping[str, Any]) -> dict[str, dict[datetime, Fraction]]:
    return {
        name: {
            parse_stamp(str(row["timestamp"])): Fraction(str(row["value"])) for row in one["data"]
        }
        for name, one in observed.items()
    }


def _look_up(data: Mapping[str, Mapping[datetime, Fraction]], name: str, at: datetime) -> Fraction:
    found = data.get(name, {}).get(at)
    if found is None:
        rule = f"has no value for {at.isoformat()}"
        raise InputError.of("observed", name, rule, "add it to the observed data")
    return found


# ------------------------------------------------------------------------------------------ lending


class _Contract:
    def __init__(
        self,
        terms: Terms,
        data: Mapping[str, Mapping[datetime, Fraction]],
        events: Sequence[Mapping[str, Any]],
        until: datetime | None,
    ) -> None:
        self.terms, self.data, self.until = terms, data, until
        self.role = terms.role
        words = ("dayCountConvention", "calendar", "businessDayConvention", "endOfMonthConvention")
        self.times = Times.of(*(terms.text(word) for word in words))
        called = min(observed_times(events, "XD"), default=None)
        self.plan: Plan = make_plan(terms, self.times, called, until)
        self.status = terms.needed("statusDate")
        self.state = State(self.status)
        self.called = False

    def played(self) -> list[ActusEvent]:
        """Those that report, in order."""
        pending = [one for one in self.plan.events if not self._is_past(one)]
        if not any(one.type == "IED" for one in pending):
            self._begin_before()
        bought = next((one.key for one in pending if one.type == "PRD"), None)
        ended = next((one.key for one in pending if one.type == "TD"), None)
        happened = []
        for one in pending:
            # What was called back is reported to its end.
            if self.until is not None and one.at > self.until and not self.called:
                break
            if ended is not None and one.key > ended:
                break
            event = self._happen(one)
            silent = one.type == "PRF" and one.at < self.terms.needed("initialExchangeDate")
            if not silent and (bought is None or one.key >= bought):
                happened.append(event)
        return happened

    def _is_past(self, one: Planned) -> bool:
        return one.at <= self.status if self.terms.kind == "CLM" else one.at < self.status

    def _begin_before(self) -> None:
        """The state of a contract whose first exchange is before the status date."""
        self._exchange(self.status)
        if "accruedInterest" in self.terms or self.terms.kind == "CLM":
            return
        paid = [
            one.accrues_to
            for one in self.plan.events
            if one.type in ("IP", "IPCI") and one.at < self.status
        ]
        since = max(paid, default=self.status)
        state = self.state
        state.accrued = self.times.fraction(since, self.status) * state.rate * state.base

    def _exchange(self, at: datetime) -> None:
        state, terms = self.state, self.terms
        state.since = at
        state.notional = self.role * terms.number("notionalPrincipal")
        state.rate = terms.number("nominalInterestRate")
        state.accrued = self.role * terms.number("accruedInterest")
        state.base = state.notional
        if terms.text("interestCalculationBase") == "NTL":
            state.base = self.role * terms.number("interestCalculationBaseAmount")
        if "nextPrincipalRedemptionPayment" in terms:
            state.instalment = terms.number("nextPrincipalRedemptionPayment")
        elif terms.kind == "LAM":
            state.instalment = rounded(abs(state.notional) / len(self.plan.instalments))

    def _happen(self, one: Planned) -> ActusEvent:
        state = self.state
        if not self.called:
            year = self.times.fraction(state.since, one.accrues_to)
            state.accrued = rounded(state.accrued + year * state.rate * state.base)
            state.since = max(state.since, one.accrues_to)
        payoff = getattr(self, f"_{one.type.partition(' ')[0].lower()}")(one)
        if self.terms.text("interestCalculationBase") != "NTL":
            state.base = state.notional
        hidden = self.called and one.type == "XD" and self._notice()
        return ActusEvent(
            one.shown,
            one.type.partition(" ")[0],
            payoff,
            self.terms.text("currency"),
            state.notional,
            state.rate,
            ZERO if hidden else state.accrued,
        )

    def _notice(self) -> bool:
        return self.terms.text("xDayNotice", "P0D") != "P0D"

    # Each changes the state and says what is paid.

    def _ied(self, one: Planned) -> Fraction:
        self._exchange(one.at)
        premium = self.terms.number("premiumDiscountAtIED")
        return -self.role * (self.terms.number("notionalPrincipal") + premium)

    def _ip(self, _one: Planned) -> Fraction:
        paid, self.state.accrued = self.state.interest_scale * self.state.accrued, ZERO
        return paid

    def _ipci(self, _one: Planned) -> Fraction:
        self.state.notional = rounded(self.state.notional + self.state.accrued)
        self.state.accrued = ZERO
        return ZERO

    def _pr(self, one: Planned) -> Fraction:
        state = self.state
        paid = one.amount if self.terms.kind == "LAX" else state.instalment
        if self.terms.kind in ("NAM", "ANN"):
            paid -= self.role * state.accrued
        paid = self.role * min(paid, abs(state.notional))
        state.notional = rounded(state.notional - paid)
        return state.notional_scale * paid

    def _pi(self, one: Planned) -> Fraction:
        self.state.notional += self.role * one.amount
        return -self.role * one.amount

    def _rr(self, one: Planned) -> Fraction:
        terms, old = self.terms, self.state.rate
        found = _look_up(self.data, terms.text("marketObjectCodeOfRateReset"), one.looked_up)
        new = found * terms.number("rateMultiplier", 1) + terms.number("rateSpread") + one.amount
        if "periodCap" in terms:
            new = min(new, old + terms.number("periodCap"))
        if "periodFloor" in terms:
            new = max(new, old + terms.number("periodFloor"))
        if "lifeCap" in terms:
            new = min(new, terms.number("lifeCap"))
        if "lifeFloor" in terms:
            new = max(new, terms.number("lifeFloor"))
        self.state.rate = rounded(new)
        return ZERO

    def _rrf(self, one: Planned) -> Fraction:
        self.state.rate = one.amount
        return ZERO

    def _prf(self, one: Planned) -> Fraction:
        self.state.instalment = self._annuity(one.accrues_to)
        return ZERO

    def _annuity(self, at: datetime) -> Fraction:
        """The equal instalment that pays what is owed by the last date: the plain annuity.

        With growth 1 + r·Y between the dates t₁ … tₘ, Π their product and ΣΠ the sum of the
        products of the last 1, 2, … of them: (n + a + n·r·Y(now, t₁)) · Π / (1 + ΣΠ).
        """
        state, terms = self.state, self.terms
        rate = state.rate or terms.number("nominalInterestRate")
        owed = abs(state.notional) or terms.number("notionalPrincipal")
        dates = [self.times.counted(day) for day in self.plan.instalments]
        dates = [day for day in dates if day > at]
        since = max(at, terms.needed("initialExchangeDate"))
        product, total = Fraction(1), Fraction(1)
        for first, last in reversed(list(pairwise(dates))):
            product = rounded(product * (1 + rate * self.times.fraction(first, last)))
            total += product
        grown = (
            owed + self.role * state.accrued + owed * rate * self.times.fraction(since, dates[0])
        )
        return rounded(grown * product / total)

    def _ipcb(self, _one: Planned) -> Fraction:
        self.state.base = self.state.notional
        return ZERO

    def _sc(self, one: Planned) -> Fraction:
        terms = self.terms
        name = terms.text("marketObjectCodeOfScalingIndex")
        base = terms.number("scalingIndexAtContractDealDate")
        scale = _look_up(self.data, name, one.looked_up) / base
        effect = terms.text("scalingEffect")
        if effect[0] == "I":
            self.state.interest_scale = scale
        if effect[1] == "N":
            self.state.notional_scale = scale
        return ZERO

    def _prd(self, _one: Planned) -> Fraction:
        return -self.role * (self.terms.number("priceAtPurchaseDate") + self.state.accrued)

    def _td(self, _one: Planned) -> Fraction:
        paid = self.role * (self.terms.number("priceAtTerminationDate") + self.state.accrued)
        self.state.notional = self.state.accrued = ZERO
        return paid

    def _xd(self, _one: Planned) -> Fraction:
        self.called = True
        return ZERO

    def _md(self, _one: Planned) -> Fraction:
        paid = self.state.notional_scale * self.state.notional
        self.state.notional = self.state.accrued = ZERO
        return paid

    _std = _md


# ------------------------------------------------------------------------------------------- valued


def _play_valued(
    terms: Terms,
    data: Mapping[str, Mapping[datetime, Fraction]],
    events: Sequence[Mapping[str, Any]],
    until: datetime | None,
) -> list[ActusEvent]:
    """Stocks, commodities and cash: bought, sold, and what they pay meanwhile."""
    rows: list[tuple[datetime, str, Fraction]] = []
    count = terms.number("quantity", 1)
    for kind, name, sign in (("PRD", "Purchase", -1), ("TD", "Termination", 1)):
        at = terms.time(f"{name.lower()}Date")
        if at is not None:
            price = terms.number(f"priceAt{name}Date")
            rows.append((at, kind, sign * terms.role * price * count))
    if terms.kind == "STK":
        bought, sold = terms.time("purchaseDate"), terms.time("terminationDate")
        ends = [end for end in (sold, until) if end is not None]
        dividends = _dividends(terms, data, min(ends)) if ends else []
        rows += [row for row in dividends if bought is None or bought < row[0]]
    if terms.kind == "CSH":
        rows += [(at, "AD", ZERO) for at in observed_times(events, "AD")]
    notional = terms.role * terms.number("notionalPrincipal") if terms.kind == "CSH" else ZERO
    return [
        ActusEvent(at, kind, payoff, terms.text("currency"), notional, ZERO, ZERO)
        for at, kind, payoff in sorted(rows, key=lambda row: (row[0], row[1] == "TD"))
        if until is None or at <= until
    ]


def _dividends(
    terms: Terms, data: Mapping[str, Mapping[datetime, Fraction]], last: datetime
) -> list[tuple[datetime, str, Fraction]]:
    anchor = terms.time("cycleAnchorDateOfDividendPayment")
    if anchor is None:
        return []
    words = ("calendar", "businessDayConvention", "endOfMonthConvention")
    times = Times.of("", *(terms.text(word) for word in words))
    cycle = terms.cycle("cycleOfDividendPayment")
    eom = times.end_of_month
    name = terms.text("marketObjectCodeOfDividends")
    dates = series(anchor, cycle, last, end_of_month=eom, to_end=False)
    after = [] if cycle is None else [cycle.cycle.after(anchor, len(dates), end_of_month=eom)]
    dates += [day for day in after if day <= last]
    return [
        (times.shifted(day), "DV", terms.role * _look_up(data, name, day))
        for day in dates
        if times.shifted(day) <= last
    ]
