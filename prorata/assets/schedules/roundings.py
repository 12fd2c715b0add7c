# SPDX-License-Identifier: MIT
"""Named roundings: of what an amount is rounded, and in which direction.

Terms say both, because both move money: 4.125 % on 1,000 units of 1,000.00 for a half year of 181
days is rounded a thousand times, or once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from prorata.errors import InputError

__all__ = ["Basis", "Direction", "Rounding", "round_to"]


class Basis(str, Enum):
    """Of what an amount is rounded."""

    PER_UNIT = "per_unit"
    """Of one unit: what is declared is that, times the units that are eligible at the record."""
    AGGREGATE = "aggregate"
    """Of all units together: the vault divides it exactly."""


class Direction(str, Enum):
    """Where an amount goes that is no whole number of smallest units."""

    HALF_UP = "half up"
    """The nearest; from the middle away from zero, as money is rounded."""
    HALF_EVEN = "half even"
    """The nearest; from the middle to the even one."""
    DOWN = "down"
    """Towards zero."""
    UP = "up"
    """Away from zero."""


def round_to(value: Fraction, direction: Direction) -> int:
    """The whole number that a direction makes of a value."""
    if direction is Direction.HALF_EVEN:
        return round(value)
    size, sign = abs(value), -1 if value < 0 else 1
    whole, part = divmod(size.numerator, size.denominator)
    up = {
        Direction.HALF_UP: 2 * part >= size.denominator,
        Direction.UP: part > 0,
        Direction.DOWN: False,
    }[direction]
    return sign * (whole + up)


@dataclass(frozen=True)
class Rounding:
    """How the amounts of a notional are rounded, in smallest units.

    With a `calculation_amount` interest is computed and rounded for so much of the notional, and
    multiplied, as bonds say it: "per Calculation Amount".
    """

    rounds: Basis = Basis.PER_UNIT
    direction: Direction = Direction.HALF_UP
    calculation_amount: int | None = None

    def interest(self, outstanding: int, notional: int, per_unit_of_money: Fraction) -> int:
        """What is due on `outstanding` of a notional, at so much for each unit of money.

        Raises: InputError when the calculation amount is no part of the notional.
        """
        part = self.calculation_amount
        if part is None:
            return round_to(outstanding * per_unit_of_money, self.direction)
        if part <= 0 or notional % part:
            rule = f"does not divide the notional, {notional}"
            raise InputError.of("calculation_amount", part, rule, "give one that does")
        once = round_to(Fraction(part * outstanding, notional) * per_unit_of_money, self.direction)
        return once * (notional // part)
