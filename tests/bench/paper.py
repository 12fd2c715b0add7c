"""What a page costs: a statement as HTML, as PDF and with all its files, and an overview.

    python -m tests.bench.paper 200

Seconds are of the processor, not of the clock. What ten thousand statements take is told from a
sample, which `issue_statements` writes by as many processes as it does for all.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from prorata.ledger.books import Books
from prorata.register.shares import Ledger
from prorata.reports.letters import page
from prorata.reports.mailing import PROCESSES, issue_statements
from prorata.reports.overview import overview_page
from prorata.reports.pdf import pdf_of
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.reports.test_annual import (
    RECORD,
    TOKEN,
    UNITS,
    ReportedEvent,
    claimed,
    declared,
    second,
)
from tests.prorata.reports.test_mailing import sample as letter
from tests.prorata.reports.test_overview import sample as overview

MOST = 10_000
CREATED = "2027-12-31T00:00:00Z"
ROUNDS = 5


def each(work: Callable[[], Any], times: int) -> float:
    """The milliseconds of the processor that it takes once, at the best of some rounds."""
    work()
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - start) * 1_000 / times)
    return min(found)


def measure(holders: int) -> dict[str, Any]:
    """By the name of each figure."""
    sheet, shown = letter(), overview()
    html, whole = page(sheet), overview_page(shown)
    paper = pdf_of(html, title="Statement", created=CREATED)
    return {
        "statement, HTML, ms": each(lambda: page(sheet), 20),
        "statement, PDF, ms": each(lambda: pdf_of(html, title="Statement", created=CREATED), 20),
        "statement, PDF, bytes": len(paper),
        "statement, PDF, SHA-256": digest(),
        "overview, ms": each(lambda: overview_page(shown), 5),
        "overview, bytes": len(whole.encode()),
        **_issued(holders),
    }


def digest_elsewhere() -> str:
    """The digest of the statement's PDF, drawn by a process of its own."""
    script = "from tests.bench import paper; print(paper.digest())"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=PROJECT_ROOT
    )
    return done.stdout.strip()


def digest() -> str:
    """The same, by this one."""
    return sha256(pdf_of(page(letter()), title="Statement", created=CREATED)).hexdigest()


def _issued(holders: int) -> dict[str, Any]:
    """All files of so many holders, written by two processes, and what 10,000 would take."""
    books = paid_to(holders)
    before, start = _processor(), time.perf_counter()
    steps: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as place:
        issued = issue_statements(
            books, TOKEN, 2027, Path(place), on_progress=lambda *done: steps.append(done)
        )
    seconds, wall = _processor() - before, time.perf_counter() - start
    assert len(issued.statements) == holders
    assert steps[-1] == (holders, holders)
    return {
        "statements": holders,
        "processes": PROCESSES,
        "steps of the bar": len(steps),
        "all files of a statement, ms": seconds * 1_000 / holders,
        f"{MOST:,} statements, s of the processor": seconds * MOST / holders,
        f"{MOST:,} statements, s of the clock": wall * MOST / holders,
        "load of the machine": os.getloadavg()[0],
    }


def _processor() -> float:
    """Seconds of this process and of those that it has started and that have ended."""
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def paid_to(holders: int) -> Books:
    """The books of so many holders of a hundred shares each, who were all paid in 2027."""
    everybody = [f"0x{number:040x}" for number in range(1, holders + 1)]
    register = [
        (ReportedEvent("Transfer", {"from": ZERO_ADDRESS, "to": who, "value": 100}), 10)
        for who in everybody
    ]
    register.append((ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": RECORD}), 20))
    ledger = Ledger.of(register, TOKEN, until=second(2028))
    events = [(declared(1, holders * 12_345_600), RECORD + 5)]
    paid = second(2027, 2, 1)
    events += [(claimed(who, who, (1, 12_345_600, 0)), paid) for who in everybody]
    books = Books.of(events, [ledger], units=UNITS)
    assert books.balanced, books.differences
    return books


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 200), indent=1))
