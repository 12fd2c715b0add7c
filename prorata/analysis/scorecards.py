# SPDX-License-Identifier: MIT
"""Scorecards as people write them: a method with weights and thresholds, and a card of inputs.

The method is one file, published once; its digest covers all that it says, whatever its comments
and order. A card names the method's file and gives, for each criterion that can be given, a value,
the evidence for it, its date, and who supplied it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from prorata.analysis.fields import Days, Digest, Line, Name, Number, Strict, Time, parse_number
from prorata.assets.schedules.values import named
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.words import listed

__all__ = ["Card", "Criterion", "Given", "ScoreMethod", "Step", "Supplier", "read_card"]

CARD, METHOD = "examples/analytics/score.yaml", "examples/analytics/score-method.yaml"

Points = Annotated[int, Field(ge=0, le=100, strict=True)]
Weight = Annotated[int, Field(ge=1, le=10_000, strict=True)]


class Supplier(str, Enum):
    """Who supplied the evidence: the issuer's own is marked wherever it counts."""

    ISSUER = "issuer"
    AUDITOR = "auditor"
    APPRAISER = "appraiser"
    CUSTODIAN = "custodian"
    CHAIN = "chain"
    PUBLIC = "public record"


class Step(Strict):
    """So many points where the value is at least, or at most, a threshold."""

    at_least: Number | None = None
    at_most: Number | None = None
    points: Points

    @model_validator(mode="after")
    def _one_threshold(self) -> Step:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("has no threshold, or two; write at_least or at_most")
        return self

    def is_met(self, value: Fraction) -> bool:
        """Whether the value is on the right side."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most


class Criterion(Strict):
    """One question: its weight, how old an answer may be, and the points of each answer.

    Of `thresholds` the first that is met counts, and without one there are no points; or `answers`
    has the points of each word.
    """

    question: Line
    weight: Weight
    most_days: Days
    thresholds: tuple[Step, ...] = ()
    answers: Mapping[Name, Points] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_scale(self) -> Criterion:
        if bool(self.thresholds) == bool(self.answers):
            raise ValueError("has no scale, or two; write thresholds or answers")
        least = [step.at_least for step in self.thresholds if step.at_least is not None]
        most = [step.at_most for step in self.thresholds if step.at_most is not None]
        if least and most:
            raise ValueError("has thresholds of both kinds; write at_least or at_most only")
        falls = all(a > b for a, b in pairwise(least))
        rises = all(a < b for a, b in pairwise(most))
        if not (falls and rises):
            remedy = "order at_least from the largest, at_most from the smallest"
            raise ValueError(f"has a threshold that is never reached; {remedy}")
        return self

    def points(self, value: Fraction | str) -> int:
        """The points of an answer, which the scale has."""
        if isinstance(value, str):
            return self.answers[value]
        return next((step.points for step in self.thresholds if step.is_met(value)), 0)


class ScoreMethod(Strict):
    """A method: which questions count how much."""

    name: Line
    version: Name
    criteria: Mapping[Name, Criterion] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the method says, as JSON with sorted names."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


class Given(Strict):
    """An input: its value, the evidence, the time for which it holds, and who supplied it."""

    value: Any
    evidence: Line
    date: Time
    supplied_by: Annotated[Supplier, named(Supplier)]
    document: Digest | None = None


class Card(Strict):
    """The inputs of one asset at a time, for one method."""

    asset: Line
    date: Time
    method: Line
    inputs: Mapping[Name, Given] = Field(default_factory=dict)


def read_card(path: Path) -> tuple[Card, ScoreMethod, Mapping[str, Fraction | str]]:
    """A card, the method that it names, beside it, and what each input says.

    Raises: InputError for every fault in either file.
    """
    card = validated(Card, read_yaml(path, "card", CARD), CARD, str(path))
    beside = path.parent / card.method
    method = validated(ScoreMethod, read_yaml(beside, "method", METHOD), METHOD, str(beside))
    for name in card.inputs:
        if name not in method.criteria:
            rule = f"is no criterion of {method.name}"
            remedy = f"give {listed(list(method.criteria))}"
            raise InputError.of("inputs", name, rule, remedy)
    values = {name: _value(name, method.criteria[name], one) for name, one in card.inputs.items()}
    return card, method, values


def _value(name: str, criterion: Criterion, given: Given) -> Fraction | str:
    """What an input says, in the form of its scale."""
    column = f"inputs.{name}.value"
    if not criterion.answers:
        return parse_number(given.value, column)
    if not isinstance(given.value, str) or given.value not in criterion.answers:
        rule = "is no answer of the method"
        words = " or ".join(f'"{word}"' for word in criterion.answers)
        raise InputError.of(column, given.value, rule, f"write {words}, in quotes")
    return given.value
