# SPDX-License-Identifier: MIT
"""What books are made of: entries, differences, distributions and positions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from prorata.apportion import Apportionment
from prorata.chain.events import Moment
from prorata.contracts.vault import Reason, Settlement, Terms
from prorata.errors import NoEligibleShares
from prorata.register.earning import Earners

__all__ = [
    "BookEntry",
    "Difference",
    "DistributionAccount",
    "Evidence",
    "EvidenceSource",
    "Place",
    "RedirectedPayment",
    "SourcedValue",
    "VaultPosition",
]

SourcedValue: TypeAlias = tuple[object, str]
"""A value, and who says so."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a figure stands, in an order that puts causes before what follows from them.

    First the share register; then the distributions by number, and of each its declaration, its
    holders, and its totals; then what is carried; and last the money itself.
    """

    section: int
    number: int
    level: int
    name: str = field(compare=False)

    @classmethod
    def register(cls, name: str) -> Place:
        """In the share register, that of a token or an account."""
        return cls(0, 0, 0, name)

    @classmethod
    def declaration(cls, number: int) -> Place:
        """In what a distribution is."""
        return cls(1, number, 0, f"distribution {number}")

    @classmethod
    def holder(cls, number: int, holder: str) -> Place:
        """In what one holder has of a distribution."""
        return cls(1, number, 1, f"distribution {number}, holder {holder}")

    @classmethod
    def total(cls, number: int) -> Place:
        """In the sums of a distribution."""
        return cls(1, number, 2, f"distribution {number}")

    @classmethod
    def series(cls, name: str) -> Place:
        """In all distributions of a token together."""
        return cls(2, 0, 0, name)

    @classmethod
    def vault(cls) -> Place:
        """In the vault as a whole."""
        return cls(3, 0, 0, "the vault")


@dataclass(frozen=True)
class Difference:
    """One figure of which two sources say different things."""

    place: Place
    figure: str
    left: str
    left_source: str
    right: str
    right_source: str

    def __str__(self) -> str:
        return (
            f"{self.place.name}: {self.figure} is {self.left} by {self.left_source} "
            f"and {self.right} by {self.right_source}"
        )


@dataclass(frozen=True)
class BookEntry(Settlement):
    """A settlement as the books have it: when it happened, and in which transaction."""

    moment: Moment
    transaction: str

    @property
    def time(self) -> int:
        """The Unix second of the payment."""
        return self.moment[0]


@dataclass(frozen=True)
class RedirectedPayment:
    """A payment that did not go where the standing choice of `claimant`, whose it was, says.

    `choice` is None for a claimant whose choice may lie before these books begin.
    """

    entry: BookEntry
    claimant: str
    choice: str | None


@dataclass(frozen=True)
class Evidence:
    """What is known of redirected payments beside the events.

    Of `chosen` the transaction itself shows that the claimant chose the payee. Of `unverified` the
    claimant is a contract, which chooses where no transaction shows it.
    """

    chosen: frozenset[RedirectedPayment] = frozenset()
    unverified: frozenset[RedirectedPayment] = frozenset()


EvidenceSource: TypeAlias = Callable[[Sequence[RedirectedPayment]], Evidence]
"""Who can be asked about redirected payments: `prorata.audit` asks the chain."""


@dataclass
class DistributionAccount:
    """One distribution as the events tell it, with the balances it divides."""

    id: int
    token: str
    record_id: int
    currency: str
    declarer: str
    received: int
    carried_in: int
    terms: Terms
    declared_at: int
    transaction: str
    record_time: int = 0
    """When the record closes; 0 for a token that is not audited."""
    payable_from: int = 0
    """The first second of payment: the terms', or the record's end where that is later."""
    cancelled: bool = False
    """Whether the record was cancelled, so that it never closes and the money goes back."""
    declared_open: bool = False
    """Whether the record was still open when this was declared."""
    shares: dict[str, int] = field(default_factory=dict)
    """Shares at the record date, excluded accounts included; empty until it has closed."""
    earning: dict[str, int] = field(default_factory=dict)
    """The same without excluded accounts and the vault itself."""
    vault: str = ""
    """Whose distribution it is: nobody can be paid for its own shares."""
    division: Apportionment[str] | None = None
    """What the law gives everyone; None until the record has closed, or if nobody is eligible."""
    settlements: dict[str, BookEntry] = field(default_factory=dict)
    skipped: dict[str, Reason] = field(default_factory=dict)
    """Why the last push skipped a holder who is still unpaid."""
    remitted: int = 0
    collector: str = ""
    """Who received the tax remitted."""
    carried_out: int = 0
    swept: int = 0
    ended: str = ""
    """`swept` or `refunded`, once either has happened."""

    def divide(self, shares: dict[str, int], earners: Earners) -> None:
        """Work out what the law gives everyone who held `shares` at the record."""
        self.shares, self.earning, self.division = shares, earners.among(shares), None
        with contextlib.suppress(NoEligibleShares):
            self.division = earners.divide(self.amount, shares)

    @property
    def amount(self) -> int:
        """What is divided."""
        return self.received + self.carried_in

    @property
    def settled(self) -> int:
        """Gross income settled, whether it was paid out or withheld."""
        return sum(settlement.gross for settlement in self.settlements.values())

    @property
    def withheld(self) -> int:
        """The tax in `settled`."""
        return sum(settlement.tax for settlement in self.settlements.values())

    @property
    def paid(self) -> int:
        """What reached the holders' payees."""
        return self.settled - self.withheld

    @property
    def owed(self) -> int:
        """What the events leave in the vault for the holders of this distribution."""
        return self.amount - self.settled - self.carried_out - self.swept

    @property
    def liability(self) -> int:
        """What the vault must hold for it: what is owed, and tax not yet remitted."""
        return self.owed + self.withheld - self.remitted

    @property
    def settled_shares(self) -> int:
        """Shares whose income has been settled."""
        return sum(self.shares.get(holder, 0) for holder in self.settlements)

    @property
    def owed_by_law(self) -> int:
        """What is still owed, counted afresh from the entitlements of those not settled.

        Without a division the law has nothing to count, and it is what the events leave.
        """
        if self.division is None:
            return self.owed
        return 0 if self.is_over else self._unsettled + self.division.remainder

    @property
    def is_over(self) -> bool:
        """Whether nothing can be claimed any more: all settled, swept or refunded."""
        finished = bool(self.earning) and not self.unsettled and not self._nobodys
        return self.ended != "" or finished

    @property
    def unsettled(self) -> list[str]:
        """Holders with eligible shares whose income has not been settled."""
        return [holder for holder in self.earning if holder not in self.settlements]

    @property
    def _nobodys(self) -> int:
        """Shares that count, and for which nobody can be paid: the vault's own."""
        if self.division is None or self.vault not in self.shares:
            return 0
        return self.division.eligible - sum(self.earning.values())

    @property
    def _unsettled(self) -> int:
        """Their income by law."""
        gross = {} if self.division is None else self.division.gross
        return sum(gross[holder] for holder in self.unsettled)

    def ending(self) -> tuple[int, int]:
        """By law, what has been swept and what has been carried out."""
        if self.ended == "refunded":
            return self.received, self.carried_in
        if self.division is None or not self.is_over:
            return 0, 0
        rest = self._unsettled + self.division.remainder
        shares = sum(self.earning[holder] for holder in self.unsettled) + self._nobodys
        swept = self.division.amount * shares // self.division.eligible
        return swept, rest - swept

    def status(self, holder: str, now: int) -> str:
        """`paid`, `claimable`, `not due`, `expired`, `excluded`, or `refunded` to the declarer."""
        if holder in self.settlements:
            return "paid"
        if holder == self.vault or holder in self.terms.excluded:
            return "excluded"
        if self.ended == "refunded":
            return "refunded"
        if self.ended == "swept" or (self.terms.deadline and now > self.terms.deadline):
            return "expired"
        return "not due" if now < self.payable_from else "claimable"


@dataclass(frozen=True)
class VaultPosition:
    """Where the money of one token in one currency is: the sum over its distributions."""

    token: str
    currency: str
    received: int
    paid: int
    withheld: int
    remitted: int
    owed: int
    carried: int
    swept: int

    @property
    def missing(self) -> int:
        """What the places do not account for: anything but 0 is a difference."""
        return self.received - (self.paid + self.withheld + self.owed + self.carried + self.swept)
