"""What a currency moves when it is asked to, and what becomes of a payment in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum

from tests.model.income import BASIS_POINTS
from tests.model.outcomes import VAULT
from tests.model.shares import UNLIMITED


def moves(amount: int, fee: int, *, on_top: bool = False) -> tuple[int, int]:
    """What leaves the giver and what arrives, with a fee in basis points: taken out of what is
    moved, or from the giver on top of it."""
    taken = amount * fee // BASIS_POINTS
    return (amount + taken, amount) if on_top else (amount, amount - taken)


class Outcome(IntEnum):
    """What becomes of a payment by the vault."""

    PAID = 0
    FAILED = 1
    """It was refused."""
    DENIED = 2
    """Nothing moved, and the answer was no."""
    MOVED = 3
    """It moved, and the answer was no."""


@dataclass
class Nature:
    """How a currency is at present."""

    fee: int = 0
    """Basis points of each movement."""
    paused: bool = False
    quiet: bool = False
    """It answers no to a payment that is blocked, where others revert."""
    says_yes: bool = True
    """Whether it confirms what it moves."""
    blocked: set[str] = field(default_factory=set)
    allowances: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: UNLIMITED))
    """How much of each payer's the vault may take."""
    permits: int = 0

    def taken(self, amount: int) -> int:
        """What is left of a movement on the way."""
        leaves, arrives = moves(amount, self.fee)
        return leaves - arrives

    def is_barred(self, party: str) -> bool:
        """Whether nothing moves between the vault and a party."""
        return self.paused or party in self.blocked or VAULT in self.blocked

    def payment(self, payee: str) -> Outcome:
        """What becomes of a payment of more than nothing."""
        if self.is_barred(payee):
            return Outcome.DENIED if self.quiet and not self.paused else Outcome.FAILED
        return Outcome.PAID if self.says_yes else Outcome.MOVED
