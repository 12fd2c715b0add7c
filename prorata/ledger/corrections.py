# SPDX-License-Identifier: MIT
"""Corrections: over-withheld tax that was repaid to a holder after its income had been paid.

The vault sends what it withheld to the collector only, so that a repayment comes from an account of
the collector or the issuer, and no event of ours tells of it. Each is therefore noted in the
deployment's journal, sealed like everything there, with when it is booked, what it concerns (year,
distribution, holder), who paid, the procedure and its window, and the transaction, which the audit
asks for.

A correction never changes what the vault's events say: it stands beside the distribution, in the
books and statements of the year in which it was booked, and marks those of the year it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from prorata.errors import JournalError

__all__ = ["NOTED", "Correction", "corrections_in"]

NOTED = "tax-repaid"
"""What the journal calls a note of a correction."""


@dataclass(frozen=True)
class Correction:
    """One repayment; amounts in the currency's smallest unit, times Unix seconds.

    `withheld` is what the vault had withheld, `due` what should have been; `by` says whether the
    `payer` is the collector or the issuer. `document` is the hash of what it rests on.
    """

    booked_at: int
    year: int
    distribution_id: int
    holder: str
    currency: str
    amount: int
    withheld: int
    due: int
    payer: str
    by: str
    payee: str
    procedure: str
    window_until: int
    document: str
    transaction: str

    def facts(self) -> dict[str, Any]:
        """For the journal: amounts as text, as JSON's numbers are not exact everywhere."""
        amounts = {name: str(getattr(self, name)) for name in ("amount", "withheld", "due")}
        return {"what": NOTED, **asdict(self), **amounts}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Correction:
        """From the journal.

        Raises: JournalError for a note that is none.
        """
        try:
            known = {field.name: facts[field.name] for field in fields(cls)}
            amounts = {name: int(known[name]) for name in ("amount", "withheld", "due")}
            return cls(**{**known, **amounts})
        except (KeyError, TypeError, ValueError):
            raise JournalError(
                "the journal has a note of a correction that is incomplete",
                "use the version of prorata that wrote it",
            ) from None


def corrections_in(notes: Iterable[Mapping[str, Any]]) -> list[Correction]:
    """The corrections among the notes of a journal, in order.

    Raises: JournalError.
    """
    return [Correction.of(note) for note in notes if note.get("what") == NOTED]
