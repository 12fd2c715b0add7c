# SPDX-License-Identifier: MIT
"""The reconciliation of an asset's income as a workbook: control book, vault, differences.

The control book has a line for each distribution and says where its money is. The sheet `vault`
holds what the vault has against what it owes to all. `differences` has what events and contracts
say differently, and `payments` what a file of payments and the chain do, with age and owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prorata.files.workbook_sums import (
    as_text,
    computed,
    exact,
    exact_or_text,
    money_format,
    summed,
)
from prorata.files.workbook_writer import Page, Value
from prorata.ledger.audits import Audit
from prorata.reports.documents import DistributionRow
from prorata.reports.payments_file import Unmatched
from prorata.reports.statements import distribution_rows
from prorata.reports.tables import verdict
from prorata.reports.workbooks import PLACES
from prorata.values.times import iso

__all__ = ["reconciliation_pages"]

FACTS = ("distribution", "kind", "record date", "declared at", "state", "currency")
FIRST = ord("A") + len(FACTS)
UNMATCHED = (
    "what", "distribution", "currency", "by the file", "by the chain", "difference", "days",
    "owner", "lines of the file", "references",
)  # fmt: skip


def reconciliation_pages(
    audit: Audit, token: str, payments: Sequence[Unmatched] | None = None
) -> list[Page]:
    """The sheets of the workbook; without `payments`, no file was compared."""
    books = audit.books
    rows = distribution_rows(books, books.paying(token))
    most = max((row.received.decimals for row in rows), default=2)
    money = money_format(most)
    formats = {len(FACTS) + 1 + n: money for n in range(len(PLACES) + 1)}
    widths = (13, 18, 22, 22, 12, 10, *(20 for _ in PLACES), 14)
    vault = list(_vault(audit))
    pages = [
        Page("control book", list(_control(rows)), widths, formats),
        Page("vault", vault, (14, 24, 24, 16, 60), {2: money, 3: money, 4: money}),
        Page("differences", list(_differences(audit)), (40, 30, 30, 40, 30, 40)),
    ]
    if payments is not None:
        sums = {4: money, 5: money, 6: money}
        widths = (32, 13, 10, 20, 20, 20, 8, 50, 16, 40)
        pages.append(Page("payments", list(_payments(payments)), widths, sums))
    return pages


def _control(rows: Sequence[DistributionRow]) -> Iterator[Sequence[Value]]:
    """By currency: a line for each distribution, the sums, and what is missing, which is 0."""
    yield (*FACTS, *(name for name, _ in PLACES), "difference")
    line = 2
    for currency in dict.fromkeys((row.currency, row.received.decimals) for row in rows):
        group = [row for row in rows if (row.currency, row.received.decimals) == currency]
        decimals = currency[1]
        columns = [
            summed(chr(FIRST + place), line, [_units(row, name) for row in group], decimals)
            for place, (name, _) in enumerate(PLACES)
        ]
        live = all(column.live for column in columns)
        rests = [sum(_units(row, name) * sign for name, sign in PLACES) for row in group]
        for number, row in enumerate(group):
            facts = (row.distribution, row.kind, row.record_date, row.declared_at, row.state)
            cells = [column.cells[number] for column in columns]
            rest = computed(_rest(line + number), rests[number], decimals, live=live)
            yield (*facts, row.currency, *cells, rest)
        line += len(group)
        rest = computed(_rest(line), sum(rests), decimals, live=live)
        yield ("sum", "", "", "", "", currency[0], *(column.total for column in columns), rest)
        line += 1


def _units(row: DistributionRow, name: str) -> int:
    found: int = getattr(row, name.replace(" ", "_")).units
    return found


def _rest(line: int) -> str:
    """What a line does not account for, as a formula."""
    signs = ("+" if sign > 0 else "-" for _, sign in PLACES)
    return "".join(f"{sign}{chr(FIRST + n)}{line}" for n, sign in enumerate(signs))[1:]


def _vault(audit: Audit) -> Iterator[Sequence[Value]]:
    """What the vault has of each currency, and what it needs, for all its assets."""
    books, block = audit.books, audit.answers.block
    yield ("currency", "the vault has", "it needs", "more", "")
    for line, (currency, held) in enumerate(audit.answers.held.items(), start=2):
        unit, needed = books.unit(currency), books.liability(currency)
        live = None not in (exact(held, unit.decimals), exact(needed, unit.decimals))
        amounts = [
            exact_or_text(units, unit.decimals) if live else as_text(units, unit.decimals)
            for units in (held, needed)
        ]
        more = computed(f"B{line}-C{line}", held - needed, unit.decimals, live=live)
        why = "came without a declaration" if held > needed else ""
        yield (unit.symbol, *amounts, more, why)
    yield ()
    yield ("vault", books.vault)
    yield ("block", f"{block.number} of chain {audit.answers.chain_id}, {iso(books.until)}")
    yield ("books", verdict(audit))


def _differences(audit: Audit) -> Iterator[Sequence[Value]]:
    """What two sources say differently, and what could not be compared."""
    yield ("where", "figure", "is", "by", "and", "by")
    for one in audit.books.differences:
        yield (one.place.name, one.figure, one.left, one.left_source, one.right, one.right_source)
    for words in (*audit.answers.unanswered, *audit.books.unproven):
        yield (words, "not compared")


def _payments(found: Sequence[Unmatched]) -> Iterator[Sequence[Value]]:
    """What file and chain say differently; nothing below the heading is good news."""
    yield UNMATCHED
    for line, one in enumerate(found, start=2):
        decimals = one.currency.decimals
        live = None not in (exact(one.by_file, decimals), exact(one.by_chain, decimals))
        amounts = [
            exact_or_text(units, decimals) if live else as_text(units, decimals)
            for units in (one.by_file, one.by_chain)
        ]
        more = computed(f"D{line}-E{line}", one.difference, decimals, live=live)
        number = "" if one.distribution is None else one.distribution
        where = (", ".join(map(str, one.lines)), ", ".join(one.references))
        yield (one.what, number, one.currency.symbol, *amounts, more, one.days, one.owner, *where)
