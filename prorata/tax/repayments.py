# SPDX-License-Identifier: MIT
"""Repayments that are due: what was withheld too much of income that has been paid, by the books.

What should have been withheld is what a certificate says, that was filed too late for the record.
How it is repaid, and booked, is `prorata.tax.corrections`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from prorata.ledger.books import Books
from prorata.ledger.corrections import Correction
from prorata.ledger.entries import BookEntry, DistributionAccount
from prorata.tax.certificates import CertificateRow
from prorata.tax.over_withheld import tax_due
from prorata.tax.procedures import Procedure
from prorata.tax.years import YearRules, year_of_income
from prorata.values.times import year_of

__all__ = ["HALF", "Found", "Repayment", "find_repayments"]

HALF = 16
"""Bytes of each half of a reference."""


@dataclass(frozen=True)
class Repayment:
    """What is to be repaid to one holder of one distribution; `amount` is more than 0."""

    distribution: DistributionAccount
    entry: BookEntry
    due: int
    repaid: int
    year: int
    window_until: int
    document: str
    booked: frozenset[str] = frozenset()
    """The transactions of corrections that are booked already, which make up `repaid`."""

    @property
    def amount(self) -> int:
        """What was withheld too much, and has not been repaid yet."""
        return self.entry.tax - self.due - self.repaid

    @property
    def key(self) -> str:
        """What the journal calls the step, whoever the holder is paid by."""
        return f"tax/repay/{self.distribution.id}/{self.entry.holder}/{self.due}"

    def reference(self, chain_id: int) -> bytes:
        """What names distribution and holder on the chain, and the tax that was due."""
        return self.subject(chain_id) + self.due.to_bytes(HALF, "big")

    def subject(self, chain_id: int) -> bytes:
        """The part of the reference that all repayments to the holder share."""
        place = f"{chain_id}/{self.distribution.vault}/{self.distribution.id}/{self.entry.holder}"
        return keccak(text=f"prorata tax repaid {place}")[:HALF]


@dataclass(frozen=True)
class Found:
    """What certificates make of the tax withheld: `due` to be repaid, `waiting` not paid yet.

    `before` was repaid earlier. `waiting` has distribution and holder of whom the same will be
    withheld when they are paid.
    """

    due: tuple[Repayment, ...]
    before: tuple[Correction, ...]
    waiting: tuple[tuple[int, str], ...]


# --------------------------------------------------------------------------------------- finding


def find_repayments(
    books: Books,
    token: str,
    entries: Sequence[CertificateRow],
    rules: YearRules,
    procedure: Procedure,
    *,
    ids: Collection[int] = (),
) -> Found:
    """What was withheld too much by certificates, in the distributions `ids` or in all.

    Of several certificates for one income the one with the least tax counts.
    """
    finder = _Finder(books, rules, procedure)
    due: dict[tuple[int, str], Repayment] = {}
    waiting: dict[tuple[int, str], None] = {}
    for distribution in books.of_asset(token):
        if ids and distribution.id not in ids:
            continue
        for entry, tax in _certified(books, distribution, entries):
            place = distribution.id, entry.address
            settled = distribution.settlements.get(entry.address)
            if settled is None:
                waiting[place] = None
            elif place not in due or tax < due[place].due:
                document = entry.certificate.document_hash
                due[place] = finder.repayment(distribution, settled, document, tax)
    before = [
        one
        for repayment in due.values()
        for one in books.corrections.of(repayment.distribution.id, repayment.entry.holder)
    ]
    open_ones = tuple(one for one in due.values() if one.amount > 0)
    return Found(open_ones, tuple(before), tuple(waiting))


def _certified(
    books: Books, distribution: DistributionAccount, entries: Sequence[CertificateRow]
) -> Iterator[tuple[CertificateRow, int]]:
    """The entries by which less tax is due on an income, with how much that is."""
    for entry in entries:
        gross = books.gross_of(distribution, entry.address)
        tax = books.tax_of(distribution, entry.address)
        record, kind = distribution.record_time, distribution.terms.kind
        due = tax_due(entry.certificate, kind, record, gross)
        if due is not None and due < tax:
            yield entry, due


@dataclass(frozen=True)
class _Finder:
    """Makes repayments of settlements, by the rules of years and a procedure."""

    books: Books
    rules: YearRules
    procedure: Procedure

    def repayment(
        self, distribution: DistributionAccount, settled: BookEntry, document: bytes, due: int
    ) -> Repayment:
        books, ledger = self.books, self.books.ledgers[distribution.token]
        rule = self.rules.rule_of(ledger.claimant_of(settled.holder), settled.holder)
        until = self.rules.eligible_until
        counted = year_of_income(books, distribution, settled.holder, rule, until)
        before = books.corrections.of(distribution.id, settled.holder)
        return Repayment(
            distribution=distribution,
            entry=settled,
            due=due,
            repaid=sum(one.amount for one in before),
            year=counted or year_of(settled.time, rule.calendar),
            window_until=self.procedure.window_of(settled.time),
            document=f"0x{document.hex()}",
            booked=frozenset(one.transaction for one in before),
        )
