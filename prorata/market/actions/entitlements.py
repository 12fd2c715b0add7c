# SPDX-License-Identifier: MIT
"""Who gets how many new shares: exact for every holder, though the vault divides one amount.

For each share held a holder is entitled to `ratio` new ones, rounded down to the smallest unit of
the new shares; what is rounded off is its fraction:

    shares(holder)    =  floor(balance(holder) * ratio)
    fraction(holder)  =  balance(holder) * ratio - shares(holder)

The vault knows amounts only, and pays floor(amount * balance / eligible). Where the amount
`eligible * ratio` is whole that is the same. Else an amount near it is sought that gives everyone
exactly its entitlement: one exists unless a small holder is entitled to a whole share to which a
larger amount would also lift a large one. Then the largest amount is taken at which nobody gets
more than its entitlement, and whoever gets a unit too little is topped up with that unit.

All amounts are smallest units; fractions are exact. No chain, no float.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from prorata.errors import InputError

__all__ = ["Entitled", "Entitlements", "cash_in_lieu", "entitlements"]


@dataclass(frozen=True)
class Entitled:
    """What one holder is entitled to: `paid` by the vault and `topped_up` are its `shares`.

    `held` and `shares` are smallest units, `fraction` is the part of a smallest unit of the new
    shares that is rounded off.
    """

    holder: str
    held: int
    shares: int
    paid: int
    fraction: Fraction

    @property
    def topped_up(self) -> int:
        """What the vault pays too little: 0 or 1 unit."""
        return self.shares - self.paid


@dataclass(frozen=True)
class Entitlements:
    """What everybody is entitled to. `amount` is what the vault divides among `eligible` shares.

    `lines` has whoever earns, the largest first; `remainder` is what the vault keeps for the next
    distribution of the same kind.
    """

    ratio: Fraction
    eligible: int
    amount: int
    lines: tuple[Entitled, ...]

    @property
    def shares(self) -> int:
        """What all holders together get."""
        return sum(line.shares for line in self.lines)

    @property
    def remainder(self) -> int:
        """What nobody gets now."""
        return self.amount - sum(line.paid for line in self.lines)

    @property
    def topped_up(self) -> tuple[Entitled, ...]:
        """Who gets a unit beside what the vault pays."""
        return tuple(line for line in self.lines if line.topped_up)

    @property
    def fractions(self) -> Fraction:
        """What is rounded off for all holders together, in smallest units."""
        return sum((line.fraction for line in self.lines), Fraction(0))


def entitlements(
    balances: Mapping[str, int],
    ratio: Fraction,
    excluded: Collection[str] = (),
    *,
    carried: int = 0,
) -> Entitlements:
    """What every holder that is not excluded gets at `ratio` new units for each unit held.

    `carried` is what the vault has left over from earlier ones, and divides with this.

    Raises: InputError when nobody would get anything, or the vault has more left over than that.
    """
    earning = {h: held for h, held in balances.items() if held and h not in excluded}
    eligible = sum(earning.values())
    whole = {holder: floor(held * ratio) for holder, held in earning.items()}
    if not any(whole.values()):
        raise InputError.of(
            "ratio",
            f"{ratio.numerator}:{ratio.denominator}",
            f"gives none of the {len(earning)} holders one whole unit",
            "give a higher ratio",
        )
    amount = _amount(earning, whole, eligible, carried)
    lines = [
        Entitled(
            holder, held, whole[holder], amount * held // eligible, held * ratio - whole[holder]
        )
        for holder, held in sorted(earning.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Entitlements(ratio, eligible, amount, tuple(lines))


def _amount(
    earning: Mapping[str, int], whole: Mapping[str, int], eligible: int, carried: int
) -> int:
    """The smallest amount by which everyone gets what it is entitled to, or the largest below."""
    least = max(-(-whole[holder] * eligible // held) for holder, held in earning.items())
    # The largest amount at which no holder gets a unit more.
    most = min(-(-(whole[holder] + 1) * eligible // held) - 1 for holder, held in earning.items())
    if carried >= most:
        raise InputError.of(
            "carried",
            carried,
            f"units of these shares are left over in the vault, and this hands out {most} at most",
            "give a higher ratio",
        )
    # Something must be paid in.
    return max(min(least, most), carried + 1 if carried else 0)


def cash_in_lieu(line: Entitled, price: int, one: int) -> int:
    """Money for a fraction, at `price` for `one` whole share of so many smallest units.

    Rounded down to the currency's smallest unit.
    """
    return floor(line.fraction * price / one)
