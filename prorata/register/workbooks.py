# SPDX-License-Identifier: MIT
"""A cap table as an Excel workbook, which reads back to the same table.

The sheet `holders` has the columns of the CSV file and nothing else. The sheet `summary`, which is
for people and not read back, has the totals as live formulas, with their values. A total that a
spreadsheet could not keep exactly stands there as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from prorata.files.workbook_reader import SUMMARY
from prorata.files.workbook_writer import Formula, Page, Value, figure, write_workbook
from prorata.register.captable import CapTable, write_csv

__all__ = ["table_pages", "write_table"]

COLUMNS = ("address", "name", "kind", "shares", "percent")
WIDTHS = (46, 36, 14, 24, 10)
FORMATS = {4: "#,##0", 5: "0.00%"}


def write_table(table: CapTable, path: Path, facts: Mapping[str, str]) -> None:
    """Write the table, with what is known of it as `facts` on the summary, to a folder there is.

    Raises: InputError, and then nothing is written, when it could not be read back; InputError
    when the file cannot be written.
    """
    write_workbook(path, table_pages(table, facts))


def table_pages(table: CapTable, facts: Mapping[str, str]) -> list[Page]:
    """The sheets of the workbook.

    Raises: InputError when the table could not be read back.
    """
    write_csv(table)  # says so
    return [
        Page("holders", [COLUMNS, *_holders(table)], WIDTHS, FORMATS),
        Page("summary", list(_summary(table, facts)), (24, 46), {2: "#,##0"}),
    ]


def _holders(table: CapTable) -> Iterator[tuple[Value, ...]]:
    total = table.total
    for holding in table:
        part = Decimal(holding.shares * 10_000 // total).scaleb(-4)
        shares = figure(holding.shares, table.decimals)
        yield holding.address, holding.name, holding.kind, shares, part


def _summary(table: CapTable, facts: Mapping[str, str]) -> Iterator[tuple[Value, ...]]:
    yield (SUMMARY,)
    yield from facts.items()
    rows = f"2:{{}}{len(table) + 1}"
    addresses, kinds, shares = (f"holders!{c}{rows.format(c)}" for c in "ACD")
    yield "holders", Formula(f"COUNTA({addresses})", len(table)) if len(table) else 0
    yield "shares", _sum(table, f"SUM({shares})", table.total)
    for kind, held in table.by_kind.items():
        if kind:
            yield f"of these {kind}", _sum(table, f'SUMIF({kinds},"{kind}",{shares})', held)


def _sum(table: CapTable, formula: str, units: int) -> Value:
    """A live total, where every figure in it is a number to the spreadsheet, and it is too."""
    exact = figure(units, table.decimals)
    every = (figure(holding.shares, table.decimals) for holding in table)
    if isinstance(exact, int) and all(isinstance(shares, int) for shares in every) and len(table):
        return Formula(formula, exact)
    return exact
