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
from prorata.values.times import moment, parse_time

__all__ = ["LineDocument", "ScheduleSheet", "SheetLine"]


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
class LineDocument:
    """What the document of a line says, as it was computed or as it was kept.

    `text` is the document, whose SHA-256 is `hash`. Amounts are of one unit, or of all `units`
    together, in smallest units of the terms; `closes_at` and `payable_from` are Unix seconds.
    """

    text: str
    number: int
    name: str
    currency: str
    decimals: int
    units: int
    due: str
    pays: str
    closes_at: int
    payable_from: int
    interest: int
    principal: int
    """With what a call pays over par."""

    @classmethod
    def of(cls, text: str, subject: str) -> LineDocument:
        """From its text; `subject` says where it is.

        Raises: InputError when it is damaged.
        """
        try:
            content = json.loads(text)
            terms, line = content["terms"], content["line"]
            return cls(
                text=text,
                number=int(line["line"]),
                name=str(terms["name"]),
                currency=str(terms["currency"]),
                decimals=int(terms["decimals"]),
                units=int(terms["units"] or 1),
                due=str(line["due"]),
                pays=str(line["pays"]),
                closes_at=parse_time("closes", line["closes"]),
                payable_from=parse_time("payable_from", line["payable_from"]),
                interest=int(line["interest"]),
                principal=int(line["principal"]) + int(line["premium"]),
            )
        except (ValueError, KeyError, TypeError):
            rule = "is damaged"
            remedy = "restore the file from a copy"
            raise InputError.of("document", subject, rule, remedy) from None

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).digest()

    def per_share(self, units: int) -> Fraction:
        """An amount of the line in whole units of the currency for one share."""
        return Fraction(units, 10**self.decimals * self.units)


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

    def line_document(self, number: int) -> LineDocument:
        """The document of a line, read.

        Raises: InputError when there is no line of that number.
        """
        return LineDocument.of(self.document(number), f"line {number}")

    def amount(self, units: int) -> Amount:
        """An amount of the terms for people and programs."""
        return Amount(units=units, decimals=self.terms.decimals, currency=self.terms.currency)

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
