"""What must be: the exact model of each distribution, and every purse, beside
`harness.CurrencyHarness`.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

from tests.model.income import Distribution, Series

HOLDERS = {"ann": 5_000, "ben": 3_333, "cid": 1_666, "dan": 1}
PAGE = ("ann", "ben")


@dataclass
class Entry:
    """One distribution, as the books must have it."""

    series: str
    model: Distribution
    dated: bool = False


class Account:
    """What every holder received and is owed, what is carried, and what is in every purse.

    A series is the distributions in one currency; a pot is what its balances are kept in, which two
    currencies may share. Purses are in grains, of which the currency's nature makes units.
    """

    def __init__(self) -> None:
        self.models: dict[str, Series] = {}
        self.entries: dict[str, Entry] = {}
        self.purses: dict[tuple[str, str], int] = {}

    def declare(
        self, name: str, series: str, received: int, *, rate: int = 0, dated: bool = False
    ) -> None:
        """A distribution to all holders, with everything carried."""
        of = self.models.setdefault(series, Series())
        self.entries[name] = Entry(series, of.declare(received, HOLDERS, withholding=rate), dated)

    def announce(self, name: str, series: str, received: int) -> None:
        """A distribution for a record that will have no holders."""
        of = self.models.setdefault(series, Series())
        self.entries[name] = Entry(series, of.announce(received))

    def settle(self, name: str, holder: str) -> int:
        """Pay one holder; what it is to receive."""
        entry = self.entries[name]
        payment = self.models[entry.series].claim(entry.model, holder)
        assert payment.settled
        return payment.net

    def remit(self, name: str) -> int:
        """Send the tax withheld; how much."""
        return self.entries[name].model.remit()

    def sweep(self, name: str) -> int:
        """End a distribution whose deadline has passed; what is swept."""
        entry = self.entries[name]
        return self.models[entry.series].sweep(entry.model).swept

    def refund(self, name: str) -> int:
        """End a distribution that has no holders; what goes back."""
        entry = self.entries[name]
        return self.models[entry.series].refund(entry.model)

    def book(self, step: str) -> list[tuple[str, int]]:
        """Do a step that pays; who is to receive what."""
        if step == "claim":
            return [("ann", self.settle("rent", "ann"))]
        if step == "push":
            return [(who, self.settle("rent", who)) for who in self.unpaid("rent")]
        if step == "remit":
            return [("collector", self.remit("rent"))]
        if step == "sweep":
            return [("issuer", self.sweep("dated"))]
        return [("agent", self.refund("empty"))]

    def dues(self, step: str) -> list[tuple[str, int]]:
        """Who would receive what, if a step were done."""
        # Many times faster than a deep copy.
        copy: Account = pickle.loads(pickle.dumps(self))
        return copy.book(step)

    def unpaid(self, name: str) -> list[str]:
        """Who of the page has not been paid."""
        return [who for who in PAGE if who not in self.entries[name].model.settled]

    def owes(self, name: str, holder: str) -> bool:
        """Whether a holder can still be paid."""
        entry = self.entries[name]
        return entry.model.due(holder) and not entry.dated

    def outstanding(self, name: str) -> bool:
        """Whether holders can tell more of a distribution than its figures do."""
        model = self.entries[name].model
        return 0 < model.eligible != model.settled_shares

    def expected(self) -> dict[Any, Any]:
        """Everything that can be asked or looked up, as it must be."""
        expected: dict[Any, Any] = {}
        for name, entry in self.entries.items():
            model = entry.model
            expected[name] = model.figures()
            for holder in HOLDERS if self.outstanding(name) else ():
                due = 0 if entry.dated else model.claimable(holder)
                expected[name, holder] = (due, holder in model.settled)
        for name, series in self.models.items():
            assert series.position().missing == 0
            expected["carried", name] = series.carried
        return expected | self.purses


FIGURES = frozenset(Distribution(received=0, carried_in=0).figures())
"""What a vault says of a distribution in amounts."""
