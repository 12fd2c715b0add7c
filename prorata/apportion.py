# SPDX-License-Identifier: MIT
"""The law: how one amount is divided among the holders of a record date.

Everything is an integer. Amounts count the currency's smallest unit; balances count the token's
smallest unit; holders are any hashable name (an address, in practice). No chain, no float.

    gross(holder)  =  floor(amount * balance(holder) / eligible)
    eligible       =  the sum of the balances that are not excluded
    remainder      =  amount - sum of gross

A holder therefore loses less than one unit against the exact quotient, nobody ever gets more than
it, and the remainder is less than the number of holders with eligible shares. What is rounded off
stays in the vault and is divided with the next distribution of the same token and currency.

It is written from this law and shares no step with the contracts, so that it can serve as the
payout preview and for the auditor's figures.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from prorata.errors import InputError, NoEligibleShares

__all__ = [
    "BASIS_POINTS",
    "Apportionment",
    "amount_for",
    "apportion",
    "entitlement",
    "withhold",
]

H = TypeVar("H", bound=Hashable)

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Apportionment(Generic[H]):
    """One amount divided.

    `gross` has every account of the input, in its order, with 0 for those who get nothing;
    `eligible` is the denominator; `remainder` is what flooring left over, so that
    `sum(gross.values()) + remainder == amount`.
    """

    amount: int
    eligible: int
    gross: Mapping[H, int]
    remainder: int


def entitlement(amount: int, balance: int, eligible: int) -> int:
    """floor(amount * balance / eligible): what one holder of `balance` shares is owed.

    Raises: InputError when a value is negative or no integer, `eligible` is 0, or `balance`
    exceeds `eligible`.
    """
    _check_whole("amount", amount)
    _check_whole("balance", balance)
    _check_whole("eligible", eligible)
    if eligible == 0:
        raise InputError.of("eligible", eligible, "leaves nobody to pay", "give at least 1 share")
    if balance > eligible:
        raise InputError.of(
            "balance",
            balance,
            f"exceeds the {eligible} eligible shares",
            "give a balance that is part of them",
        )
    return amount * balance // eligible


def apportion(
    amount: int, balances: Mapping[H, int], excluded: Iterable[H] = ()
) -> Apportionment[H]:
    """Divide `amount` among `balances` in proportion, leaving out the `excluded` accounts.

    Exclusion is by set: naming an account twice, or one that holds nothing, changes nothing. The
    order of `balances` decides the order of the result and no figure in it.

    Raises: NoEligibleShares when no share remains; InputError when a figure is negative or no
    integer.
    """
    _check_whole("amount", amount)
    _check_balances(balances)
    outside = frozenset(excluded)
    eligible = sum(balances.values()) - sum(balances.get(account, 0) for account in outside)
    if eligible == 0:
        raise NoEligibleShares(amount, len(balances))
    gross = {
        holder: 0 if holder in outside else amount * balance // eligible
        for holder, balance in balances.items()
    }
    return Apportionment(amount, eligible, gross, amount - sum(gross.values()))


def amount_for(rate: Fraction, eligible: int) -> int:
    """The amount that pays `rate` for each of `eligible` shares: their product, rounded up.

    Divided among them, it gives every holder the rate times its shares rounded down, or, where that
    is no whole number of units, sometimes rounded up: never a unit more or less than the product.
    Where the rate is a whole number of units nothing is rounded and nothing is left over.

    Raises: InputError when a value is negative or `eligible` no integer.
    """
    _check_whole("eligible", eligible)
    if rate < 0:
        raise InputError.of("rate", rate, "is negative", "give 0 or more")
    return -(-rate.numerator * eligible // rate.denominator)


def withhold(gross: int, rate_basis_points: int) -> int:
    """The tax on `gross` at a rate of 0 to 10,000 basis points, rounded down for the holder.

    Raises: InputError when a value is negative or no integer, or the rate is over 10,000.
    """
    _check_whole("gross", gross)
    _check_whole("rate", rate_basis_points)
    if rate_basis_points > BASIS_POINTS:
        raise InputError.of(
            "rate",
            rate_basis_points,
            f"exceeds {BASIS_POINTS} basis points",
            "withhold at most the whole",
        )
    return gross * rate_basis_points // BASIS_POINTS


# ---------------------------------------------------------------------------- checks


def _check_whole(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError.of(name, value, "is not an integer", "give smallest units as an int")
    if value < 0:
        raise InputError.of(name, value, "is negative", "give 0 or more")


def _check_balances(balances: Mapping[H, int]) -> None:
    """All balances at once at the speed of C; one by one only to name the one at fault."""
    if set(map(type, balances.values())) <= {int} and min(balances.values(), default=0) >= 0:
        return
    for holder, balance in balances.items():
        _check_whole(f"balance of {holder}", balance)
