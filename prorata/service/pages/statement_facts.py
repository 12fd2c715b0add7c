# SPDX-License-Identifier: MIT
"""The yearly statements of one holder, from books that were audited for it.

They are those of `prorata statements`, byte for byte, as long as both are of the same block. Books
are kept for a moment, so that whoever turns pages moves no node; what does not balance makes no
statement.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.ledger.audits import audit_deployment
from prorata.ledger.books import Books
from prorata.register.address_book import default_names, read_names
from prorata.register.captable import Holding
from prorata.reports.annual import Statement, paid_in
from prorata.reports.mailing import Post, letter_files
from prorata.reports.tables import verdict
from prorata.reports.usual import post_of, year_rules
from prorata.service.deployed import Deployed
from prorata.service.problems import Refused
from prorata.tax.years import YearRules
from prorata.values.times import UTC, year_of

__all__ = ["MEDIA", "AuditedBooks", "Kept"]

KEPT_SECONDS = 15
MEDIA = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
"""The files of a statement, and what each is."""


@dataclass
class Kept:
    """The books of a deployment at a block, with all that statements are made with."""

    books: Books
    token: str
    block: int
    block_hash: str
    post: Post
    rules: YearRules
    names: Mapping[str, Holding]
    first_year: int
    made_at: float = field(default_factory=time.monotonic)
    _found: dict[int, dict[str, Statement]] = field(default_factory=dict)

    @property
    def time(self) -> int:
        """As of when they are."""
        return self.books.until

    def years_of(self, holder: str) -> list[tuple[int, Statement]]:
        """The years in which a holder has a statement, the latest first."""
        # The year of a payment may be the one after that of the block, where a calendar is ahead.
        last = year_of(self.books.until, UTC) + 1
        years = range(last, self.first_year - 2, -1)
        return [(year, one) for year in years if (one := self._of(year).get(holder)) is not None]

    def file(self, holder: str, year: int, kind: str, name: str) -> tuple[str, bytes]:
        """A file of a statement by its kind, with its name; `name` is what the office calls him.

        Raises: InputError for a year that no calendar has; Refused when there is no such statement.
        """
        statement = self._of(year).get(holder)
        if statement is None:
            sentence = f"this account has no statement of {year}"
            raise Refused("not-found", sentence, "see the list of years", value=str(year))
        known = self.names.get(holder)
        if name:
            known = Holding(holder, 0, name, known.kind if known else "")
        letter = self.post.letter(
            self.books, self.token, year, statement, known=known, rules=self.rules
        )
        for path, content in letter_files(letter):
            if path.endswith(f".{kind}") and "/" not in path:
                return f"statement-{year}-{path}", content
        raise Refused("not-found", f"a statement is no {kind} file", "take pdf, html, csv or json")

    def _of(self, year: int) -> dict[str, Statement]:
        """The statements of a year, by holder."""
        found = self._found.get(year)
        if found is None:
            made = paid_in(self.books, self.token, year, self.rules)
            found = self._found[year] = {one.holder: one for one in made}
        return found


class AuditedBooks:
    """The books of deployments, audited when they are asked for and kept for a moment."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._kept: dict[str, Kept] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def of(self, token: str) -> Kept:
        """Those of a token, of this moment or a few seconds ago.

        Raises: Refused for no such token, or when they do not balance; DeploymentError, BooksError,
        ChainError.
        """
        folder = self._deployed.folder(token)
        turn = self._turns.setdefault(token, asyncio.Lock())
        # Who asks at the same time waits for the same books.
        async with turn:
            known = self._kept.get(token)
            if known is None or time.monotonic() >= known.made_at + KEPT_SECONDS:
                known = await self._deployed.workers.do(lambda: self._renewed(known, folder))
                self._kept[token] = known
            return known

    def _renewed(self, known: Kept | None, folder: Path) -> Kept:
        chain = self._deployed.node()
        if known is not None and chain.block().hash == known.block_hash:
            return known
        return _made(chain, folder)


def _made(chain: RpcChain, folder: Path) -> Kept:
    found = Deployment.open(chain, folder)
    proven, token = audit_deployment(found), found.token().address
    if not proven.balanced:
        raise Refused(
            "unavailable",
            f"the books do not balance, so that there are no statements now: {verdict(proven)}",
            "tell the issuer, who finds out why with `prorata books`",
        )
    path, block = default_names(folder), proven.answers.block
    return Kept(
        proven.books,
        token,
        block.number,
        block.hash,
        post_of(found),
        year_rules(found, proven.books.ledgers[token]),
        {} if path is None else {one.address: one for one in read_names(path)},
        year_of(chain.block(found.manifest.first_block).timestamp, UTC),
    )
