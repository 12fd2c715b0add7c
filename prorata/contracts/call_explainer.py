# SPDX-License-Identifier: MIT
"""What stands in the way of an order in a call (`CallExplainer`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.contracts.base import BoundContract
from prorata.contracts.call_terms import CallTerms, Wanted
from prorata.contracts.rules import Code, Refusal
from prorata.values.kinds import Numbered

__all__ = ["CallExplainer", "CallObstacle", "CallObstacleCode", "PlaceExplanation"]


class CallObstacleCode(Numbered):
    """Why an order cannot be placed: `ICallExplainer.Code`."""

    NOT_OPEN = 0
    WRONG_SIDE = 1
    UNKNOWN_STEP = 2
    UNKNOWN_LADDER = 3
    TOO_SMALL = 4
    TOO_LARGE = 5
    UNKNOWN_PERSON = 6
    PRINCIPALS_PERSON = 7
    OVER_LIMIT = 8
    BALANCE = 9
    ALLOWANCE = 10
    NOT_KEPT = 11
    UNDELIVERABLE = 12


@dataclass(frozen=True)
class CallObstacle:
    """One obstacle to an order: what is given or asked, in the unit of the code, and the limit."""

    code: CallObstacleCode
    value: int
    limit: int


@dataclass(frozen=True)
class PlaceExplanation:
    """What stands in the way of an order; `most` is the largest that would pass."""

    obstacles: tuple[CallObstacle, ...]
    refusals: tuple[Refusal, ...]
    most: int

    @classmethod
    def of(
        cls, answer: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]], int]
    ) -> PlaceExplanation:
        """From what `explain` returns."""
        obstacles, refusals, most = answer
        return cls(
            tuple(
                CallObstacle(CallObstacleCode(one["code"]), one["value"], one["limit"])
                for one in obstacles
            ),
            tuple(Refusal(Code(one["code"]), one["value"], one["limit"]) for one in refusals),
            most,
        )


class CallExplainer(BoundContract):
    """Says what would make the placing of an order fail. It only reads."""

    CONTRACT = "CallExplainer"

    def call_auction(self) -> str:
        """The contract whose calls are explained."""
        return str(self._view("callAuction"))

    def explain(self, terms: CallTerms, owner: str, wanted: Wanted) -> PlaceExplanation:
        """Everything that stands in the way of an order now, and the largest that would pass."""
        asked = (terms.encodable(), owner, *wanted.encodable())
        return PlaceExplanation.of(self._view("explain", *asked))
