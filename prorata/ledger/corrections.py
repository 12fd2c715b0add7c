# SPDX-License-Identifier: MIT
"""Corrections: over-withheld tax that was repaid to a holder after its income had been paid.

The vault sends what it withheld to the collector only, so that a repayment comes from an account of
the collector or the issuer, and no event of ours tells of it. Each is therefore noted in the
deployment's journal, sealed like everything there, with when it is booked, what it concerns (year,
distribution, holder), who paid, the procedure and its window, and the transaction, which the audit
asks for.

A correction never changes what the vault's events say: it stands beside the distribution, in the
books and statements of the year in which it was booked, and marks those of the year it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any

from prorata.chain.calls import decode_logs
from prorata.chain.node import RpcChain
from prorata.chain.types import Mined
from prorata.deployments.deployment import Deployment, open_journal
from prorata.errors import JournalError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "NOTED",
    "Correction",
    "Corrections",
    "corrections_in",
    "read_corrections",
    "transferred",
    "unproven",
]

NOTED = "tax-repaid"
"""What the journal calls a note of a correction."""


@dataclass(frozen=True)
class Correction:
    """One repayment; amounts in the currency's smallest unit, times Unix seconds.

    `withheld` is what the vault had withheld, `due` what should have been; `by` says whether the
    `payer` is the collector, the issuer or another account; to whom it went, the transaction tells.
    `document` is the hash of what it rests on.
    """

    booked_at: int
    year: int
    distribution_id: int
    holder: str
    currency: str
    amount: int
    withheld: int
    due: int
    payer: str
    by: str
    procedure: str
    window_until: int
    document: str
    transaction: str

    def facts(self) -> dict[str, Any]:
        """For the journal: amounts as text, as JSON's numbers are not exact everywhere."""
        amounts = {name: str(getattr(self, name)) for name in ("amount", "withheld", "due")}
        return {"what": NOTED, **asdict(self), **amounts}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Correction:
        """From the journal.

        Raises: JournalError for a note that is none.
        """
        try:
            known = {field.name: facts[field.name] for field in fields(cls)}
            amounts = {name: int(known[name]) for name in ("amount", "withheld", "due")}
            return cls(**{**known, **amounts})
        except (KeyError, TypeError, ValueError):
            raise JournalError(
                "the journal has a note of a correction that is incomplete",
                "use the version of prorata that wrote it",
            ) from None


class Corrections:
    """The corrections in books; iteration is in order of booking."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[int, str], list[Correction]] = {}

    def __iter__(self) -> Iterator[Correction]:
        found = (one for group in self._by_place.values() for one in group)
        order = attrgetter("booked_at", "distribution_id", "holder")
        return iter(sorted(found, key=order))

    def __len__(self) -> int:
        return sum(map(len, self._by_place.values()))

    def add(self, one: Correction) -> None:
        """Enter one."""
        self._by_place.setdefault((one.distribution_id, one.holder), []).append(one)

    def of(self, distribution_id: int, holder: str) -> list[Correction]:
        """Those of the tax on one holder's income from a distribution."""
        return list(self._by_place.get((distribution_id, holder), ()))

    def repaid(self, distribution_id: int, holder: str) -> int:
        """What was repaid of that tax."""
        return sum(one.amount for one in self.of(distribution_id, holder))


def corrections_in(notes: Iterable[Mapping[str, Any]]) -> list[Correction]:
    """The corrections among the notes of a journal, in order.

    Raises: JournalError.
    """
    return [Correction.of(note) for note in notes if note.get("what") == NOTED]


def read_corrections(deployment: Deployment) -> list[Correction]:
    """The corrections that a deployment's journal knows of.

    Raises: JournalError when it is damaged.
    """
    with open_journal(deployment.chain, deployment.folder, read_only=True) as journal:
        return corrections_in(journal.notes)


def transferred(mined: Mined, currency: str) -> int:
    """How much of a currency a transaction has moved; of the chain's own coin no log tells."""
    logs = [log for log in mined.logs if log.address == currency]
    return sum(int(event.args["value"]) for event in decode_logs(logs, "Transfer"))


def unproven(chain: RpcChain, corrections: Sequence[Correction]) -> list[tuple[Correction, int]]:
    """Those whose transaction has not moved just their amount, with what it has moved."""
    receipts = chain.receipts([one.transaction for one in corrections])
    wrong = []
    for one, mined in zip(corrections, receipts, strict=True):
        moved = 0
        if mined is not None and mined.success:
            native = one.currency == ZERO_ADDRESS
            moved = one.amount if native else transferred(mined, one.currency)
        if moved != one.amount:
            wrong.append((one, moved))
    return wrong
