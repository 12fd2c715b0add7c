"""What is read back from a chain of so many holders: cap table, books, statements for all.

    python -m tests.bench.reading statements http://127.0.0.1:8545 folder

Each is a process of its own, as its command is. Of statements the processes that write them are
measured too.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.ledger.audits import audit_deployment, audit_register
from prorata.ledger.books import Books
from prorata.reports.annual import paid_in, year_statement
from prorata.reports.letters import Letter, page
from prorata.reports.mailing import Post, issue_statements
from prorata.reports.pdf import pdf_of
from prorata.reports.statements import cap_table, write_cap_table
from tests.bench.memory import peak, peaks_below

SAMPLE = 100
Reported = dict[str, Any]


def captable(found: Deployment) -> Reported:
    """The register from its events, proven, as a file; against a question for each balance."""
    token, start = found.token(), time.perf_counter()
    ledger, differences = audit_register(found.chain, token.address, found.manifest.first_block)
    with tempfile.TemporaryDirectory() as place:
        write_cap_table(cap_table(ledger.balances), Path(place) / "captable.csv")
    seconds = time.perf_counter() - start
    assert not differences
    return {"seconds": seconds, "baseline": _one_by_one(token.balance_of, ledger), "memory": peak()}


def books(found: Deployment) -> Reported:
    """The books from the events, proven; against a question for what each is owed."""
    start = time.perf_counter()
    proven = audit_deployment(found)
    seconds = time.perf_counter() - start
    assert proven.balanced
    vault, ledger = found.vault(), proven.books.ledgers[found.token().address]
    baseline = _one_by_one(lambda holder: vault.claimable(1, holder), ledger)
    return {"seconds": seconds, "baseline": baseline, "memory": peak()}


def _one_by_one(ask: Callable[[str], Any], holders: Any) -> float:
    """The seconds for a question for each holder, one after the other, told from a sample."""
    everybody = list(holders)
    start = time.perf_counter()
    for holder in everybody[:SAMPLE]:
        ask(holder)
    return (time.perf_counter() - start) * len(everybody) / SAMPLE


def statements(found: Deployment) -> Reported:
    """Letters to all, by as many processes as write them; against drawing the PDFs alone, by one.

    The second run compares, and writes nothing.
    """
    proven = audit_deployment(found)
    token, year = found.token().address, datetime.now(timezone.utc).year
    told: list[tuple[int, int]] = []

    def issue(folder: Path) -> float:
        start = time.perf_counter()
        issued = issue_statements(
            proven.books, token, year, folder, on_progress=lambda *done: told.append(done)
        )
        assert len(issued.statements) == len(proven.books.ledgers[token])
        return time.perf_counter() - start

    with tempfile.TemporaryDirectory() as place, peaks_below() as peaks:
        seconds, again = issue(Path(place)), issue(Path(place))
    assert told[-1] == (len(proven.books.ledgers[token]),) * 2
    return {
        "seconds": seconds,
        "again": again,
        "baseline": _drawing(proven.books, token, year),
        "memory": max(peak(), *peaks.values()),
        "processes": [peak(), *peaks.values()],
    }


def _drawing(books: Books, token: str, year: int) -> float:
    """The seconds that drawing all PDFs takes one process, told from a sample."""
    everybody = paid_in(books, token, year)
    pages = [
        page(Letter(year_statement(books, token, year, one), Post().to(one.holder, None)))
        for one in everybody[:SAMPLE]
    ]
    start = time.perf_counter()
    for one in pages:
        pdf_of(one, title="Statement of income", created="2027-12-31T00:00:00Z")
    return (time.perf_counter() - start) * len(everybody) / SAMPLE


PARTS: dict[str, Callable[[Deployment], Reported]] = {
    "captable": captable,
    "books": books,
    "statements": statements,
}


if __name__ == "__main__":
    chosen, url, where = sys.argv[1:]
    print(json.dumps(PARTS[chosen](Deployment.open(RpcChain(url), Path(where)))))
