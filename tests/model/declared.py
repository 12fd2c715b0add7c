"""A distribution as it was declared: its terms, which never change, and its record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.model.income import NO_PAYMENT, Distribution, Payment
from tests.model.outcomes import NOBODY
from tests.model.shares import Ledger


@dataclass(kw_only=True)
class Declared(Distribution):
    """A distribution with its terms, which never change."""

    id: int
    ledger: Ledger
    record: int
    currency: str
    declarer: str
    kind: int = 0
    payable_from: int = 0
    deadline: int = 0
    sweep_to: str = NOBODY
    policy: str = NOBODY
    rate: int = 0
    excluded: Sequence[str] = ()
    eligible_only: bool = False
    """Whether it is held for who is not eligible: as its token said when it was declared."""
    declared_open: bool = False
    """Whether its record was open then."""
    counted: bool = False
    """Whether the vault has fixed the shares that it is divided by, once and for all."""
    looked: int = 0
    """At how many of the excluded accounts the vault has looked, in the order of the terms."""

    @property
    def series(self) -> tuple[str, str]:
        """Its token and currency."""
        return self.ledger.name, self.currency

    @property
    def has_record(self) -> bool:
        """Whether its record has closed."""
        return self.record in self.ledger.closed

    @property
    def is_cancelled(self) -> bool:
        """Whether its record was cancelled, and never closes."""
        return self.record in self.ledger.cancelled

    @property
    def balances(self) -> Mapping[str, int]:
        """Everyone's shares at its record, once that has closed."""
        return self.ledger.closed[self.record]

    def claimant(self, holder: str) -> str:
        """Who is to be paid for a holder; nobody while its income waits."""
        return self.ledger.claimant(holder, self.eligible_only)

    def entitled(self, holder: str) -> Payment:
        """What it gives a holder; nothing while there is nobody to pay."""
        return super().entitled(holder) if self.eligible else NO_PAYMENT

    def fix_if_closed(self, others: Collection[str] = ()) -> None:
        """Give it its holders once there are any; `others` are excluded beside those of the terms
        too."""
        waits = self.gross is None and self.has_record and not self.ended
        outside = {*self.excluded, *others}
        if waits and any(who not in outside for who in self.balances):
            self.fix(self.balances, outside, self.rate)

    def shown(self) -> dict[str, int]:
        """Its figures as the vault shows them: no shares before it has counted them."""
        return self.figures() | ({} if self.counted else {"eligibleSupply": 0})
