# SPDX-License-Identifier: MIT
"""The terms of a pool of loans as its YAML file has them.

name: Harbour Loans 2027-1
currency: USD
decimals: 2                    # of the smallest unit that borrowers owe and pay
opens: 2027-01-01              # whose tape it is: from this day on payments count
day_count: 30/360              # of loans whose line on the tape names none
rounding: half up              # of interest when it falls due, and of instalments when fixed
cut_off: last                  # day of the month at whose end a collection period ends: 1 to 28
determination: 10              # day of the month by which what came in must be posted
pays: 15                       # day of the month on which the tranches are paid
calendar: TARGET               # of business days, for the pay date only; left out: none
roll: following                # of a pay date that is no business day; left out: unadjusted
delinquency: MBA               # or OTS
reported: all                  # or exceptions: what the payments file lists
allocation: [interest, principal, fees]   # within an instalment; fees first or last
partial_payments: suspense     # or applied
excess: principal              # or suspense: what becomes of more than is due
after_prepayment: shorten      # or recast: the instalment stays, or is fixed anew
arrears_rate: 4%               # a year, simple, on late instalments; left out: none
default_after: 120             # days late from which a loan is in default; left out: 90
charge_off_after: 180          # days late from which a loan is charged off; left out: by hand

Of `reported: exceptions`, every instalment counts as paid on its day unless the payments file says
that it was missed; of `all`, nothing was paid but what it lists.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from prorata.assets.calendars import Calendar, Roll, find_calendar
from prorata.assets.day_counts import DayCount
from prorata.assets.loans.instalments import months_after
from prorata.assets.schedules.roundings import Direction
from prorata.assets.schedules.values import Counting, Day, named
from prorata.assets.term_fields import (
    CurrencySymbol,
    Rate,
    RoundingName,
    Title,
    parse_whole,
)
from prorata.errors import InputError
from prorata.files.models import forwarded, parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.amounts import Unit

__all__ = ["EXAMPLE", "LAST", "LoanTerms", "check_basis"]

EXAMPLE = "examples/loans/loans.yaml"
LAST = 31
"""The last day of a month, whatever its number."""
LATEST_DAY = 28

_DAY = timedelta(days=1)


def _day_of_month(value: object) -> int:
    return parse_whole(value, "day", least=1, most=LATEST_DAY)


def _cut_off(value: object) -> int:
    if value == "last":
        return LAST
    try:
        return _day_of_month(value)
    except InputError as error:
        rule = error.problems[0].rule
        raise InputError.of("cut_off", value, rule, "write 1 to 28, or last") from None


def _days(value: object) -> int:
    return parse_whole(value, "days", least=1, most=3_650)


def _calendar(name: str) -> str:
    forwarded(find_calendar)(name)
    return name


def _decimals(value: object) -> int:
    return parse_whole(value, "decimals", most=18)


DayOfMonth = Annotated[int, parsed_by(_day_of_month)]
Days = Annotated[int, parsed_by(_days)]
Part = Literal["interest", "principal", "fees"]


class LoanTerms(BaseModel):
    """How the loans of a pool are serviced; see the head of this module for the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Title
    currency: CurrencySymbol
    decimals: Annotated[int, parsed_by(_decimals)] = 2
    opens: Day
    day_count: Counting
    rounding: RoundingName = Direction.HALF_UP
    cut_off: Annotated[int, parsed_by(_cut_off)] = LAST
    determination: DayOfMonth
    pays: DayOfMonth
    calendar: Annotated[str, AfterValidator(_calendar)] | None = None
    roll: Annotated[Roll, named(Roll)] = Roll.NONE
    delinquency: Literal["MBA", "OTS"]
    reported: Literal["all", "exceptions"]
    allocation: tuple[Part, ...] = ("interest", "principal", "fees")
    partial_payments: Literal["suspense", "applied"] = "suspense"
    excess: Literal["principal", "suspense"] = "principal"
    after_prepayment: Literal["shorten", "recast"] = "shorten"
    arrears_rate: Rate | None = None
    default_after: Days = 90
    charge_off_after: Days | None = None

    @classmethod
    def load(cls, path: str | Path) -> LoanTerms:
        """The terms in a YAML file.

        Raises: InputError with every fault in it, or when it cannot be read.
        """
        return validated(cls, read_yaml(path, "terms", EXAMPLE), EXAMPLE, str(path))

    @model_validator(mode="after")
    def _agree(self) -> LoanTerms:
        if sorted(self.allocation) != ["fees", "interest", "principal"]:
            said = ", ".join(self.allocation)
            raise ValueError(f"allocates {said}; name interest, principal and fees once each")
        if self.allocation[1] == "fees":
            raise ValueError("allocates fees between; put them first or last")
        if (self.calendar is None) != (self.roll is Roll.NONE):
            raise ValueError("has a calendar or a roll alone; give both, or none")
        return self

    @property
    def unit(self) -> Unit:
        """How amounts are written."""
        return Unit(self.currency, self.decimals)

    @cached_property
    def business_days(self) -> Calendar | None:
        """The calendar by which pay dates roll."""
        return None if self.calendar is None else find_calendar(self.calendar)

    @property
    def fees_first(self) -> bool:
        """Whether a payment pays fees before instalments."""
        return self.allocation[0] == "fees"

    @property
    def interest_first(self) -> bool:
        """Whether an instalment's interest is paid before its principal."""
        return self.allocation.index("interest") < self.allocation.index("principal")

    def cut_off_of(self, number: int) -> date:
        """The last day of the collection period of this number, counted from 0."""
        if self.cut_off == LAST:
            first = date(self.opens.year, self.opens.month, 1)
            return months_after(first, number + 1) - _DAY
        day = self.opens.replace(day=self.cut_off)
        return months_after(day, number + (day < self.opens))

    def period_of(self, day: date) -> int:
        """The number of the collection period in which a day lies; before the first, 0."""
        months = (day.year - self.opens.year) * 12 + day.month - self.opens.month
        number = max(0, months - 1)
        while self.cut_off_of(number) < day:
            number += 1
        return number

    def determined_on(self, cut_off: date) -> date:
        """The day by which what came in until the cut-off must be posted, to count."""
        return _next(cut_off, self.determination)

    def due_on(self, cut_off: date) -> date:
        """The pay date before it rolls."""
        return _next(self.determined_on(cut_off) - _DAY, self.pays)

    def pays_on(self, cut_off: date) -> date:
        """The day on which the tranches are paid out of what came in until the cut-off.

        Raises: InputError when the calendar does not go as far.
        """
        day = self.due_on(cut_off)
        return day if self.business_days is None else self.business_days.rolled(day, self.roll)

    def is_provisional(self, pays_on: date) -> bool:
        """Whether a holiday may yet be published that moves a pay date."""
        return self.business_days is not None and self.business_days.is_provisional(pays_on)


def _next(day: date, number: int) -> date:
    """The first day of this number in its month that is after `day`."""
    there = day.replace(day=number)
    return there if there > day else months_after(there, 1)


def check_basis(day_count: DayCount, every: int) -> None:
    """Refuse a day count that divides by regular periods of which a year has no whole number.

    Raises: InputError.
    """
    if day_count is DayCount.ACT_ACT_ICMA and 12 % every:
        rule = f"needs a whole number of periods a year, and there is one every {every} months"
        raise InputError.of("day_count", day_count.value, rule, "name another day count")
