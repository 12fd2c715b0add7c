# SPDX-License-Identifier: MIT
"""Which events a lending contract of ACTUS plans, and when, before anything has happened."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from prorata.assets.actus.events import Planned
from prorata.assets.actus.terms import Terms
from prorata.assets.actus.times import ActusCycle, Times, parse_actus_cycle, parse_stamp, series
from prorata.assets.schedules.cycles import parse_cycle
from prorata.errors import InputError

__all__ = ["Plan", "make_plan"]

_LONGEST = 12 * 100
"""Periods after which a loan without a maturity that never falls to zero is refused."""


@dataclass(frozen=True)
class Plan:
    """Events in the order of their times, the end, and the dates that instalments are paid on."""

    events: tuple[Planned, ...]
    maturity: datetime | None
    instalments: tuple[datetime, ...] = ()


def make_plan(terms: Terms, times: Times, called: datetime | None, until: datetime | None) -> Plan:
    """What a contract of one of the lending types plans; `called` is when it was called back.

    Raises: InputError when the terms lack what the plan needs.
    """
    planner = _Planner(terms, times, called, until)
    events = sorted(planner.events(), key=lambda one: one.key)
    return Plan(tuple(events), planner.maturity, planner.instalments)


class _Planner:
    def __init__(
        self, terms: Terms, times: Times, called: datetime | None, until: datetime | None
    ) -> None:
        self.terms, self.times, self.called, self.until = terms, times, called, until
        self.start = terms.needed("initialExchangeDate")
        self.segments = list(self._segments())
        self.maturity = terms.time("maturityDate") or self._derived_maturity()
        self.instalments = self._instalments()

    # ------------------------------------------------------------------------------------ all types

    def events(self) -> Iterator[Planned]:
        """All that is planned, in no order."""
        yield self._fixed("IED", self.start)
        for kind, name in (("PRD", "purchaseDate"), ("TD", "terminationDate")):
            if (at := self.terms.time(name)) is not None:
                yield self._fixed(kind, at)
        if self.terms.kind == "CLM":
            yield from self._call_money()
        elif self.terms.kind == "UMP":
            yield from self._of("IPCI", self._interest_dates(self._end(), to_end=False))
        else:
            yield from self._loan()

    def _loan(self) -> Iterator[Planned]:
        end = self._end()
        yield from self._interest(end)
        yield self._fixed("MD", end)
        if self.terms.kind == "LAX":
            yield from (one for one in self.segments if one.at < end)
            yield from self._array_resets(end)
            return
        if self.terms.kind != "PAM":
            yield from self._of("PR", self._principal_dates(end))
        yield from self._resets(end)
        if self.terms.text("interestCalculationBase") == "NTL":
            yield from self._cyclic("IPCB", "InterestCalculationBase", end)
        if self.terms.text("scalingEffect", "OOO") != "OOO":
            yield from self._cyclic("SC", "ScalingIndex", end)
        if self.terms.kind == "ANN" and "nextPrincipalRedemptionPayment" not in self.terms:
            yield self._fixed("PRF", self._first_principal() - timedelta(days=1))

    def _fixed(self, kind: str, at: datetime) -> Planned:
        return Planned(kind, at, at, at, at)

    def _moving(self, kind: str, raw: datetime, amount: Fraction = Fraction(0)) -> Planned:
        shifted = self.times.shifted(raw)
        return Planned(kind, shifted, shifted, self.times.counted(raw), raw, amount)

    def _of(self, kind: str, dates: Sequence[datetime]) -> Iterator[Planned]:
        return (self._moving(kind, raw) for raw in dates)

    def _series(
        self, start: datetime, cycle: ActusCycle | None, end: datetime, *, to_end: bool
    ) -> list[datetime]:
        eom = self.times.end_of_month
        return series(start, cycle, end, end_of_month=eom, to_end=to_end)

    def _cyclic(self, kind: str, name: str, end: datetime) -> Iterator[Planned]:
        anchor = self.terms.time(f"cycleAnchorDateOf{name}")
        if anchor is not None:
            cycle = self.terms.cycle(f"cycleOf{name}")
            yield from self._of(kind, self._series(anchor, cycle, end, to_end=False))

    def _end(self) -> datetime:
        """When the last event can be.

        Raises: InputError when nothing says it.
        """
        end = self.maturity or self.called or self.until
        if end is None:
            raise InputError.of("maturityDate", "", "is missing", "add it to the terms")
        return end

    # ------------------------------------------------------------------------------------- interest

    def _interest_dates(self, end: datetime, *, to_end: bool) -> list[datetime]:
        anchor = self.terms.time("cycleAnchorDateOfInterestPayment")
        cycle = self.terms.cycle("cycleOfInterestPayment")
        if anchor is None and cycle is not None:
            called = self.terms.kind == "CLM"
            anchor = self.start if called else cycle.cycle.after(self.start, 1)
        if anchor is None:
            return [end] if to_end else []
        return self._series(anchor, cycle, end, to_end=to_end)

    def _interest(self, end: datetime) -> Iterator[Planned]:
        capitalised = self.terms.time("capitalizationEndDate")
        if self.terms.kind == "LAX":
            dates = [*self._array_interest(end), end]
        else:
            dates = self._interest_dates(end, to_end=True)
        if capitalised is not None:
            dates = sorted({*dates, capitalised})
        for raw in dates:
            if raw == end:
                yield replace(self._moving("IP at the end", raw), shown=end, at=end)
            else:
                early = capitalised is not None and raw <= capitalised
                yield self._moving("IPCI" if early else "IP", raw)

    def _resets(self, end: datetime) -> Iterator[Planned]:
        if "marketObjectCodeOfRateReset" not in self.terms and "nextResetRate" not in self.terms:
            return
        fixed = "nextResetRate" in self.terms
        resets = sorted(self._cyclic("RR", "RateReset", end), key=lambda one: one.at)
        status = self.terms.needed("statusDate")
        for reset in resets:
            if fixed and reset.at > status:
                fixed = False
                amount = self.terms.number("nextResetRate")
                yield replace(reset, type="RRF", amount=amount)
            else:
                yield reset
            if self.terms.kind == "ANN":
                yield replace(reset, type="PRF")

    # ------------------------------------------------------------------------------------ principal

    def _first_principal(self) -> datetime:
        anchor = self.terms.time("cycleAnchorDateOfPrincipalRedemption")
        if anchor is not None:
            return anchor
        cycle = self.terms.cycle("cycleOfPrincipalRedemption")
        if cycle is None:
            name = "cycleOfPrincipalRedemption"
            raise InputError.of(name, "", "is missing", "add it to the terms")
        return cycle.cycle.after(self.start, 1)

    def _principal_dates(self, end: datetime, *, to_end: bool = False) -> list[datetime]:
        cycle = self.terms.cycle("cycleOfPrincipalRedemption")
        return self._series(self._first_principal(), cycle, end, to_end=to_end)

    def _derived_maturity(self) -> datetime | None:
        """When the instalments will have paid everything back."""
        if self.terms.kind == "ANN" and "amortizationDate" in self.terms:
            return self.terms.time("amortizationDate")
        if self.terms.kind == "LAX":
            return self._array_maturity()
        if self.terms.kind not in ("LAM", "NAM", "ANN"):
            return None
        first, cycle = self._first_principal(), self.terms.cycle("cycleOfPrincipalRedemption")
        owed = self.terms.number("notionalPrincipal")
        paid = self.terms.number("nextPrincipalRedemptionPayment")
        if cycle is None:
            return first
        if self.terms.kind != "LAM":
            year = self.times.fraction(first, cycle.cycle.after(first, 1))
            paid -= owed * self.terms.number("nominalInterestRate") * year
        if paid <= 0:
            name, remedy = "nextPrincipalRedemptionPayment", "give a larger one, or the maturity"
            raise InputError.of(name, float(paid), "never pays the principal back", remedy)
        times = math.ceil(owed / paid) - 1
        eom = self.times.end_of_month
        return self.times.shifted(cycle.cycle.after(first, times, end_of_month=eom))

    def _instalments(self) -> tuple[datetime, ...]:
        if self.terms.kind not in ("ANN", "LAM"):
            return ()
        end = self.terms.time("amortizationDate") or self._end()
        return tuple(self._principal_dates(end, to_end=True))

    # ----------------------------------------------------------------------------------- call money

    def _call_money(self) -> Iterator[Planned]:
        end = self._end()
        yield from self._of("IPCI", self._interest_dates(end, to_end=False))
        if "marketObjectCodeOfRateReset" in self.terms:
            anchor = self.terms.time("cycleAnchorDateOfRateReset") or self.start
            cycle = self.terms.cycle("cycleOfRateReset")
            yield from self._of("RR", self._series(anchor, cycle, end, to_end=False))
        if self.maturity is not None:
            yield from (self._last_interest(self.maturity), self._fixed("MD", self.maturity))
        elif self.called is not None:
            notice = self.terms.text("xDayNotice", "P0D")
            paid = self.called
            if notice != "P0D":
                paid = parse_cycle(notice, "xDayNotice").after(self.called, 1)
            yield self._fixed("XD", self.called)
            yield from (self._last_interest(paid), self._fixed("STD", paid))

    def _last_interest(self, at: datetime) -> Planned:
        """It runs to the business day, and is said to be paid on the day itself."""
        return replace(self._fixed("IP at the end", at), accrues_to=self.times.counted(at))

    # --------------------------------------------------------------------------------------- arrays

    def _array(self, name: str) -> Iterator[tuple[int, datetime]]:
        """The dates of each segment, until the next segment begins."""
        anchors = [
            parse_stamp(str(text)) for text in self.terms.listed(f"arrayCycleAnchorDateOf{name}")
        ]
        cycles = self.terms.listed(f"arrayCycleOf{name}")
        for index, anchor in enumerate(anchors):
            cycle = None
            if index < len(cycles):
                cycle = parse_actus_cycle(str(cycles[index]), f"arrayCycleOf{name}")
            last = index + 1 == len(anchors)
            far = cycle.cycle.after(anchor, _LONGEST) if cycle else anchor + timedelta(days=1)
            end = far if last else anchors[index + 1]
            for day in self._series(anchor, cycle, end, to_end=False):
                yield index, day

    def _segments(self) -> Iterator[Planned]:
        if self.terms.kind != "LAX":
            return
        amounts = self.terms.numbers("arrayNextPrincipalRedemptionPayment")
        ways = self.terms.listed("arrayIncreaseDecrease")
        for index, day in self._array("PrincipalRedemption"):
            kind = "PR" if ways[index] == "DEC" else "PI"
            yield self._moving(kind, day, amounts[index])

    def _array_maturity(self) -> datetime:
        owed = self.terms.number("notionalPrincipal")
        for one in self.segments:
            owed += one.amount if one.type == "PI" else -one.amount
            if owed <= 0:
                return one.at
        name = "arrayNextPrincipalRedemptionPayment"
        remedy = "give larger ones, or the maturity"
        raise InputError.of(name, float(owed), "is left and never paid back", remedy)

    def _array_interest(self, end: datetime) -> list[datetime]:
        return [day for _, day in self._array("InterestPayment") if day < end]

    def _array_resets(self, end: datetime) -> Iterator[Planned]:
        rates = self.terms.numbers("arrayRate")
        ways = self.terms.listed("arrayFixedVariable")
        for index, day in self._array("RateReset"):
            if day < end:
                kind = "RRF" if ways[index] == "FIX" else "RR"
                yield self._moving(kind, day, rates[index])


def observed_times(events: Sequence[Mapping[str, Any]], kind: str) -> list[datetime]:
    """When events of a type were observed."""
    return [parse_stamp(str(one["time"])) for one in events if one.get("type") == kind]
