# SPDX-License-Identifier: MIT
"""The register of an asset at a record date, and its aged unclaimed balances, for people.

Both are files of the reader's choice: CSV, a workbook with live sums, or a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from prorata.files.workbook_sums import computed, money_format, summed
from prorata.files.workbook_writer import Page as SheetPage
from prorata.files.workbook_writer import Value, write_workbook
from prorata.files.writer import Row, write_csv_rows
from prorata.ledger.unclaimed import AgedBalances, OwedRow
from prorata.register.captable import Known
from prorata.register.shares import Ledger
from prorata.reports.pages import Page, PageTable, write_page
from prorata.values.amounts import Amount, Unit, figures, percent
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["RegisterRow", "ageing_kinds", "register_rows", "write_ageing", "write_register"]

COLUMNS = ("place", "holder", "name", "kind", "country", "shares", "of all", "state")


class RegisterRow(Row):
    """One holder of record."""

    place: int
    holder: str
    name: str
    kind: str
    country: str
    shares: Amount
    percent: str
    state: str


def register_rows(
    ledger: Ledger,
    record: int,
    unit: Unit,
    *,
    known: Known | None = None,
    countries: Mapping[str, str] | None = None,
) -> list[RegisterRow]:
    """Who held what when a record closed, the largest first.

    `state` says what has become of a wallet since: that it is frozen now, or was lost and has a
    successor.

    Raises: InputError for a record that was never scheduled or has not closed.
    """
    balances, who = ledger.balances_at(record), {one.address: one for one in known or ()}
    whole, rows = sum(balances.values()), []
    for place, holder in enumerate(sorted(balances, key=lambda a: (-balances[a], a)), start=1):
        person = who.get(holder)
        rows.append(
            RegisterRow(
                place=place,
                holder=holder,
                name=person.name if person else "",
                kind=person.kind if person else "",
                country=(countries or {}).get(holder, ""),
                shares=unit.amount(balances[holder]),
                percent=percent(balances[holder], whole),
                state=_state(ledger, holder),
            )
        )
    return rows


def _state(ledger: Ledger, holder: str) -> str:
    successor = ledger.claimant_of(holder)
    if successor != holder:
        return f"recovered, now {successor}"
    return "frozen" if ledger.is_frozen(holder) else ""


def write_register(rows: Sequence[RegisterRow], path: Path, facts: Mapping[str, str]) -> None:
    """Write the register as CSV, XLSX or HTML, as the file is called.

    Raises: InputError when the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind == ".csv":
        write_csv_rows(path, RegisterRow, rows)
    elif kind == ".xlsx":
        write_workbook(path, _register_pages(rows, facts))
    else:
        shares = figures([row.shares for row in rows])
        lines = [
            (str(r.place), r.holder, r.name, r.kind, r.country, text, r.percent, r.state)
            for r, text in zip(rows, shares, strict=True)
        ]
        numbers = ("place", "shares", "of all")
        names = tuple(f"{name}>" if name in numbers else name for name in COLUMNS)
        total = figures([_whole(rows)])[0] if rows else "0"
        table = PageTable("Holders", names, lines, ("", "", "", "", "", total, "", ""))
        title = f"Register of holders of {facts['asset']}"
        shown = [(n, text) for n, text in facts.items() if n not in ("asset", "record")]
        source = "Rebuilt from the events of the share token, and compared with what it answers."
        write_page(Page(title, facts["record"], shown, [table], source), path)


def _whole(rows: Sequence[RegisterRow]) -> Amount:
    first = rows[0].shares
    units = sum(row.shares.units for row in rows)
    return Amount(units=units, decimals=first.decimals, currency=first.currency)


def _register_pages(rows: Sequence[RegisterRow], facts: Mapping[str, str]) -> list[SheetPage]:
    decimals = rows[0].shares.decimals if rows else 0
    column = summed("F", 2, [row.shares.units for row in rows], decimals)
    lines: list[Sequence[Value]] = [COLUMNS]
    for row, shares in zip(rows, column.cells, strict=True):
        part = Decimal(row.percent.rstrip("%")).scaleb(-2)
        facts_of = (row.place, row.holder, row.name, row.kind, row.country)
        lines.append((*facts_of, shares, part, row.state))
    lines.append(("", "sum", "", "", "", column.total))
    formats = {6: money_format(decimals) if decimals else "#,##0", 7: "0.00%"}
    return [
        SheetPage("register", lines, (8, 46, 32, 14, 9, 22, 10, 60), formats),
        SheetPage("about", [("", ""), *facts.items()], (20, 60)),
    ]


# ------------------------------------------------------------------------------------------ ageing


def write_ageing(aged: AgedBalances, path: Path, asset: str) -> None:
    """Write aged unclaimed balances as CSV, JSON, XLSX or HTML, as the file is called.

    Raises: InputError when the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind in (".csv", ".json"):
        aged.write(path)
    elif kind == ".xlsx":
        write_workbook(path, list(_ageing_sheets(aged, asset)))
    else:
        write_page(_ageing_page(aged, asset), path)


def ageing_kinds(aged: AgedBalances) -> dict[Unit, dict[str, int]]:
    """What is owed by currency and age."""
    found: dict[Unit, dict[str, int]] = {}
    for overdue in aged.distributions:
        sums = found.setdefault(overdue.currency.unit, {})
        for age, units in overdue.by_bucket().items():
            sums[age] = sums.get(age, 0) + units
    return found


def _ageing_page(aged: AgedBalances, asset: str) -> Page:
    tables = []
    for unit, ages in ageing_kinds(aged).items():
        shown = {age: unit.amount(units) for age, units in ages.items() if units}
        total = unit.amount(sum(ages.values()))
        texts = figures([*shown.values(), total])
        by_age = list(zip(shown, texts, strict=False))
        title = f"By age, in {unit.symbol}"
        tables.append(PageTable(title, ("age", "owed>"), by_age, ("all", texts[-1])))
    for overdue in aged.distributions:
        unit, found = overdue.currency.unit, overdue.distribution
        texts = figures([unit.amount(u) for u in (*(o.gross for o in overdue.lines), overdue.owed)])
        rows = [
            (one.holder, text, f"{one.days:,}", one.bucket, one.state)
            for one, text in zip(overdue.lines, texts, strict=False)
        ]
        title = f"Distribution {found.id}, {found.terms.kind.label}, in {unit.symbol}"
        columns = ("holder", "gross>", "days>", "age", "state")
        tables.append(PageTable(title, columns, rows, ("all", texts[-1], "", "", "")))
    lines = sum(len(overdue.lines) for overdue in aged.distributions)
    return Page(
        f"Unclaimed income of {asset}",
        f"As of {moment(aged.at)}",
        [("Open distributions", str(len(aged.distributions))), ("Unpaid", counted(lines, "line"))],
        tables,
        "The lines of a distribution and its remainder are what the vault says is owed.",
    )


def _ageing_sheets(aged: AgedBalances, asset: str) -> Iterator[SheetPage]:
    """For each currency its lines, and the sums by age, which follow from them."""
    rows = list(aged.rows())
    for number, (unit, ages) in enumerate(ageing_kinds(aged).items(), start=1):
        symbol = re.sub("[^A-Za-z0-9]", "", unit.symbol)[:16]
        title = f"owed {number} {symbol}"
        same = [r for r in rows if (r.currency, r.gross.decimals) == (unit.symbol, unit.decimals)]
        column = summed("E", 2, [row.gross.units for row in same], unit.decimals)
        lines: list[Sequence[Value]] = [OwedRow.columns()]
        lines += [_cells(row, gross) for row, gross in zip(same, column.cells, strict=True)]
        lines.append(("sum", "", "", "", column.total))
        money = money_format(unit.decimals)
        yield SheetPage(title, lines, _WIDTHS, {5: money})
        sums: list[Sequence[Value]] = [("age", f"owed, {unit.symbol}")]
        for age, units in ages.items():
            ranges = [f"'{title}'!{letter}2:{letter}{len(same) + 1}" for letter in "HE"]
            formula = f'SUMIF({ranges[0]},"{age}",{ranges[1]})'
            sums.append((age, computed(formula, units, unit.decimals, live=column.live)))
        yield SheetPage(f"by age {number} {symbol}", sums, (16, 24), {2: money})
    about = [("asset", asset), ("as of", moment(aged.at))]
    yield SheetPage("about", about, (16, 40))


_WIDTHS = (12, 46, 46, 10, 22, 22, 8, 14, 12, 22)


def _cells(row: OwedRow, gross: Value) -> Sequence[Value]:
    who = (row.distribution, row.holder, row.claimant, row.currency)
    return (*who, gross, row.since, row.days, row.age, row.state, row.deadline)
