# SPDX-License-Identifier: MIT
"""Distributions as an analysis sees them: what one share was paid, when, and how well.

The ledger has them all; here are the facts that a yield, a return or a score needs of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prorata.analysis.figures import Figure, Question
from prorata.analysis.precision import exact
from prorata.values.kinds import Kind
from prorata.values.times import moment

__all__ = ["Distribution", "payout_quality"]

_CAPITAL = (Kind.RETURN_OF_CAPITAL, Kind.PRINCIPAL)


@dataclass(frozen=True)
class Distribution:
    """What one share was paid for a record: gross, and after tax where that is known.

    `record` is the last second of those who are paid, `declared` when the amount was known, `due`
    when the terms want it paid and `paid` when all of it was there to be had.
    """

    record: int
    declared: int
    gross: Fraction
    currency: str
    kind: Kind = Kind.DIVIDEND
    net: Fraction | None = None
    due: int | None = None
    paid: int | None = None

    @property
    def is_income(self) -> bool:
        """Whether it is a yield: capital that is paid back is none."""
        return self.kind not in _CAPITAL

    @property
    def text(self) -> str:
        """For the inputs of a figure."""
        return (
            f"{exact(self.gross)} {self.currency} {self.kind.label}, record {moment(self.record)}"
        )


def payout_quality(distributions: Sequence[Distribution], *, as_of: int) -> Figure:
    """The part of the distributions due so far that was there on its day.

    Counted are those whose terms have a day; one that is late, or has not come, is none.
    """
    due = [one for one in distributions if one.due is not None and one.due <= as_of]
    kept = [one for one in due if one.paid is not None and one.due is not None]
    punctual = sum(one.paid <= one.due for one in kept if one.paid and one.due)
    inputs = {"due": str(len(due)), "on their day": str(punctual)}
    question = Question("payout quality", as_of, len(due), inputs, percent=True, places=2)
    if not due:
        return question.blank("no distribution was due by its terms")
    return question.answer(Fraction(punctual, len(due)))
