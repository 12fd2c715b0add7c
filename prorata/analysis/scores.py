# SPDX-License-Identifier: MIT
"""Scores: what a published method makes of the inputs that there are, and of those that lack.

A score is a comparison by a method that anybody can run again. It is no rating and no advice. It
leads with a span: every missing input at 0, and every one at 100. There is a single score only
where nothing is missing, so that hiding an input never lifts it (left out of the weights, two
hidden inputs had turned 62.5 into 93.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from prorata.analysis.figures import DAY, Figure, Question
from prorata.analysis.precision import rounded
from prorata.analysis.scorecards import Card, ScoreMethod, Supplier
from prorata.values.times import lasting, moment
from prorata.values.words import counted, listed

__all__ = ["LEAST_KNOWN", "Score", "Scored", "score", "weighted"]

LEAST_KNOWN = Fraction(60, 100)
"""Of the weight: with less of it known, not even the span says much, and this is said."""

_TENTH = Fraction(1, 10)


@dataclass(frozen=True)
class Scored:
    """A criterion: its weight, its points if the input counts, and why it does not."""

    name: str
    weight: int
    points: int | None
    value: str | None
    evidence: str | None
    dated: int | None
    supplied_by: Supplier | None
    missing: str | None


@dataclass(frozen=True)
class Score:
    """What a method says of an asset.

    `low` and `high` are the span. `value` is the score where nothing is missing. `least` and `most`
    are the ends of the span when one weight is a tenth smaller or larger, `moved_by` the criterion
    that moves one of them the most. `of_issuer` is the part of the weight that rests on evidence
    from the issuer.
    """

    asset: str
    method: str
    digest: str
    low: Figure
    high: Figure
    value: Figure
    known: Figure
    of_issuer: Figure
    least: Figure
    most: Figure
    moved_by: str
    criteria: tuple[Scored, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The criteria without an input that counts."""
        return tuple(one.name for one in self.criteria if one.missing is not None)


def weighted(points: Mapping[str, int], weights: Mapping[str, Fraction]) -> Fraction:
    """The mean of the points by weight: sum w p / sum w."""
    whole = sum(weights.values(), Fraction(0))
    return sum((weights[name] * points[name] for name in weights), Fraction(0)) / whole


def score(card: Card, method: ScoreMethod, values: Mapping[str, Fraction | str]) -> Score:
    """The score of a card, by the method whose digest is in it."""
    criteria = tuple(_scored(name, card, method, values) for name in method.criteria)
    weights = {one.name: Fraction(one.weight) for one in criteria}
    known = [one for one in criteria if one.missing is None]
    ends = [{one.name: _points(one, blank) for one in criteria} for blank in (0, 100)]
    low, high = (weighted(points, weights) for points in ends)
    asked = _Asked(card, method, len(known), len(criteria))
    least, most, moved_by = _sensitivity(ends, weights)
    return Score(
        asset=card.asset,
        method=f"{method.name}, version {method.version}",
        digest=method.digest,
        low=asked.figure("score with what is missing at 0").answer(low),
        high=asked.figure("score with what is missing at 100").answer(high),
        value=_single(asked.figure("score"), criteria, low),
        known=asked.part("weight that is known", known, criteria),
        of_issuer=asked.part(
            "weight on the issuer's evidence",
            [one for one in known if one.supplied_by is Supplier.ISSUER],
            criteria,
        ),
        least=asked.figure("lower end, one weight changed by 10%").answer(least),
        most=asked.figure("upper end, one weight changed by 10%").answer(most),
        moved_by=moved_by,
        criteria=criteria,
    )


@dataclass(frozen=True)
class _Asked:
    """What all figures of a score have in common."""

    card: Card
    method: ScoreMethod
    n: int
    count: int

    def figure(self, name: str, *, percent: bool = False) -> Question:
        inputs = {"method": self.method.digest, "inputs": f"{self.n} of {self.count}"}
        return Question(name, self.card.date, self.n, inputs, percent=percent, places=1)

    def part(self, name: str, some: Sequence[Scored], whole: Sequence[Scored]) -> Figure:
        """The part of all weight that some criteria have."""
        weight = sum(one.weight for one in some)
        question = self.figure(name, percent=True)
        return question.answer(Fraction(weight, sum(one.weight for one in whole)))


def _points(one: Scored, blank: int) -> int:
    return blank if one.points is None else one.points


def _single(question: Question, criteria: Sequence[Scored], low: Fraction) -> Figure:
    """The score, if no input is missing."""
    missing = [one.name for one in criteria if one.missing is not None]
    if not missing:
        return question.answer(low)
    whole = sum(one.weight for one in criteria)
    known = Fraction(sum(one.weight for one in criteria if one.missing is None), whole)
    lacks = f"{counted(len(missing), 'input')} missing: {listed(missing)}"
    if known < LEAST_KNOWN:
        part, least = rounded(known * 100, 0), rounded(LEAST_KNOWN * 100, 0)
        return question.blank(f"not enough data: {part}% of {least}% of the weight; {lacks}")
    return question.blank(lacks)


def _scored(
    name: str, card: Card, method: ScoreMethod, values: Mapping[str, Fraction | str]
) -> Scored:
    """A criterion with its input, if there is one that counts."""
    criterion, given = method.criteria[name], card.inputs.get(name)
    if given is None:
        return Scored(name, criterion.weight, None, None, None, None, None, "not given")
    missing = None
    if given.date > card.date:
        missing = f"of {moment(given.date)}, after the card's date"
    elif card.date - given.date > criterion.most_days * DAY:
        age = lasting(card.date - given.date)
        missing = f"{age} old, and {counted(criterion.most_days, 'day')} is the most"
    points = None if missing else criterion.points(values[name])
    said, whom = str(given.value), given.supplied_by
    return Scored(name, criterion.weight, points, said, given.evidence, given.date, whom, missing)


def _sensitivity(
    ends: Sequence[Mapping[str, int]], weights: Mapping[str, Fraction]
) -> tuple[Fraction, Fraction, str]:
    """The lowest lower end and the highest upper one when one weight changes by a tenth.

    The third is the criterion whose weight moves an end the most.
    """
    low, high = (weighted(points, weights) for points in ends)
    least, most, furthest, moved_by = low, high, Fraction(-1), ""
    for name in weights:
        for factor in (1 - _TENTH, 1 + _TENTH):
            changed = {**weights, name: weights[name] * factor}
            lower, upper = (weighted(points, changed) for points in ends)
            least, most = min(least, lower), max(most, upper)
            if (moved := max(abs(lower - low), abs(upper - high))) > furthest:
                furthest, moved_by = moved, name
    return least, most, moved_by
