# SPDX-License-Identifier: MIT
"""Splits: what was said of a share before one, said of a share after it.

A split, or a dividend in the asset's own shares, gives every holder of a record new shares, and
each is worth less. Without this it looks like a loss. Marks, income, movements and supply are
restated in the shares that there are now; what they say of value stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, prod

from prorata.analysis.distributions import Distribution
from prorata.analysis.liquidity import Cause, Movement, Supply
from prorata.analysis.marks import Mark

__all__ = [
    "Split",
    "ratio_of",
    "restated_distributions",
    "restated_marks",
    "restated_movements",
    "restated_supply",
]


@dataclass(frozen=True)
class Split:
    """One share of the end of second `record` became `factor` shares, declared later."""

    record: int
    declared: int
    factor: Fraction


def ratio_of(held: Mapping[str, int], given: Mapping[str, int]) -> Fraction:
    """The simplest ratio of new units to old ones by which each got what it did, rounded down.

    Nobody held nothing.
    """
    low = max(Fraction(given.get(who, 0), units) for who, units in held.items())
    high = min(Fraction(given.get(who, 0) + 1, units) for who, units in held.items())
    return _simplest(low, high, low_in=True, high_in=False)


def _simplest(low: Fraction, high: Fraction, *, low_in: bool, high_in: bool) -> Fraction:
    """The fraction between two with the smallest denominator, by their continued fractions."""
    whole = ceil(low) if low_in else floor(low) + 1
    if whole < high or (high_in and whole == high):
        return Fraction(whole)
    base = floor(low)
    if low == base:
        # Above `base` itself, and as near to it as it takes.
        parts = 1 / (high - base)
        return base + Fraction(1, ceil(parts) if high_in else floor(parts) + 1)
    inner = _simplest(1 / (high - base), 1 / (low - base), low_in=high_in, high_in=low_in)
    return base + 1 / inner


def _shares_now(splits: Iterable[Split], time: int) -> Fraction:
    """What one share of a second became: the record's own second is before its split."""
    return prod((one.factor for one in splits if one.record >= time), start=Fraction(1))


def restated_marks(marks: Sequence[Mark], splits: Sequence[Split]) -> list[Mark]:
    """Marks of one share of now.

    A mark from after a record until its split was declared may be of old shares or of new ones:
    it is left out.
    """
    known = [m for m in marks if not any(s.record < m.time <= s.declared for s in splits)]
    return [replace(m, per=m.per / _shares_now(splits, m.time)) for m in known]


def restated_distributions(
    distributions: Sequence[Distribution], splits: Sequence[Split]
) -> list[Distribution]:
    """Income of one share of now."""
    found = []
    for one in distributions:
        shares = _shares_now(splits, one.record)
        net = None if one.net is None else one.net / shares
        found.append(replace(one, gross=one.gross / shares, net=net))
    return found


def restated_movements(movements: Sequence[Movement], splits: Sequence[Split]) -> list[Movement]:
    """Movements in shares of now, without those by which the new ones were handed out."""
    found = []
    for one in movements:
        shares = _shares_now(splits, one.time)
        price = None if one.price is None else one.price / shares
        if one.cause is not Cause.SPLIT:
            found.append(replace(one, shares=_whole(one.shares * shares), price=price))
    return found


def restated_supply(supply: Sequence[Supply], splits: Sequence[Split]) -> list[Supply]:
    """The supply in shares of now: while new shares are made it is what there was."""
    return [
        Supply(one.since, _whole(one.shares * _shares_now(splits, one.since)))
        for one in supply
        if not any(split.record < one.since < split.declared for split in splits)
    ]


def _whole(shares: Fraction | int) -> Fraction | int:
    """A whole number, where it is one."""
    return shares.numerator if shares.denominator == 1 else shares
