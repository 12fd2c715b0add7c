# SPDX-License-Identifier: MIT
"""The sheet of one payment date: who was due what, who was paid, and what is left of each tranche.

It is a JSON file whose SHA-256 is the hash that distributions carry as that of their document, so
that anybody who has the terms and the periods can work it out again and compare. Each names the
hash of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from prorata.assets.term_fields import format_fraction
from prorata.assets.waterfalls.periods import Period
from prorata.assets.waterfalls.terms import COLLECTIONS, FACTS, WaterfallTerms
from prorata.files.writer import Row, json_object, json_pieces
from prorata.values.amounts import Amount

__all__ = ["FACTOR_PLACES", "Line", "LineRow", "Payment", "Reading", "Sheet", "TrancheLine"]

FACTOR_PLACES = 12


@dataclass(frozen=True)
class Line:
    """A claim in a bucket's turn, in smallest units.

    `due` is what is new and what was `carried`; `short` is what of it was not paid, and `left` what
    the buckets after it have.
    """

    bucket: str
    kind: str
    claim: str
    to: str
    income: str | None
    carried: int
    due: int
    paid: int
    left: int

    @property
    def short(self) -> int:
        """What was due and not paid."""
        return self.due - self.paid


@dataclass(frozen=True)
class Reading:
    """What a trigger read in a bucket's turn: a ratio, None where there is nothing to cover."""

    bucket: str
    trigger: str
    ratio: Fraction | None
    passes: bool


@dataclass(frozen=True)
class TrancheLine:
    """A tranche over the period, in smallest units; `unpaid` is interest that stays due."""

    name: str
    original: int
    opening: int
    interest: int
    principal: int
    written_down: int
    closing: int
    unpaid: int

    @property
    def factor(self) -> Fraction:
        """What is outstanding of each unit of the original balance."""
        return Fraction(self.closing, self.original)


@dataclass(frozen=True)
class Payment:
    """What a receiver gets of one kind of income; `tranche` says whether it is one."""

    to: str
    income: str | None
    amount: int
    tranche: bool


class LineRow(Row):
    """A line of the CSV file."""

    period: int
    date: str
    bucket: str
    kind: str
    claim: str
    to: str
    carried: Amount
    due: Amount
    paid: Amount
    short: Amount
    left: Amount


@dataclass(frozen=True)
class Sheet:
    """All of one payment date; amounts are smallest units.

    What was `released` is the part of the reserve above its target, and `drawn` what of the rest
    covered debt service; both came in beside the collections.
    """

    terms: WaterfallTerms
    terms_hash: str
    previous: str | None
    number: int
    period: Period
    lines: Sequence[Line]
    readings: Sequence[Reading]
    tranches: Sequence[TrancheLine]
    reserve_opening: int
    released: int
    drawn: int
    filled: int

    @property
    def reserve_closing(self) -> int:
        """What is in the reserve afterwards."""
        return self.reserve_opening - self.released - self.drawn + self.filled

    @property
    def available(self) -> int:
        """Collections and what came out of the reserve."""
        return self.period.collections + self.released + self.drawn

    @property
    def payments(self) -> Sequence[Payment]:
        """What everybody gets, by receiver and kind of income, in the order of the buckets."""
        paid: dict[tuple[str, str | None], int] = {}
        for line in self.lines:
            if line.paid and line.kind != "reserve":
                key = (line.to, line.income)
                paid[key] = paid.get(key, 0) + line.paid
        names = self.terms.by_name
        return [Payment(to, income, sum_, to in names) for (to, income), sum_ in paid.items()]

    def rows(self) -> Iterator[LineRow]:
        """The lines as a CSV file has them."""
        amount = self.terms.unit.amount
        for line in self.lines:
            yield LineRow(
                period=self.number,
                date=self.period.date.isoformat(),
                bucket=line.bucket,
                kind=line.kind,
                claim=line.claim,
                to=line.to,
                carried=amount(line.carried),
                due=amount(line.due),
                paid=amount(line.paid),
                short=amount(line.short),
                left=amount(line.left),
            )

    def as_json(self) -> dict[str, Any]:
        """The sheet as its file has it."""
        amount = self.terms.unit.amount
        period = self.period
        return json_object(
            {
                "waterfall": self.terms.name,
                "terms": self.terms_hash,
                "previous": self.previous,
                "period": self.number,
                "date": period.date.isoformat(),
                "collections": {name: amount(getattr(period, name)) for name in COLLECTIONS},
                "columns": {name: amount(units) for name, units in period.columns.items()},
                "facts": {name: amount(getattr(period, name)) for name in FACTS},
                "collected": amount(period.collections),
                "reserve": {
                    "opening": amount(self.reserve_opening),
                    "released": amount(self.released),
                    "drawn": amount(self.drawn),
                    "filled": amount(self.filled),
                    "closing": amount(self.reserve_closing),
                },
                "lines": [row.values for row in self.rows()],
                "triggers": [_reading(one) for one in self.readings],
                "tranches": [self._tranche(one) for one in self.tranches],
                "payments": [
                    {"to": one.to, "income": one.income, "amount": amount(one.amount)}
                    for one in self.payments
                ],
            }
        )

    def _tranche(self, line: TrancheLine) -> dict[str, Any]:
        amount = self.terms.unit.amount
        return {
            "tranche": line.name,
            "original": amount(line.original),
            "opening": amount(line.opening),
            "interest": amount(line.interest),
            "principal": amount(line.principal),
            "written_down": amount(line.written_down),
            "closing": amount(line.closing),
            "unpaid_interest": amount(line.unpaid),
            "factor": _ratio(line.factor),
        }

    @property
    def text(self) -> str:
        """The file."""
        return "".join(json_pieces(self.as_json()))

    @property
    def hash(self) -> str:
        """The SHA-256 of the file, as 0x and 64 digits."""
        return f"0x{sha256(self.text.encode()).hexdigest()}"


def _reading(reading: Reading) -> dict[str, Any]:
    ratio = None if reading.ratio is None else _ratio(reading.ratio)
    return {
        "bucket": reading.bucket,
        "trigger": reading.trigger,
        "ratio": ratio,
        "passes": reading.passes,
    }


def _ratio(ratio: Fraction) -> str:
    """A ratio as text, rounded down to twelve places, with all of them exact."""
    return format_fraction(ratio, FACTOR_PLACES)
