# SPDX-License-Identifier: MIT
"""All rates at which dated amounts are worth nothing, found one by one and proved to be all.

The present value is f(u) = sum c_i e^(-t_i u), where t_i are days and u is a rate of a day. Divided
by its first exponential and differentiated it loses a term, and between two roots of it lies one of
that derivative (Rolle). So the roots of the shorter sum cut the line into pieces in each of which f
has one root or none, and Brent's method finds it (Brent, "Algorithms for Minimization without
Derivatives", 1973, chapter 4). A sum whose coefficients change sign once has exactly one root.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

__all__ = ["Terms", "brent", "roots_of", "value_at"]

Terms: TypeAlias = Sequence[tuple[int, Decimal]]
"""Days, which rise, and amounts, none of them 0."""

Point: TypeAlias = tuple[Decimal, Decimal]
"""A rate, and the sum at it."""

_NOTHING = Decimal("1e-45")
"""A sum so small beside its parts is 0: a root that f touches without crossing."""

_CLOSE = Decimal("1e-66")
_MOST_STEPS = 1_000


def value_at(terms: Terms, u: Decimal) -> Decimal:
    """The sum at a rate."""
    step = (-u).exp()
    return sum((amount * step**days for days, amount in terms), Decimal(0))


def roots_of(terms: Terms) -> list[Decimal]:
    """Every root, rising, to the precision in force."""
    changes = sum((a < 0) != (b < 0) for (_, a), (_, b) in pairwise(terms))
    if changes == 0:
        return []
    first = terms[0][0]
    terms = [(days - first, amount) for days, amount in terms]
    low, high = _bounds(terms)
    if changes == 1:
        return [brent(lambda u: value_at(terms, u), low, high)]
    slope = [(days, -days * amount) for days, amount in terms[1:]]
    turns = [u for u in roots_of(slope) if low < u < high]
    return _between(terms, [low, *turns, high])


def _between(terms: Terms, cuts: Sequence[Decimal]) -> list[Decimal]:
    """The roots at and between the cuts, beyond which the sum neither turns nor is 0."""
    values = [value_at(terms, u) for u in cuts]
    touched = [
        abs(value) <= _NOTHING * value_at([(d, abs(c)) for d, c in terms], u)
        for u, value in zip(cuts, values, strict=True)
    ]
    found = [u for u, zero in zip(cuts, touched, strict=True) if zero]
    for place, (low, high) in enumerate(pairwise(cuts)):
        crossed = (values[place] < 0) != (values[place + 1] < 0)
        if crossed and not touched[place] and not touched[place + 1]:
            found.append(brent(lambda u: value_at(terms, u), low, high))
    return sorted(found)


def _bounds(terms: Terms) -> tuple[Decimal, Decimal]:
    """Rates below which the last term outweighs all others, and above which the first does."""
    sizes = [abs(amount) for _, amount in terms]
    early, late = terms[1][0] - terms[0][0], terms[-1][0] - terms[-2][0]
    above = max(Decimal(0), (sum(sizes[1:]) / sizes[0]).ln()) + 1
    below = max(Decimal(0), (sum(sizes[:-1]) / sizes[-1]).ln()) + 1
    return -below / late, above / early


def brent(f: Callable[[Decimal], Decimal], low: Decimal, high: Decimal) -> Decimal:
    """The root between two points at which the signs of `f` differ, as Brent's zero finds it.

    Raises: ValueError when they do not; ArithmeticError when it takes too long.
    """
    a, b, at_a, at_b = low, high, f(low), f(high)
    if (at_a < 0) == (at_b < 0) and at_a and at_b:
        raise ValueError(f"no change of sign between {low} and {high}")
    c, at_c, step, last = a, at_a, b - a, b - a
    for _ in range(_MOST_STEPS):
        if abs(at_c) < abs(at_b):
            a, b, c, at_a, at_b, at_c = b, c, b, at_b, at_c, at_b
        tolerance = _CLOSE * max(abs(b), _CLOSE)
        half = (c - b) / 2
        if abs(half) <= tolerance or at_b == 0:
            return b
        if abs(last) < tolerance or abs(at_a) <= abs(at_b):
            step = last = half
        else:
            p, q = _guess((a, at_a), (b, at_b), (c, at_c), half)
            if 2 * p < min(3 * half * q - abs(tolerance * q), abs(last * q)):
                last, step = step, p / q
            else:
                step = last = half
        a, at_a = b, at_b
        b += step if abs(step) > tolerance else tolerance.copy_sign(half)
        at_b = f(b)
        if (at_b < 0) == (at_c < 0):
            c, at_c, step, last = a, at_a, b - a, b - a
    raise ArithmeticError(f"no root between {low} and {high} after {_MOST_STEPS} steps")


def _guess(a: Point, b: Point, c: Point, half: Decimal) -> tuple[Decimal, Decimal]:
    """A step as numerator, not negative, and denominator: by a secant or an inverse parabola."""
    s = b[1] / a[1]
    if a[0] == c[0]:
        p, q = 2 * half * s, 1 - s
    else:
        q, r = a[1] / c[1], b[1] / c[1]
        p = s * (2 * half * q * (q - r) - (b[0] - a[0]) * (r - 1))
        q = (q - 1) * (r - 1) * (s - 1)
    return (p, -q) if p > 0 else (-p, q)
