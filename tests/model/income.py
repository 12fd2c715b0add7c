"""The law of income: how one amount is divided, and the course of money through a series.

    gross(holder)  =  floor(amount * shares at the record / eligible shares)
    tax(holder)    =  floor(gross * rate / 10,000)
    remainder      =  amount - sum of gross

A series is all distributions of one token in one currency. Amounts count the currency's smallest
unit. Nothing here knows time, waiting income or payments that fail: `vault` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.model.outcomes import refuse

BASIS_POINTS = 10_000


def floor_share(amount: int, shares: int, eligible: int) -> int:
    """What `shares` of `eligible` ones get of an amount."""
    return amount * shares // eligible


def tax_on(gross: int, rate: int) -> int:
    """What is withheld at a rate in basis points: the residue is the holder's."""
    return gross * rate // BASIS_POINTS


class Payment(NamedTuple):
    """What one claim settles. Shares worth less than a unit have a gross of 0 and are settled all
    the same; the zero payment settles nothing."""

    shares: int
    gross: int
    tax: int

    @property
    def net(self) -> int:
        """What reaches the holder."""
        return self.gross - self.tax

    @property
    def settled(self) -> bool:
        """Whether any shares were settled."""
        return self.shares > 0

    @property
    def amounts(self) -> tuple[int, int, int]:
        """Gross, tax and net."""
        return self.gross, self.tax, self.net


NO_PAYMENT = Payment(0, 0, 0)


class Sweep(NamedTuple):
    """How the rest of a distribution left it: to the issuer, and to the next distribution."""

    swept: int
    carried: int


@dataclass(frozen=True)
class Position:
    """Where all the money of a series is, each place counted by itself.

    `received` is all that ever came in: `paid` to holders, `withheld` as tax, `owed` by what is
    still open, `carried` to the next, or `swept` out by a sweep or a refund.
    """

    received: int
    paid: int
    withheld: int
    owed: int
    carried: int
    swept: int

    @property
    def missing(self) -> int:
        """What the places do not account for; anything but 0 breaks Law 3."""
        return self.received - (self.paid + self.withheld + self.owed + self.carried + self.swept)


@dataclass(kw_only=True)
class Distribution:
    """One amount, the shares that it is divided among, and what has become of it.

    `gross` is None while its record is open: the amount is fixed then, and its holders later.
    """

    received: int
    carried_in: int
    shares: Mapping[str, int] = field(default_factory=dict)
    """Shares at the record of everyone who has any and is not excluded."""
    gross: Mapping[str, int] | None = None
    rates: Mapping[str, int] = field(default_factory=dict)
    settled: dict[str, Payment] = field(default_factory=dict)
    """What everyone who has claimed was settled with."""
    remitted: int = 0
    swept: int = 0
    carried_out: int = 0
    ended: bool = False
    """Swept or refunded."""

    @property
    def amount(self) -> int:
        """What is divided."""
        return self.received + self.carried_in

    def fix(
        self,
        balances: Mapping[str, int],
        excluded: Iterable[str] = (),
        withholding: int | Mapping[str, int] = 0,
    ) -> None:
        """Give it its holders; `withholding` is one rate for all or a rate for each.

        Exclusion is by set. Refused if it has them, has ended, or if no share is eligible.
        """
        waits = self.gross is None and not self.ended
        refuse(None if waits else ("Income_NotWaitingForHolders", ()))
        shares, rates = _eligible(balances, excluded, withholding)
        eligible = sum(shares.values())
        self.shares, self.rates = shares, rates
        self.gross = {who: floor_share(self.amount, n, eligible) for who, n in shares.items()}

    @property
    def eligible(self) -> int:
        """The shares that the amount is divided by; 0 while there are none."""
        return sum(self.shares.values())

    @property
    def remainder(self) -> int:
        """What flooring leaves over."""
        return self.amount - sum(self._known_gross().values())

    def entitled(self, holder: str) -> Payment:
        """What it gives a holder in all, claimed or not."""
        gross = self._known_gross().get(holder, 0)
        tax = tax_on(gross, self.rates.get(holder, 0))
        return Payment(self.shares.get(holder, 0), gross, tax)

    def unclaimed(self, holder: str) -> bool:
        """Whether a holder has shares for which it was never paid, be it too late or not."""
        return holder in self.shares and holder not in self.settled

    def due(self, holder: str) -> bool:
        """Whether a claim would settle something."""
        return not self.ended and self.unclaimed(holder)

    def claimable(self, holder: str) -> int:
        """The net amount that a claim would pay, time aside."""
        return self.entitled(holder).net if self.due(holder) else 0

    @property
    def outstanding(self) -> dict[str, int]:
        """The gross still owed to each holder with unclaimed shares."""
        gross = self.gross or {}
        return {who: gross[who] for who in self.shares if self.due(who)}

    @property
    def unclaimed_share(self) -> int:
        """What the unclaimed shares come to together: what a sweep sends out."""
        return floor_share(self.amount, self.eligible - self.settled_shares, self.eligible)

    @property
    def settled_shares(self) -> int:
        """Shares of those who have claimed."""
        return sum(payment.shares for payment in self.settled.values())

    @property
    def paid(self) -> int:
        """The gross of those who have claimed."""
        return sum(payment.gross for payment in self.settled.values())

    @property
    def withheld(self) -> int:
        """The tax of those who have claimed."""
        return sum(payment.tax for payment in self.settled.values())

    @property
    def finished(self) -> bool:
        """Whether nothing is owed any more: all claimed, swept or refunded."""
        return self.ended or 0 < len(self.shares) == len(self.settled)

    @property
    def owed(self) -> int:
        """Counted anew from those who have not claimed, so that `Position` proves something."""
        if self.finished:
            return 0
        if self.gross is None:
            return self.amount
        return sum(self.outstanding.values()) + self.remainder

    def figures(self) -> dict[str, int]:
        """Its amounts, by the names of the vault's interface."""
        return {
            "amount": self.amount,
            "carriedIn": self.carried_in,
            "eligibleSupply": self.eligible,
            "settledShares": self.settled_shares,
            "paid": self.paid,
            "withheld": self.withheld,
            "remitted": self.remitted,
            "owed": self.owed,
            "carriedOut": self.carried_out,
            "swept": self.swept,
        }

    def remit(self) -> int:
        """Send the tax withheld so far to its collector; how much that is."""
        rest = self.withheld - self.remitted
        self.remitted += rest
        return rest

    def _known_gross(self) -> Mapping[str, int]:
        refuse(("Income_NoHoldersYet", ()) if self.gross is None else None)
        return self.gross or {}


def _eligible(
    balances: Mapping[str, int], excluded: Iterable[str], withholding: int | Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """The shares that count, and the rate of each holder."""
    outside = frozenset(excluded)
    shares = {who: n for who, n in balances.items() if n and who not in outside}
    rates = (
        dict(withholding)
        if isinstance(withholding, Mapping)
        else dict.fromkeys(shares, withholding)
    )
    beyond = sorted({rate for rate in rates.values() if not 0 <= rate <= BASIS_POINTS})
    negative = [(who, n) for who, n in shares.items() if n < 0]
    refuse(
        *(("Income_RateOutOfRange", (rate, BASIS_POINTS)) for rate in beyond),
        *(("Income_NegativeBalance", each) for each in negative),
        None if shares else ("Income_NoEligibleShares", (len(balances),)),
    )
    return shares, rates


class Series:
    """All distributions of one token in one currency, and what is carried between them.

    - A distribution divides what arrived and, if it may, what earlier ones carried to it.
    - A claim settles all shares of one holder at once. For one who has claimed, had no shares, or
      was excluded, it does nothing.
    - With the last eligible share settled, the remainder is carried to the next distribution.
    - A sweep sends the floor of the unclaimed shares to the issuer, and carries what is left.
    - A refund ends one that has no holders: what arrived goes back, what was carried in is carried
      again.
    """

    def __init__(self) -> None:
        self.distributions: list[Distribution] = []
        self.carried = 0

    def __getitem__(self, number: int) -> Distribution:
        """The distribution of a number; they run 1, 2, 3 in order of declaration."""
        known = 1 <= number <= len(self.distributions)
        refuse(None if known else ("Income_Unknown", (number, len(self.distributions))))
        return self.distributions[number - 1]

    def declare(
        self,
        received: int,
        balances: Mapping[str, int],
        *,
        excluded: Iterable[str] = (),
        withholding: int | Mapping[str, int] = 0,
        carry_in: bool = True,
    ) -> Distribution:
        """Open a distribution to the holders of a closed record; refused, it absorbs nothing."""
        new = self._prepared(received, carry_in=carry_in)
        new.fix(balances, excluded, withholding)
        self.enter(new)
        return new

    def announce(self, received: int, *, carry_in: bool = True) -> Distribution:
        """Open one whose record has not closed: `Distribution.fix` or `refund` must follow."""
        new = self._prepared(received, carry_in=carry_in)
        self.enter(new)
        return new

    def enter(self, new: Distribution) -> None:
        """Add a distribution; what it carries in has left the carry."""
        self.carried -= new.carried_in
        self.distributions.append(new)

    def claim(self, it: Distribution, holder: str) -> Payment:
        """Settle a holder's shares; the zero payment when none is due."""
        payment = it.entitled(holder)
        if not it.due(holder):
            return NO_PAYMENT
        it.settled[holder] = payment
        if it.finished:
            self._carry_out(it, it.remainder)
        return payment

    def sweep(self, it: Distribution) -> Sweep:
        """End one; refused without holders, or if it has ended."""
        owed = sum(it.outstanding.values()) + it.remainder
        refuse(("Income_Ended", ()) if it.finished else None)
        it.swept = it.unclaimed_share
        it.ended = True
        self._carry_out(it, owed - it.swept)
        return Sweep(it.swept, it.carried_out)

    def refund(self, it: Distribution) -> int:
        """End one that has no holders; what goes back."""
        waits = it.gross is None and not it.ended
        refuse(None if waits else ("Income_NotWaitingForHolders", ()))
        it.swept = it.received
        it.ended = True
        self._carry_out(it, it.carried_in)
        return it.swept

    def position(self) -> Position:
        """Where every unit is now; `position().missing == 0` is Law 3."""
        return Position(
            received=sum(it.received for it in self.distributions),
            paid=sum(it.paid - it.withheld for it in self.distributions),
            withheld=sum(it.withheld for it in self.distributions),
            owed=sum(it.owed for it in self.distributions),
            carried=self.carried,
            swept=sum(it.swept for it in self.distributions),
        )

    def _prepared(self, received: int, *, carry_in: bool) -> Distribution:
        refuse(("Income_NegativeAmount", (received,)) if received < 0 else None)
        return Distribution(received=received, carried_in=self.carried if carry_in else 0)

    def _carry_out(self, it: Distribution, rest: int) -> None:
        it.carried_out = rest
        self.carried += rest
