# SPDX-License-Identifier: MIT
"""The terms of what pays on a schedule, as a YAML file has them, read strictly.

name: Harbour note 2032
currency: USD                     a symbol of the asset; amounts are rounded to its `decimals`
decimals: 2
unit: "1,000.00"                  the principal of one share
issued: 2027-01-15
matures: 2032-06-30               left out for call money, with `until` to plan to
interest:
  day_count: 30E/360
  cycle: 6M                       left out: one period
  stub: short front               or long front, short back, long back
  end_of_month: true
  first: 2027-06-30               the first regular date, and `last` the last one, if named
  rate: 4.5%                      or `steps`, or `floating`; 0% is a zero coupon
  steps: [{from: 2027-01-15, rate: 4%}, {from: 2030-06-30, rate: 4.5%}]
  floating: {fixings: sofr.csv, fixing: in arrears, spread: 1.25%, floor: 0%, cap: 9%,
             lookback: 2, observation_shift: true, calendar: US bond, basis: 360, decimals: 7}
  capitalises_until: 2028-06-30   until then interest is added to the principal
principal:
  plan: bullet                    or equal parts, annuity, instalments, sinking
  from: 2028-06-30                the first date that pays any
  every: 2                        every second period
  payment: "25.00"                of a unit and a period; for instalments, interest included
  most: 110%                      the most that instalments may let be owed
  sinking: [{due: 2029-06-30, part: 20%}]
dates:
  calendar: TARGET+US bond        or a file beside this one
  roll: modified following
  accrues: unadjusted             or adjusted: shift, then calculate
  pay_delay: 0                    business days after the rolled date
  zone: America/New_York
  cut_off: "17:00"                when the record closes, so many days before the cycle's date
  record: {offset: 1, days: business}
  payable_at: "09:00"
rounding: {rounds: per_unit, direction: half up, calculation_amount: "1,000.00"}
units: 10000                      for `rounds: aggregate`: how many units there are
fees: [{name: trustee, rate: 0.05%}, {name: agent, amount: "0.10"}]
called: {announced: 2030-03-01, notice: 30D, price: 101%}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, time
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from prorata.assets.calendars import Calendar, Roll, find_calendar
from prorata.assets.schedules.fixings import read_fixings
from prorata.assets.schedules.periods import Accrual, Grid, Period, Stub, make_periods
from prorata.assets.schedules.principal import (
    Annuity,
    Bullet,
    EqualParts,
    Instalments,
    Listed,
    Principal,
)
from prorata.assets.schedules.rates import FixedRate, Fixing, FloatingRate, Rate, SteppedRate
from prorata.assets.schedules.record_times import Days, RecordTimes
from prorata.assets.schedules.roundings import Basis, Direction, Rounding, round_to
from prorata.assets.schedules.servicing import Called, Claim, Fee
from prorata.assets.schedules.values import (
    Counting,
    Day,
    Every,
    Percent,
    Time,
    Written,
    named,
)
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.amounts import parse_units

__all__ = ["ScheduleTerms"]

EXAMPLE = "examples/note/terms.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True
    )


class _Step(_Strict):
    since: Annotated[Day, Field(alias="from")]
    rate: Percent


class _Floating(_Strict):
    fixings: str
    fixing: Annotated[Fixing, named(Fixing)] = Fixing.IN_ADVANCE
    spread: Percent = Fraction(0)
    multiplier: Percent = Fraction(1)
    cap: Percent | None = None
    floor: Percent | None = None
    lookback: Annotated[int, Field(ge=0, le=30)] = 0
    observation_shift: bool = False
    calendar: str = "weekdays"
    basis: Annotated[int, Field(ge=360, le=365)] = 360
    decimals: Annotated[int | None, Field(ge=0, le=18)] = None


class _Interest(_Strict):
    day_count: Counting
    cycle: Every | None = None
    stub: Annotated[Stub, named(Stub)] = Stub.SHORT_FRONT
    end_of_month: bool = False
    first: Day | None = None
    last: Day | None = None
    rate: Percent | None = None
    steps: tuple[_Step, ...] = ()
    floating: _Floating | None = None
    capitalises_until: Day | None = None


class _Sunk(_Strict):
    due: Day
    part: Percent


class _Principal(_Strict):
    plan: str = "bullet"
    since: Annotated[Day | None, Field(alias="from")] = None
    every: Annotated[int, Field(ge=1)] = 1
    payment: Written | None = None
    most: Percent | None = None
    sinking: tuple[_Sunk, ...] = ()


class _Record(_Strict):
    offset: Annotated[int, Field(ge=0, le=60)] = 1
    days: Annotated[Days, named(Days)] = Days.CALENDAR


class _Dates(_Strict):
    calendar: str = "weekdays"
    roll: Annotated[Roll, named(Roll)] = Roll.FOLLOWING
    accrues: Annotated[Accrual, named(Accrual)] = Accrual.UNADJUSTED
    pay_delay: Annotated[int, Field(ge=0, le=30)] = 0
    zone: str = "UTC"
    cut_off: Time = time(23, 59, 59)
    record: _Record = _Record()
    payable_at: Time | None = None


class _Rounding(_Strict):
    rounds: Annotated[Basis, named(Basis)] = Basis.PER_UNIT
    direction: Annotated[Direction, named(Direction)] = Direction.HALF_UP
    calculation_amount: Written | None = None


class _Fee(_Strict):
    name: str
    rate: Percent = Fraction(0)
    amount: Written = "0"


class _Call(_Strict):
    announced: Day
    notice: Every | None = None
    price: Percent = Fraction(1)


class ScheduleTerms(_Strict):
    """Terms as they were written; `claim` makes them what is serviced."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    currency: str
    decimals: Annotated[int, Field(ge=0, le=18)]
    unit: Written
    issued: Day
    matures: Day | None = None
    until: Day | None = None
    interest: _Interest
    principal: _Principal = _Principal()
    dates: _Dates = _Dates()
    rounding: _Rounding = _Rounding()
    units: Annotated[int | None, Field(gt=0)] = None
    fees: tuple[_Fee, ...] = ()
    called: _Call | None = None
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @classmethod
    def load(cls, path: str | Path) -> ScheduleTerms:
        """Read a YAML file; files that it names are looked for beside it.

        Raises: InputError with every fault in it.
        """
        content = read_yaml(path, "terms", EXAMPLE)
        if "folder" in content:
            raise InputError.of("folder", content["folder"], "is no setting", "remove it")
        return cls.of({**content, "folder": Path(path).parent}, str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], subject: str = "the terms") -> ScheduleTerms:
        """From values.

        Raises: InputError with every fault in them.
        """
        terms = validated(cls, content, EXAMPLE, subject)
        terms.check()
        return terms

    def check(self) -> None:
        """Raises: InputError for what no field says alone."""
        ways = [
            self.interest.rate is not None,
            bool(self.interest.steps),
            bool(self.interest.floating),
        ]
        if sum(ways) != 1:
            given = sum(ways)
            rule = "is how many of rate, steps and floating there are"
            raise InputError.of("interest", given, rule, "give exactly one of them")
        if (self.rounding.rounds is Basis.AGGREGATE) != (self.units is not None):
            aggregate = self.rounding.rounds is Basis.AGGREGATE
            rule = "is needed to round all units together" if aggregate else "changes nothing"
            remedy = "add it" if aggregate else "remove it, or write rounds: aggregate"
            raise InputError.of("units", self.units or "", rule, remedy)
        if self.matures is None and self.until is None:
            rule = "is missing, and so is until"
            raise InputError.of("matures", "", rule, "give one, and until for call money")
        _ = self.claim

    # ------------------------------------------------------------------------------- what it makes

    @property
    def hash(self) -> str:
        """SHA-256 of all that the terms say, whatever the file's comments and order."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @property
    def canonical(self) -> str:
        """All that the terms say, as JSON with sorted names."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar of its payments."""
        return find_calendar(self.dates.calendar, self.folder)

    @property
    def record_times(self) -> RecordTimes:
        """When its records close and its payments begin."""
        dates, record = self.dates, self.dates.record
        return RecordTimes(dates.zone, dates.cut_off, record.offset, record.days, dates.payable_at)

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """Its interest periods."""
        interest, dates = self.interest, self.dates
        end = self.matures or self.until
        assert end is not None
        grid = Grid(
            self.issued,
            end,
            interest.cycle,
            interest.stub,
            interest.end_of_month,
            interest.first,
            interest.last,
        )
        return make_periods(
            grid,
            calendar=self.calendar,
            roll=dates.roll,
            accrual=dates.accrues,
            pay_delay=dates.pay_delay,
        )

    @cached_property
    def claim(self) -> Claim:
        """What is serviced: a unit, or all units where rounding is aggregate.

        Raises: InputError for terms that contradict each other.
        """
        principal = self.principal
        part = self.rounding.calculation_amount
        return Claim(
            notional=self._amount("unit", self.unit) * (self.units or 1),
            periods=self.periods,
            day_count=self.interest.day_count,
            rate=self._rate(),
            principal=self._plan(),
            rounding=Rounding(
                self.rounding.rounds,
                self.rounding.direction,
                None if part is None else self._amount("calculation_amount", part),
            ),
            capitalises_until=self.interest.capitalises_until,
            principal_from=principal.since,
            pays_principal_every=principal.every,
            fees=tuple(
                Fee(fee.name, fee.rate, self._amount("fees", fee.amount) * (self.units or 1))
                for fee in self.fees
            ),
            called=self._called(),
        )

    def _amount(self, column: str, text: str) -> int:
        try:
            return parse_units(text, self.decimals)
        except InputError as error:
            fault = error.problems[0]
            raise InputError.of(column, text, fault.rule, fault.remedy) from None

    def _rate(self) -> Rate:
        interest = self.interest
        if interest.rate is not None:
            if interest.rate < 0:
                rule = "is below zero, which no holder pays"
                raise InputError.of("rate", "below zero", rule, "write 0% or more")
            return FixedRate(interest.rate)
        if interest.floating is None:
            return SteppedRate(tuple((step.since, step.rate) for step in interest.steps))
        floating = interest.floating
        return FloatingRate(
            fixings=read_fixings(self.folder / floating.fixings),
            fixing=floating.fixing,
            spread=floating.spread,
            multiplier=floating.multiplier,
            cap=floating.cap,
            floor=floating.floor,
            lookback=floating.lookback,
            observation_shift=floating.observation_shift,
            calendar=find_calendar(floating.calendar, self.folder),
            basis=floating.basis,
            decimals=floating.decimals,
        )

    def _plan(self) -> Principal:
        principal, units = self.principal, self.units or 1
        notional = self._amount("unit", self.unit) * units
        paid = principal.payment
        payment = None if paid is None else self._amount("payment", paid) * units
        if principal.plan == "equal parts":
            first = principal.since or self.periods[0].due
            paying = [one for one in self.periods if one.due >= first][:: principal.every]
            return EqualParts(len(paying), payment)
        if principal.plan == "instalments":
            if payment is None:
                raise InputError.of("payment", "", "is missing", "say what an instalment is")
            return Instalments(payment, principal.most)
        if principal.plan == "sinking":
            direction = self.rounding.direction
            return Listed(
                {one.due: round_to(notional * one.part, direction) for one in principal.sinking}
            )
        plans: Mapping[str, Principal] = {"bullet": Bullet(), "annuity": Annuity()}
        if principal.plan not in plans:
            remedy = "write bullet, equal parts, annuity, instalments or sinking"
            raise InputError.of("plan", principal.plan, "is no plan of principal", remedy)
        return plans[principal.plan]

    def _called(self) -> Called | None:
        called = self.called
        if called is None:
            return None
        on: date = called.announced
        if called.notice is not None:
            on = called.notice.after(on, 1)
        return Called(self.calendar.rolled(on, self.dates.roll), called.price)
