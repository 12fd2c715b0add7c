# SPDX-License-Identifier: MIT
"""Retirements: shares that are burnt for nothing, for a beneficiary and with a reason.

The issuer opens one exchange for it, once and without an end. What a holder says goes into the
exchange's note, as JSON that anybody can read, and so into the chain's own event.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from prorata.contracts.share_exchange import NOTE_LIMIT, Exchange, ExchangeTerms
from prorata.errors import InputError
from prorata.market.exchanges.terms import Opening
from prorata.market.exchanges.words import kind_of
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import strange_character

__all__ = ["RetirementNote", "is_retirement", "retirement_opening"]

LONGEST = 500
"""Characters of a beneficiary, or of a reason."""


@dataclass(frozen=True)
class RetirementNote:
    """For whom shares are retired, and why."""

    beneficiary: str
    reason: str

    @classmethod
    def of(cls, beneficiary: str, reason: str) -> RetirementNote:
        """From what a person writes.

        Raises: InputError when either says nothing, too much, or could mislead a reader.
        """
        return cls(_checked("beneficiary", beneficiary), _checked("reason", reason))

    @classmethod
    def read(cls, note: bytes) -> RetirementNote | None:
        """What a note says; None for one that says something else."""
        try:
            said = json.loads(note.decode())
            return cls.of(said["beneficiary"], said["reason"])
        except (ValueError, TypeError, KeyError, AttributeError, InputError):
            return None

    @property
    def note(self) -> bytes:
        """As the chain has it."""
        said = {"beneficiary": self.beneficiary, "reason": self.reason}
        note = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        if len(note) > NOTE_LIMIT:
            rule = f"makes a note of {len(note):,} bytes, and the contract takes {NOTE_LIMIT:,}"
            raise InputError.of("reason", f"{self.reason[:40]}…", rule, "shorten it")
        return note


def is_retirement(exchange: Exchange) -> bool:
    """Whether its holders give shares for nothing, which are burnt."""
    return kind_of(exchange.terms) == "retirement"


def retirement_opening(token: str, document_hash: bytes = bytes(32)) -> Opening:
    """The terms of an exchange in which shares of a token are retired."""
    return Opening(ExchangeTerms(token, 1, True, ZERO_ADDRESS, document_hash=document_hash))


def _checked(column: str, text: str) -> str:
    said = " ".join(str(text).split())
    if not 2 <= len(said) <= LONGEST:
        rule = f"is not 2 to {LONGEST} characters long"
        raise InputError.of(column, text, rule, "say it for those who read it in years")
    if (strange := strange_character(said, printable=True)) is not None:
        raise InputError.of(column, text, *strange)
    return said
