# SPDX-License-Identifier: MIT
"""How principal comes back: at the end, in equal parts, by instalments, or as a list says.

Each plan says what a period pays of what is outstanding, in smallest units. The last period always
pays what is left, so that all principal adds up to the notional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Protocol

from prorata.assets.schedules.roundings import Direction, round_to
from prorata.errors import InputError

__all__ = [
    "Annuity",
    "Bullet",
    "EqualParts",
    "Instalments",
    "Listed",
    "Paying",
    "Principal",
    "annuity",
]


@dataclass(frozen=True)
class Paying:
    """A period about to pay: its number from 0, what is outstanding, the interest that it pays.

    `growths` are 1 + rate * year fraction of this and all later paying periods, at today's rate;
    `fixed` is the instalment that was fixed before, None at first and when the rate has changed.
    """

    index: int
    due: date
    outstanding: int
    notional: int
    interest: int
    growths: Sequence[Fraction]
    fixed: int | None
    direction: Direction


class Principal(Protocol):
    """A plan of principal."""

    def of(self, now: Paying) -> tuple[int, int | None]:
        """What is paid, and the instalment that is fixed from here on, if any."""

    def check(self, dues: Sequence[date]) -> None:
        """Raises: InputError when the plan does not fit the dates on which periods end."""


@dataclass(frozen=True)
class _Simple:
    def check(self, dues: Sequence[date]) -> None:
        """Any dates will do."""


@dataclass(frozen=True)
class Bullet(_Simple):
    """All at the end: a bond, and a zero coupon with a rate of zero."""

    def of(self, _now: Paying) -> tuple[int, int | None]:
        """Nothing before the end."""
        return 0, None


@dataclass(frozen=True)
class EqualParts(_Simple):
    """The same principal in each of so many periods (linear amortisation).

    With an `amount` it is that, until nothing is left or the end has come.
    """

    periods: int
    amount: int | None = None

    def of(self, now: Paying) -> tuple[int, int | None]:
        """A part, or what is left if that is less."""
        part = self.amount
        if part is None:
            part = round_to(Fraction(now.notional, self.periods), now.direction)
        return min(part, now.outstanding), None


@dataclass(frozen=True)
class Annuity(_Simple):
    """Equal payments of interest and principal, fixed anew whenever the rate changes."""

    def of(self, now: Paying) -> tuple[int, int | None]:
        """The payment, less its interest."""
        payment = now.fixed
        if payment is None:
            payment = round_to(annuity(now.outstanding, now.growths), now.direction)
        return min(payment - now.interest, now.outstanding), payment


@dataclass(frozen=True)
class Instalments(_Simple):
    """Payments of a given size: what does not cover the interest is added to what is owed.

    `most` is the most that may be owed, as a part of the notional, as negatively amortising loans
    have it; a payment that would exceed it is refused.
    """

    payment: int
    most: Fraction | None = None

    def of(self, now: Paying) -> tuple[int, int | None]:
        """The payment less its interest, which may be negative.

        Raises: InputError when more would be owed than the terms allow.
        """
        paid = min(self.payment - now.interest, now.outstanding)
        if self.most is not None and now.outstanding - paid > self.most * now.notional:
            rule = f"leaves {now.outstanding - paid} owed at {now.due}, over the limit of the terms"
            raise InputError.of("instalment", self.payment, rule, "give a larger instalment")
        return paid, None


@dataclass(frozen=True)
class Listed:
    """A sinking fund: so much principal at the end of the periods that fall due on given dates."""

    amounts: Mapping[date, int]

    def of(self, now: Paying) -> tuple[int, int | None]:
        """What the list says, if anything, and at most what is left."""
        return min(self.amounts.get(now.due, 0), now.outstanding), None

    def check(self, dues: Sequence[date]) -> None:
        """Raises: InputError for a date on which no period ends."""
        for day in self.amounts:
            if day not in dues:
                rule = "is no date on which a period ends"
                raise InputError.of("sinking", day, rule, "give one that is")


def annuity(owed: int, growths: Sequence[Fraction]) -> Fraction:
    """The equal payment that pays `owed` back over periods that grow by 1 + r·Y each.

    owed · Π / (1 + the products of the last 1, 2, … m - 1 of them), Π being all of them. All over
    one denominator, which cancels out: reducing fractions would take ten times as long.
    """
    product, total = 1, 0
    for growth in reversed(growths):
        total = (total + product) * growth.denominator
        product *= growth.numerator
    return Fraction(owed * product, total)
