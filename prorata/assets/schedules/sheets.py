# SPDX-License-Identifier: MIT
"""The sheet of a schedule: every line, and the document that says how one of them was computed.

The document of a line is text whose SHA-256 a distribution carries on the chain: the terms in full,
the calendars with their hashes, and the line. Anybody who has the terms computes it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from prorata.assets.schedules.periods import Period
from prorata.assets.schedules.servicing import Line, service
from prorata.assets.schedules.terms import ScheduleTerms
from prorata.errors import InputError
from prorata.values.amounts import Amount, format_units
from prorata.values.times import moment

__all__ = ["SheetLine", "ScheduleSheet"]


@dataclass(frozen=True)
class SheetLine:
    """A line of servicing with its times; `record_day` and `closes_at` are of its record."""

    line: Line
    record_day: str
    closes_at: int
    payable_from: int

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.line.number

    def as_json(self) -> dict[str, Any]:
        """All of it, dates and amounts as text; amounts are smallest units of the terms."""
        line, period = self.line, self.line.period
        return {
            "line": line.number,
            "start": str(period.start),
            "end": str(period.end),
            "due": str(period.due),
            "pays": str(period.pays),
            "record_day": self.record_day,
            "closes": moment(self.closes_at),
            "payable_from": moment(self.payable_from),
            "rate": str(line.rate),
            "interest": str(line.interest),
            "capitalised": str(line.capitalised),
            "principal": str(line.principal),
            "premium": str(line.premium),
            "fees": [str(fee) for fee in line.fees],
            "before": str(line.before),
            "outstanding": str(line.outstanding),
            "factor": str(line.factor),
            "provisional": period.provisional,
        }


@dataclass(frozen=True)
class ScheduleSheet:
    """All lines that can be planned, and the periods after them whose rate is not fixed."""

    terms: ScheduleTerms

    @cached_property
    def lines(self) -> tuple[SheetLine, ...]:
        """The lines, in order.

        Raises: InputError for terms that contradict each other.
        """
        return tuple(self._with_times(line) for line in service(self.terms.claim))

    @property
    def ahead(self) -> tuple[Period, ...]:
        """The periods that are not planned yet."""
        ended = self.lines and not self.lines[-1].line.outstanding
        return () if ended else self.terms.periods[len(self.lines) :]

    def line(self, number: int) -> SheetLine:
        """A line by its number.

        Raises: InputError when there is none of that number.
        """
        if not 1 <= number <= len(self.lines):
            rule = f"is no line of the sheet, which has {len(self.lines)}"
            raise InputError.of("line", number, rule, "see `prorata schedule show`")
        return self.lines[number - 1]

    def document(self, number: int) -> str:
        """The text that says how a line was computed.

        Raises: InputError when there is no line of that number.
        """
        calendar = self.terms.calendar
        content: Mapping[str, Any] = {
            "terms": json.loads(self.terms.canonical),
            "terms_hash": self.terms.hash,
            "calendar": {
                "name": calendar.name,
                "hash": calendar.hash,
                "verified_until": None
                if calendar.verified_until is None
                else str(calendar.verified_until),
            },
            "line": self.line(number).as_json(),
        }
        return json.dumps(content, indent=2, sort_keys=True) + "\n"

    def document_hash(self, number: int) -> bytes:
        """SHA-256 of the document of a line.

        Raises: InputError when there is no line of that number.
        """
        return hashlib.sha256(self.document(number).encode()).digest()

    def amount(self, units: int) -> Amount:
        """An amount of the terms for people and programs."""
        return Amount(units=units, decimals=self.terms.decimals, currency=self.terms.currency)

    def per_share(self, units: int) -> Fraction:
        """An amount of the terms in whole units of the currency for one share."""
        return Fraction(units, 10**self.terms.decimals * (self.terms.units or 1))

    def text(self, units: int) -> str:
        """An amount of the terms as people write it."""
        return format_units(units, self.terms.decimals)

    def _with_times(self, line: Line) -> SheetLine:
        times, calendar = self.terms.record_times, self.terms.calendar
        return SheetLine(
            line=line,
            record_day=str(times.record_day(line.period, calendar)),
            closes_at=times.closes_at(line.period, calendar),
            payable_from=times.payable_from(line.period),
        )
