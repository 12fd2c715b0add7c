"""Withholding without a history: each rate is worked out once, when a record's second is over.

What is known at that moment decides it for ever. A certificate comes first, the latest filed before
the others; then the table in force, its narrowest row before the wider ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from tests.model.outcomes import refuse

ANY_COUNTRY, ANY_CLASS = 0, 255
KINDS = range(5)
"""Of income, as `IDividendVault` numbers them."""

WINDOW = 16
"""So many certificates of a holder are looked at, the latest ones."""

Key = tuple[int, int, int]
"""Country, class and kind of a row of the table."""


@dataclass
class Certificate:
    """A certificate in the file of its holder."""

    rate: int
    kinds: int
    since: int
    until: int
    revoked: bool = False

    def counts(self, kind: int, time: int) -> bool:
        """Whether it decides the tax on a kind of income at a time."""
        return not self.revoked and self.kinds >> kind & 1 == 1 and self.since <= time <= self.until


class Withholding:
    """What is known now, and nothing of how it came to be known; and what was answered once."""

    def __init__(self, table: Mapping[Key, int], holders: Sequence[str], now: int) -> None:
        self.now = now
        self.holders = holders
        self.tables = {0: dict(table)}
        self.registered: dict[str, tuple[int, int]] = {}
        self.noted: dict[str, tuple[int, int]] = {}
        self.files: dict[str, list[Certificate]] = {who: [] for who in holders}
        self.records: list[int] = []
        self.answers: dict[tuple[int, str, int], int] = {}

    def rate(self, holder: str, kind: int, time: int) -> int:
        """The law, for a time at which nothing changes any more, or provisionally."""
        for certificate in reversed(self.files[holder]):
            if certificate.counts(kind, time):
                return certificate.rate
        wanted = [(ANY_COUNTRY, ANY_CLASS)]
        if holder in self.noted:
            country, class_ = self.noted[holder]
            wanted = [(country, class_), (country, ANY_CLASS), (ANY_COUNTRY, class_), *wanted]
        table = self.tables[max(since for since in self.tables if since <= time)]
        return next(table[(*key, kind)] for key in wanted if (*key, kind) in table)

    def wait_until(self, now: int) -> list[int]:
        """Time passes; the records whose second is over by then are answered, once for all."""
        over = [n for n, at in enumerate(self.records, 1) if self.now <= at < now]
        for record, who, kind in product(over, self.holders, KINDS):
            self.answers[record, who, kind] = self.rate(who, kind, self.records[record - 1])
        self.now = now
        return over

    def set_rates(self, table: dict[Key, int], since: int) -> None:
        """Put a table in force from a time on, in place of all later ones; 0 is now."""
        since = since or self.now
        refuse(("WithholdingPolicy_InThePast", (since, self.now)) if since < self.now else None)
        self.tables = {at: old for at, old in self.tables.items() if at < since} | {since: table}

    def note(self, wallets: list[str]) -> None:
        """Take over from the register where holders live and what they are."""
        for who in wallets:
            self.noted.pop(who, None)
            if who in self.registered:
                self.noted[who] = self.registered[who]

    def certify(self, holder: str, given: Certificate) -> None:
        """File a certificate."""
        file = self.files[holder]
        bad = given.until < given.since or given.until < self.now
        period = (given.since, given.until, self.now)
        # Whatever lies more than sixteen back is not looked at, so it must be over.
        running = [n for n, c in enumerate(file, 1) if not c.revoked and self.now <= c.until]
        first = running[0] if running else len(file) + 1
        refuse(
            ("WithholdingPolicy_InvalidPeriod", period) if bad else None,
            ("WithholdingPolicy_TooManyCertificates", (holder, first, WINDOW))
            if first <= len(file) + 1 - WINDOW else None,
        )  # fmt: skip
        file.append(given)

    def revoke(self, holder: str, number: int) -> None:
        """Take a certificate back."""
        unknown = number > len(self.files[holder])
        refuse(("WithholdingPolicy_UnknownCertificate", (holder, number)) if unknown else None)
        self.files[holder][number - 1].revoked = True
