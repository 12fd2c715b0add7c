# SPDX-License-Identifier: MIT
"""Roundings by name: how an exact amount becomes whole units.

Amounts are integers and ratios are fractions; where the two meet, the terms of whatever is paid
name one of these. What is rounded here is never negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction

from prorata.errors import InputError

__all__ = ["Rounding", "divided", "parse_rounding", "rounded", "shared_out"]


class Rounding(str, Enum):
    """How the part of a unit is rounded, by the name that terms files use."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half-up"
    """To the nearest unit, and a half up: the commercial one."""
    HALF_EVEN = "half-even"
    """To the nearest unit, and a half to the even one."""


def parse_rounding(text: object, column: str = "rounding") -> Rounding:
    """The rounding that `text` names.

    Raises: InputError for another name.
    """
    try:
        return Rounding(text)
    except ValueError:
        names = ", ".join(one.value for one in Rounding)
        raise InputError.of(column, text, "is no rounding", f"write one of {names}") from None


def divided(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator / denominator` in whole units; both of them are 0 or more, and no zero below."""
    if rounding is Rounding.HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator)
    if rounding is Rounding.DOWN:
        return numerator // denominator
    if rounding is Rounding.UP:
        return -(-numerator // denominator)
    return round(Fraction(numerator, denominator))


def rounded(value: Fraction, rounding: Rounding) -> int:
    """An exact value of 0 or more in whole units."""
    return divided(value.numerator, value.denominator, rounding)


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` in parts as the weights are to each other, which add up to it exactly.

    The i-th part is floor(amount * C_i / T) - floor(amount * C_(i-1) / T), where C runs through the
    sums of the weights and T is the sum of all: each part is its exact share rounded down or up. Of
    an amount of at most T, none is more than its weight. If all weights are 0, so are the parts.
    """
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    parts, running, given = [], 0, 0
    for weight in weights:
        running += weight
        reached = amount * running // total
        parts.append(reached - given)
        given = reached
    return parts
