# SPDX-License-Identifier: MIT
"""What a rule says of NAV, and of the premium of price to NAV, by the marks of the office.

What marks say from the rule's beginning on is gone through anew each time, by their times and ids:
so it is no matter when somebody looks. A mark may be written long after its time, and another one
may take its place; then what was told once of a time beyond the limit is not told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prorata.alerts.facts import Moment
from prorata.alerts.outbox import NO_HASH, Finding, Outbox
from prorata.alerts.rules import ThresholdRule, digest_of_rule
from prorata.analysis.liquidity import premium
from prorata.analysis.marks import Mark, MarkKind
from prorata.analysis.precision import rounded
from prorata.values.amounts import Unit

__all__ = ["Marks", "mark_threshold"]

Marks = Callable[[str], Sequence[Mark]]
"""The marks of an asset of which none was superseded."""

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class _Point:
    """What a value is from a time on, and what is told of it; None while it is not known."""

    time: int
    value: Fraction | None
    told: Mapping[str, Any]


@dataclass
class _Episode:
    """A time beyond the limit that lasted long enough; `until` it was clear."""

    begun: _Point
    until: int | None = None

    def has(self, second: int) -> bool:
        """Whether a second is in it."""
        return self.begun.time <= second and (self.until is None or second < self.until)


def mark_threshold(
    outbox: Outbox, rule: ThresholdRule, token: str, at: Moment, marks: Sequence[Mark]
) -> Iterator[Finding]:
    """Each episode once: its time is the mark's at which it began, and `for` after it."""
    told = [time - rule.lasting for time in outbox.times(digest_of_rule(rule), token)]
    known = sorted((m for m in marks if m.time <= at.time), key=lambda m: (m.time, m.id))
    points = (_navs if rule.value == "nav" else _premiums)(rule, known, at)
    for episode in _episodes(rule, points, at.time):
        begun = episode.begun
        if not any(map(episode.has, told)):
            said = {"value": rule.value, "since": begun.time, **begun.told}
            due, subject = begun.time + rule.lasting, f"since:{begun.time}"
            yield Finding(rule, token, at.block, NO_HASH, due, subject, said)


def _episodes(rule: ThresholdRule, points: Sequence[_Point], until: int) -> list[_Episode]:
    found: list[_Episode] = []
    begun: _Point | None = None
    told = False
    for point in (*points, None):
        now = until if point is None else point.time
        if begun and not told and now >= begun.time + rule.lasting:
            found.append(_Episode(begun))
            told = True
        if point is None or (point.value is None and told):
            continue
        if told and point.value is not None and rule.cleared(point.value):
            found[-1].until, begun, told = now, None, False
        if not told:
            beyond = point.value is not None and rule.over.holds(point.value)
            begun = (begun or point) if beyond else None
            if begun and not rule.lasting:
                found.append(_Episode(begun))
                told = True
    return found


def _navs(rule: ThresholdRule, marks: Sequence[Mark], at: Moment) -> list[_Point]:
    """The NAV that holds when the rule begins, and each one after it: of one second the last."""
    found: dict[int, _Point] = {}
    for mark in marks:
        if mark.kind is MarkKind.NAV and mark.currency == rule.currency:
            time = max(mark.time, at.begun_at)
            told = {"was": _amount(mark), "mark": mark.id}
            found[time] = _Point(time, mark.value, told)
    return list(found.values())


def _premiums(rule: ThresholdRule, marks: Sequence[Mark], at: Moment) -> list[_Point]:
    """At the rule's beginning, at each mark after it, and when one becomes too old."""
    oldest = rule.older_than or 0
    ends = {mark.time + oldest + 1 for mark in marks}
    times = {mark.time for mark in marks} | ends | {at.begun_at}
    price: Mark | None = None
    navs: dict[tuple[str, Any], Mark] = {}
    points, left = [], list(reversed(marks))
    for time in sorted(second for second in times if at.begun_at <= second <= at.time):
        while left and left[-1].time <= time:
            mark = left.pop()
            if mark.kind is MarkKind.NAV:
                navs[mark.currency, mark.basis] = mark
            elif mark.kind is MarkKind.PRICE:
                price = mark
        nav = None if price is None else navs.get((price.currency, price.basis))
        points.append(_premium(time, price, nav, oldest))
    return points


def _premium(time: int, price: Mark | None, nav: Mark | None, oldest: int) -> _Point:
    if price is None or nav is None:
        return _Point(time, None, {})
    figure = premium([price], [nav], as_of=time, oldest_price=oldest, oldest_nav=oldest)
    if figure.value is None:
        return _Point(time, None, {})
    value = figure.value * BASIS_POINTS
    told = {
        "was": f"{rounded(value, 2)} basis points",
        "price": _amount(price),
        "nav": _amount(nav),
        "marks": [price.id, nav.id],
    }
    return _Point(time, value, told)


def _amount(mark: Mark) -> dict[str, Any]:
    return Unit(mark.currency, mark.decimals).amount(mark.amount).as_json()
