"""What must be: the exact model of each distribution, and every purse, beside
`harness.CurrencyHarness`.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

from prorata.apportion import SeriesModel

HOLDERS = {"ann": 5_000, "ben": 3_333, "cid": 1_666, "dan": 1}
PAGE = ("ann", "ben")
ELIGIBLE = sum(HOLDERS.values())


@dataclass
class Entry:
    """One distribution, as the books must have it."""

    series: str
    model_id: int
    figures: dict[str, int]
    dated: bool = False
    claimed: set[str] = field(default_factory=set)


class Account:
    """What every holder received and is owed, what is carried, and what is in every purse.

    A series is the distributions in one currency; a pot is what its balances are kept in, which two
    currencies may share. Purses are in grains, of which the currency's nature makes units.
    """

    def __init__(self) -> None:
        self.models: dict[str, SeriesModel[str]] = {}
        self.entries: dict[str, Entry] = {}
        self.purses: dict[tuple[str, str], int] = {}

    def declare(
        self, name: str, series: str, received: int, *, rate: int = 0, dated: bool = False
    ) -> None:
        """A distribution to all holders, with everything carried."""
        model = self.models.setdefault(series, SeriesModel())
        model_id = model.declare(received, HOLDERS, withholding=rate)
        amount = model.division(model_id).amount
        self.entries[name] = Entry(
            series, model_id, figures(amount, amount - received, ELIGIBLE), dated
        )

    def announce(self, name: str, series: str, received: int) -> None:
        """A distribution for a record that will have no holders."""
        model = self.models.setdefault(series, SeriesModel())
        self.entries[name] = Entry(series, model.announce(received), figures(received, 0, 0))

    def settle(self, name: str, holder: str) -> int:
        """Pay one holder; what it is to receive."""
        entry = self.entries[name]
        model = self.models[entry.series]
        payment = model.claim(entry.model_id, holder)
        assert payment.settled
        entry.claimed.add(holder)
        entry.figures["settledShares"] += payment.shares
        entry.figures["paid"] += payment.gross
        entry.figures["withheld"] += payment.tax
        if not model.is_open(entry.model_id):
            entry.figures["carriedOut"] = model.division(entry.model_id).remainder
        return payment.net

    def remit(self, name: str) -> int:
        """Send the tax withheld; how much."""
        figures = self.entries[name].figures
        amount = figures["withheld"] - figures["remitted"]
        figures["remitted"] += amount
        return amount

    def sweep(self, name: str) -> int:
        """End a distribution whose deadline has passed; what is swept."""
        entry = self.entries[name]
        end = self.models[entry.series].sweep(entry.model_id)
        entry.figures |= {"swept": end.swept, "carriedOut": end.carried}
        return end.swept

    def refund(self, name: str) -> int:
        """End a distribution that has no holders; what goes back."""
        entry = self.entries[name]
        entry.figures["swept"] = self.models[entry.series].refund(entry.model_id)
        return entry.figures["swept"]

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
        return [who for who in PAGE if who not in self.entries[name].claimed]

    def owes(self, name: str, holder: str) -> bool:
        """Whether a holder can still be paid."""
        entry = self.entries[name]
        outstanding = self.models[entry.series].outstanding(entry.model_id)
        return holder in outstanding and not entry.dated

    def outstanding(self, name: str) -> bool:
        """Whether holders can tell more of a distribution than its figures do."""
        entry = self.entries[name]
        return 0 < entry.figures["eligibleSupply"] != entry.figures["settledShares"]

    def told(self) -> dict[Any, Any]:
        """Everything that can be asked or looked up."""
        told: dict[Any, Any] = {}
        for name, entry in self.entries.items():
            model = self.models[entry.series]
            told[name] = entry.figures | {"owed": self._owed(entry)}
            for holder in HOLDERS if self.outstanding(name) else ():
                due = 0 if entry.dated else model.claimable(entry.model_id, holder)
                told[name, holder] = (due, holder in entry.claimed)
        for series, model in self.models.items():
            assert model.position().missing == 0
            told["carried", series] = model.position().carried
        return told | self.purses

    def _owed(self, entry: Entry) -> int:
        model, figures = self.models[entry.series], entry.figures
        if not model.is_open(entry.model_id):
            return 0
        if figures["eligibleSupply"] == 0:
            return figures["amount"]
        unclaimed = model.outstanding(entry.model_id).values()
        return sum(unclaimed) + model.division(entry.model_id).remainder


def figures(amount: int, carried_in: int, eligible: int) -> dict[str, int]:
    """What a vault says of a distribution of which nothing has been paid."""
    none = ("settledShares", "paid", "withheld", "remitted", "owed", "carriedOut", "swept")
    start = {"amount": amount, "carriedIn": carried_in, "eligibleSupply": eligible}
    return start | dict.fromkeys(none, 0)
