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

`apportion` answers for one distribution; `SeriesModel` follows the money of a whole series of
them. Both are written from this law and share no step with the contracts, so that they can serve
as the payout preview, as the auditor's figures and as the tests' oracle.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from prorata.errors import InputError, NoEligibleShares

__all__ = [
    "BASIS_POINTS",
    "Apportionment",
    "Payment",
    "Position",
    "SeriesModel",
    "Sweep",
    "apportion",
    "entitlement",
    "withhold",
]

H = TypeVar("H", bound=Hashable)

BASIS_POINTS = 10_000


# ---------------------------------------------------------------------------- one distribution


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


# ---------------------------------------------------------------------------- a series of them


@dataclass(frozen=True)
class Payment:
    """What one claim settles: `shares` of the record, their `gross`, and the `tax` out of it.

    A claim that finds nothing to settle is the zero payment. One that settles shares worth less
    than a unit has a gross of 0 and is a settlement all the same.
    """

    shares: int
    gross: int
    tax: int

    @property
    def net(self) -> int:
        """What reaches the holder: `gross - tax`."""
        return self.gross - self.tax

    @property
    def settled(self) -> bool:
        """Whether any shares were settled."""
        return self.shares > 0


@dataclass(frozen=True)
class Sweep:
    """How the rest of a distribution left it: `swept` to the issuer, `carried` to the next."""

    swept: int
    carried: int


@dataclass(frozen=True)
class Position:
    """Where all the money of a series is at one moment, in units.

    `received` is all that ever came in. It is `paid` to holders, `withheld` as tax, `owed` by
    distributions still open (their unclaimed entitlements and their own remainder), `carried` to
    the next distribution, or `swept`: to the issuer after a deadline, or back by a refund.
    """

    received: int
    paid: int
    withheld: int
    owed: int
    carried: int
    swept: int

    @property
    def missing(self) -> int:
        """What the five places do not account for; anything but 0 is a broken law."""
        return self.received - (self.paid + self.withheld + self.owed + self.carried + self.swept)


@dataclass
class _Holders(Generic[H]):
    """The holders of one distribution, and the shares that nobody has claimed yet."""

    division: Apportionment[H]
    shares: Mapping[H, int]
    rates: Mapping[H, int]
    unclaimed: dict[H, int]

    def payment(self, holder: H) -> Payment:
        shares, gross = self.shares.get(holder, 0), self.division.gross.get(holder, 0)
        return Payment(shares, gross, withhold(gross, self.rates.get(holder, 0)))

    def outstanding(self) -> dict[H, int]:
        return {holder: self.division.gross[holder] for holder in self.unclaimed}


@dataclass
class _Distribution(Generic[H]):
    """One distribution; `holders` is None while its record has not closed."""

    received: int
    carried_in: int
    holders: _Holders[H] | None = None
    open: bool = True

    def owed(self) -> int:
        """Counted afresh from those who have not claimed, so that `Position` proves something."""
        if not self.open:
            return 0
        if self.holders is None:
            return self.received + self.carried_in
        return sum(self.holders.outstanding().values()) + self.holders.division.remainder


class SeriesModel(Generic[H]):
    """The exact course of all distributions of one token in one currency.

    - A distribution divides what arrived and, with `carry_in`, what earlier ones carried to it.
    - One may be announced before its record closes: its amount is fixed then, its holders later.
      If they turn out to have no eligible shares it is refunded: what arrived goes back, and what
      was carried in, which belongs to the holders, is carried again.
    - A claim settles all shares of one holder at once. For a holder who has claimed, had no
      shares, or was excluded it does nothing; a gross of 0 is settled like any other.
    - When the last eligible share is settled, the remainder is carried to the next distribution.
    - A sweep, which a vault allows after a deadline, ends a distribution: the unclaimed shares'
      floor goes to the issuer, and what is still left is carried.

    The model knows no time, no freezing and no failing transfers: whoever drives it beside a real
    vault calls `claim` for the claims that succeed and `sweep` for the sweeps that do. Ids run
    1, 2, 3 in order of declaration. A refused call changes nothing.
    """

    def __init__(self) -> None:
        self._distributions: list[_Distribution[H]] = []
        self._received = 0
        self._paid = 0
        self._withheld = 0
        self._carried = 0
        self._swept = 0

    def declare(
        self,
        received: int,
        balances: Mapping[H, int],
        *,
        excluded: Iterable[H] = (),
        withholding: int | Mapping[H, int] = 0,
        carry_in: bool = True,
    ) -> int:
        """Open a distribution of `received` units to the holders of a closed record; its id.

        `balances` are those at the record date. `withholding` is one rate in basis points for
        all, or a rate per holder, 0 for those not named. `carry_in` adds everything carried.

        Raises: NoEligibleShares, and then nothing is absorbed; InputError for a figure or rate
        outside its range.
        """
        _check_whole("received", received)
        amount = received + (self._carried if carry_in else 0)
        holders = _fixed(amount, balances, excluded, withholding)
        distribution_id = self.announce(received, carry_in=carry_in)
        self._distributions[-1].holders = holders
        return distribution_id

    def announce(self, received: int, *, carry_in: bool = True) -> int:
        """Open a distribution whose record has not closed; `fix` or `refund` must follow; its id.

        Raises: InputError when `received` is negative or no integer.
        """
        _check_whole("received", received)
        carried_in = self._carried if carry_in else 0
        self._received += received
        self._carried -= carried_in
        self._distributions.append(_Distribution(received, carried_in))
        return len(self._distributions)

    def fix(
        self,
        distribution_id: int,
        balances: Mapping[H, int],
        *,
        excluded: Iterable[H] = (),
        withholding: int | Mapping[H, int] = 0,
    ) -> None:
        """Give an announced distribution its holders, now that its record has closed.

        Raises: NoEligibleShares, and then only a refund is left; InputError for a distribution
        that is not waiting for its holders, or a figure or rate outside its range.
        """
        held = self._with_income(distribution_id)
        amount = held.received + held.carried_in
        held.holders = _fixed(amount, balances, excluded, withholding)

    def refund(self, distribution_id: int) -> int:
        """End an announced distribution that has no holders; returns what goes back.

        It counts as swept. Raises: InputError for a distribution that has holders or has ended.
        """
        held = self._with_income(distribution_id)
        self._swept += held.received
        self._close(held, held.carried_in)
        return held.received

    def claim(self, distribution_id: int, holder: H) -> Payment:
        """Settle the holder's shares and return the payment; the zero payment when none is due.

        Raises: InputError for an unknown id or a distribution without holders as yet.
        """
        distribution, holders = self._payable(distribution_id)
        if not distribution.open or holder not in holders.unclaimed:
            return Payment(0, 0, 0)
        payment = holders.payment(holder)
        del holders.unclaimed[holder]
        self._paid += payment.net
        self._withheld += payment.tax
        if not holders.unclaimed:
            self._close(distribution, holders.division.remainder)
        return payment

    def sweep(self, distribution_id: int) -> Sweep:
        """End an open distribution and return how its rest was divided.

        Raises: InputError for an unknown id, a distribution without holders as yet, or one that
        has ended.
        """
        distribution, holders = self._payable(distribution_id)
        if not distribution.open:
            raise InputError.of(
                "distribution", distribution_id, "has ended already", "sweep only an open one"
            )
        division = holders.division
        unclaimed = sum(holders.unclaimed.values())
        swept = entitlement(division.amount, unclaimed, division.eligible)
        rest = distribution.owed() - swept
        self._swept += swept
        self._close(distribution, rest)
        return Sweep(swept, rest)

    def entitled(self, distribution_id: int, holder: H) -> Payment:
        """What the distribution gives the holder in all, claimed or not."""
        return self._payable(distribution_id)[1].payment(holder)

    def claimable(self, distribution_id: int, holder: H) -> int:
        """The net amount a claim would pay now; 0 while waiting, once claimed or ended."""
        distribution = self._distribution(distribution_id)
        holders = distribution.holders
        if not distribution.open or holders is None or holder not in holders.unclaimed:
            return 0
        return holders.payment(holder).net

    def division(self, distribution_id: int) -> Apportionment[H]:
        """The whole division of one distribution, carried-in units included."""
        return self._payable(distribution_id)[1].division

    def is_open(self, distribution_id: int) -> bool:
        """Whether money is still owed: not all claimed, not swept, not refunded."""
        return self._distribution(distribution_id).open

    def outstanding(self, distribution_id: int) -> dict[H, int]:
        """The gross still owed to each holder with unclaimed shares; empty once it has ended."""
        distribution = self._distribution(distribution_id)
        if not distribution.open or distribution.holders is None:
            return {}
        return distribution.holders.outstanding()

    def position(self) -> Position:
        """Where every unit is now; `position().missing == 0` is the law of conservation."""
        return Position(
            received=self._received,
            paid=self._paid,
            withheld=self._withheld,
            owed=sum(distribution.owed() for distribution in self._distributions),
            carried=self._carried,
            swept=self._swept,
        )

    def _close(self, distribution: _Distribution[H], rest: int) -> None:
        distribution.open = False
        self._carried += rest

    def _distribution(self, distribution_id: int) -> _Distribution[H]:
        if not 1 <= distribution_id <= len(self._distributions):
            raise InputError.of(
                "distribution",
                distribution_id,
                f"was never declared; ids run 1 to {len(self._distributions)}",
                "give the id that declare returned",
            )
        return self._distributions[distribution_id - 1]

    def _payable(self, distribution_id: int) -> tuple[_Distribution[H], _Holders[H]]:
        distribution = self._distribution(distribution_id)
        if distribution.holders is None:
            raise InputError.of(
                "distribution", distribution_id, "has no holders", "fix them once its record closes"
            )
        return distribution, distribution.holders

    def _with_income(self, distribution_id: int) -> _Distribution[H]:
        distribution = self._distribution(distribution_id)
        if distribution.holders is not None or not distribution.open:
            raise InputError.of(
                "distribution",
                distribution_id,
                "is not waiting for its holders",
                "fix or refund one that was only announced",
            )
        return distribution


def _fixed(
    amount: int,
    balances: Mapping[H, int],
    excluded: Iterable[H],
    withholding: int | Mapping[H, int],
) -> _Holders[H]:
    """The holders of a closed record, all checks done."""
    outside = frozenset(excluded)
    division = apportion(amount, balances, outside)
    shares = {
        holder: balance
        for holder, balance in balances.items()
        if balance > 0 and holder not in outside
    }
    rates = (
        dict(withholding)
        if isinstance(withholding, Mapping)
        else dict.fromkeys(shares, withholding)
    )
    for rate in set(rates.values()):
        withhold(0, rate)
    return _Holders(division, shares, rates, dict(shares))


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
