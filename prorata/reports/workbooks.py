# SPDX-License-Identifier: MIT
"""A distribution as a workbook for whoever checks it: summary, holders, exceptions.

The amounts of the sheet `holders` are added up by live formulas, the summary takes its sums from
there, and holds them against what the vault's events say. A difference that is not 0 is an error of
somebody, and of nobody's rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prorata.errors import InputError
from prorata.files.workbook_sums import (
    DIGITS,
    Summed,
    as_text,
    computed,
    exact,
    exact_or_text,
    money_format,
    summed,
)
from prorata.files.workbook_writer import Formula, Page, Value
from prorata.ledger.audits import Audit
from prorata.ledger.entries import DistributionAccount
from prorata.register.captable import Known
from prorata.reports.documents import DistributionRow, StatementRow
from prorata.reports.statements import distribution_row, statement_row
from prorata.reports.tables import verdict
from prorata.values.times import iso

__all__ = ["PLACES", "distribution_pages", "find_distribution"]

HOLDERS = (
    "holder", "name", "shares", "gross", "tax", "net", "paid", "status", "paid at", "payee",
    "transaction",
)  # fmt: skip
WIDTHS = (46, 28, 14, 20, 18, 20, 20, 12, 22, 46, 68)
MONEY = ("gross", "tax", "net", "paid")
TO_TEXT = f"text, because some have more than {DIGITS} digits, and not added up again"

PLACES = (
    ("received", 1), ("carried in", 1), ("paid", -1), ("withheld", -1), ("owed", -1),
    ("carried out", -1), ("swept", -1),
)  # fmt: skip
"""Where the money of a distribution came from and where it is: together they make nought."""

WHY = {
    "claimable": "nobody has claimed or pushed it yet",
    "held": "the wallet is frozen, or its person is not eligible now",
    "not due": "before the first second of payment",
    "expired": "the deadline has passed",
    "excluded": "earns nothing by the distribution's terms",
    "refunded": "went back to its declarer",
}


def find_distribution(audit: Audit, token: str, number: int) -> DistributionAccount:
    """A distribution to the holders of a token.

    Raises: InputError for one that there is not.
    """
    declared = {one.id: one for one in audit.books.of_asset(token)}
    if number not in declared:
        known = ", ".join(map(str, declared))
        rule = "is no distribution of this asset"
        remedy = f"give one of these: {known}" if known else "declare one with `distribute` first"
        raise InputError.of("id", number, rule, remedy)
    return declared[number]


def distribution_pages(
    audit: Audit, token: str, number: int, known: Known | None = None
) -> list[Page]:
    """The sheets of the workbook.

    Raises: InputError for a distribution that there is not.
    """
    report = _Report(audit, token, find_distribution(audit, token, number), known)
    money = money_format(report.decimals)
    formats = {HOLDERS.index(name) + 1: money for name in MONEY}
    return [
        Page("summary", report.summary(), (34, 26, 64), {2: money}),
        Page("holders", list(report.holders()), WIDTHS, formats),
        Page("exceptions", list(report.exceptions()), (46, 28, 20, 12, 70), {3: money}),
    ]


@dataclass(frozen=True)
class _Report:
    """One distribution, read from the books."""

    audit: Audit
    token: str
    found: DistributionAccount
    known: Known | None

    @property
    def decimals(self) -> int:
        """Of its currency."""
        return self.audit.books.unit(self.found.currency).decimals

    @cached_property
    def lines(self) -> list[tuple[str, str, StatementRow]]:
        """Address, name and row of each holder of record, the largest first."""
        who = {one.address: one.name for one in self.known or ()}
        shares = self.found.shares
        return [
            (holder, who.get(holder, ""), self._row(holder))
            for holder in sorted(shares, key=lambda one: (-shares[one], one))
            if shares[holder]
        ]

    def _row(self, holder: str) -> StatementRow:
        return statement_row(self.audit.books, self.token, self.found, holder)

    @cached_property
    def columns(self) -> Mapping[str, Summed]:
        """The amounts of the holders, as cells and with their sums."""
        rows = [row for _, _, row in self.lines]
        amounts = {name: [getattr(row, name).units for row in rows] for name in MONEY[:3]}
        amounts["paid"] = [row.net.units if row.status == "paid" else 0 for row in rows]
        return {
            name: summed(_letter(name), 2, units, self.decimals) for name, units in amounts.items()
        }

    # ------------------------------------------------------------------------------- summary

    def summary(self) -> list[Sequence[Value]]:
        """What it is, where its money is, and that the holders' lines add up to it."""
        row = distribution_row(self.audit.books, self.found)
        rows: list[Sequence[Value]] = [(f"Distribution {self.found.id}", row.currency)]
        rows += [*self._about(row), (), ("by the events of the vault",)]
        first = len(rows) + 1
        amounts = {name: getattr(row, name.replace(" ", "_")).units for name, _ in PLACES}
        live = all(exact(units, self.decimals) is not None for units in amounts.values())
        for name, units in amounts.items():
            number = exact(units, self.decimals) if live else as_text(units, self.decimals)
            rows.append((name, number))
        cells = [f"{'+' if sign > 0 else '-'}B{first + n}" for n, (_, sign) in enumerate(PLACES)]
        rest = sum(amounts[name] * sign for name, sign in PLACES)
        difference = computed("".join(cells)[1:], rest, self.decimals, live=live)
        rows += [("difference", difference, "has to be 0"), ()]
        told = "" if self.columns["gross"].live else TO_TEXT
        rows.append(("by the lines of the holders", "", told))
        rows += [(name, self._total(name)) for name in MONEY]
        paid = _letter("paid") + str(len(self.lines) + 2)
        formula = f"holders!{paid}-B{first + 2}"
        over = sum(r.net.units for _, _, r in self.lines if r.status == "paid") - row.paid.units
        both = live and self.columns["paid"].live
        against = computed(formula, over, self.decimals, live=both)
        return [*rows, ("paid by the lines, less by the events", against, "has to be 0")]

    def _about(self, row: DistributionRow) -> Iterator[Sequence[Value]]:
        books, block = self.audit.books, self.audit.answers.block
        yield "kind", row.kind
        yield "record", f"{row.record}, {row.record_date}"
        yield "declared at", row.declared_at
        yield "payable from", row.payable_from
        yield "deadline", row.deadline or "none"
        yield "state", row.state
        yield "declared in transaction", row.transaction
        yield "document", row.document
        yield "chain", str(self.audit.answers.chain_id)
        yield "block", f"{block.number}, {iso(books.until)}"
        yield "books", verdict(self.audit)

    def _total(self, name: str) -> Value:
        """The sum of a column, as another sheet names it."""
        total = self.columns[name].total
        if not isinstance(total, Formula):
            return total
        return Formula(f"holders!{_letter(name)}{len(self.lines) + 2}", total.value)

    # ------------------------------------------------------------------------------- holders

    def holders(self) -> Iterator[Sequence[Value]]:
        """A line for each holder of record, and the sums."""
        yield HOLDERS
        for number, (holder, name, row) in enumerate(self.lines):
            money = (self.columns[column].cells[number] for column in MONEY)
            shares = exact_or_text(row.shares.units, row.shares.decimals)
            rest = (row.status, row.paid_at, row.payee, row.transaction)
            yield (holder, name, shares, *money, *rest)
        yield ("sum", "", "", *(self.columns[column].total for column in MONEY))

    def exceptions(self) -> Iterator[Sequence[Value]]:
        """Whoever is not paid, and whoever has something to explain."""
        yield ("holder", "name", "net", "status", "why")
        odd = [line for line in self.lines if line[2].status != "paid" or line[2].note]
        column = summed("C", 2, [row.net.units for _, _, row in odd], self.decimals)
        for (holder, name, row), net in zip(odd, column.cells, strict=True):
            yield (holder, name, net, row.status, row.note or WHY.get(row.status, ""))
        yield ("sum", "", column.total)


def _letter(name: str) -> str:
    return chr(ord("A") + HOLDERS.index(name))
