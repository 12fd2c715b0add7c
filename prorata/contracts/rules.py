# SPDX-License-Identifier: MIT
"""The rules of transfers (`TransferRules`), and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.contracts.base import BoundContract
from prorata.values.kinds import Numbered

__all__ = ["Code", "Explanation", "Refusal", "TransferRules"]


class Code(Numbered):
    """Why a transfer is refused: `ITransferRules.Code`."""

    NONE = 0
    PAUSED = 1
    SENDER_BLOCKED = 2
    RECEIVER_BLOCKED = 3
    AMOUNT_FROZEN = 4
    NOT_ELIGIBLE = 5
    COUNTRY = 6
    CLASS = 7
    WINDOW_CLOSED = 8
    MAX_HOLDERS = 9
    MAX_HOLDERS_IN_COUNTRY = 10
    MAX_HOLDERS_OF_CLASS = 11
    MAX_HOLDERS_OF_CLASS_IN_COUNTRY = 12
    MAX_HOLDING = 13
    MIN_HOLDING_GIVER = 14
    MIN_HOLDING_TAKER = 15
    LOCKED_UP = 16
    SUPPLY_CAP = 17
    RULES_FAILED = 18


@dataclass(frozen=True)
class Refusal:
    """A rule that a transfer breaks: what it would lead to, or what is known, and the limit."""

    code: Code
    value: int
    limit: int


@dataclass(frozen=True)
class Explanation:
    """Every rule that a transfer breaks, and the most that would pass now in smallest units."""

    refusals: tuple[Refusal, ...]
    most: int

    @classmethod
    def of(cls, answer: tuple[Sequence[Mapping[str, Any]], int]) -> Explanation:
        """From what `explain` returns."""
        structs, most = answer
        refusals = (Refusal(Code(s["code"]), s["value"], s["limit"]) for s in structs)
        return cls(tuple(refusals), most)


class TransferRules(BoundContract):
    """Which transfers of a token are allowed. Its settings are part of its code."""

    CONTRACT = "TransferRules"

    def registry(self) -> str:
        """The registry that these rules read."""
        return str(self._view("registry"))

    def counts_in(self) -> str:
        """The registry in which these rules keep the count of persons; zero if they count none."""
        return str(self._view("countsIn"))

    def explain(self, token: str, sender: str, receiver: str, amount: int) -> Explanation:
        """All rules that a transfer would break; the token adds its own refusals to these."""
        return Explanation.of(self._view("explain", token, sender, receiver, amount))
