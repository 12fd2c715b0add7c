# SPDX-License-Identifier: MIT
"""The audited books: tables for a terminal, one JSON document, and a folder of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from prorata.ledger.audits import Audit
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.register.captable import CapTable, Known
from prorata.reports.annual import by_year, correction_rows
from prorata.reports.calls import escrow_columns
from prorata.reports.statements import (
    income_of,
)
from prorata.tax.years import YearRules
from prorata.values.amounts import Unit, format_units, percent

__all__ = [
    "cap_table_table",
    "corrections_table",
    "distributions_table",
    "escrow_table",
    "held_table",
    "holders_table",
    "plain_table",
    "positions_table",
    "verdict",
    "years_table",
]

BALANCED = "The books balance, to the last unit."

COLUMNS = 4
SHOWN_DECIMALS = 6


def plain_table(*columns: str, text: int = 1) -> Table:
    """An empty table without a frame: the first `text` columns left-aligned, figures right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        left = number < text
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def verdict(audit: Audit) -> str:
    """One sentence: that everything agrees, or the first difference."""
    differences = audit.books.differences
    if not differences:
        return BALANCED
    more = f" ({len(differences) - 1} more follow from it or stand beside it)"
    return f"{differences[0]}{more if len(differences) > 1 else ''}"


# ----------------------------------------------------------------------------------------- tables


def positions_table(books: Books, tokens: Iterable[str] | None = None) -> Table:
    """Where the money is: one column per currency, one line per place, and the sum."""
    wanted = None if tokens is None else frozenset(tokens)
    positions = [p for p in books.positions() if wanted is None or p.token in wanted]
    several = len({position.token for position in positions}) > 1
    heads = []
    for position in positions:
        symbol = books.unit(position.currency).symbol
        heads.append(f"{books.unit(position.token).symbol} {symbol}" if several else symbol)
    table = plain_table("", *heads)
    for sign, label, figures in (
        ("", "deposited", [p.received for p in positions]),
        ("=", "paid to holders", [p.paid for p in positions]),
        ("+", "withheld as tax", [p.withheld for p in positions]),
        ("+", "still owed", [p.owed for p in positions]),
        ("+", "carried to the next", [p.carried for p in positions]),
        ("+", "swept or refunded", [p.swept for p in positions]),
    ):
        if sign and label.startswith("swept") and not any(figures):
            continue
        cells = [
            books.unit(p.currency).text(amount) if amount else "-"
            for p, amount in zip(positions, figures, strict=True)
        ]
        table.add_row(f"{sign or ' '} {label}", *cells)
    differences = [books.unit(p.currency).text(p.missing) for p in positions]
    table.add_row("  difference", *differences, style="bold")
    return table


def held_table(audit: Audit, token: str) -> Table | None:
    """What is held of the shares, and what makes it up; None where nothing ever was.

    Beside it stands what the market's contracts have: of every currency, too.
    """
    movements = audit.books.movements.get(token)
    if movements is None or not (movements.listed or movements.holds.accounts()):
        return None
    books, figures, answers = audit.books, movements.holds.figures(), audit.trading[token]
    assets = [token, *sorted({*answers.cared_for, *answers.at_settlement} - {token})]
    table = plain_table("", *(books.unit(asset).symbol for asset in assets))
    shares, blank = books.unit(token), [""] * (len(assets) - 1)
    for sign, label, amount in (
        (" ", "held on the token", figures.held),
        ("=", "in open holds", figures.open_holds),
        ("+", "kept by keepers", figures.kept),
        ("-", "taken by order of an agent", figures.taken_by_order),
        ("+", "held by other contracts", figures.by_others),
    ):
        if sign in " =+" or amount:
            table.add_row(f"{sign} {label}", shares.text(amount) if amount else "-", *blank)
    table.add_row("  difference", shares.text(figures.difference), *blank, style="bold")
    holds = movements.holds
    promised = [holds.in_custody, *(holds.currencies[asset] for asset in assets[1:])]
    for label, amounts in (
        ("promised from the care of holds", promised),
        ("there", [answers.cared_for.get(asset, 0) for asset in assets]),
        ("kept by the settlement", [answers.at_settlement.get(asset, 0) for asset in assets]),
    ):
        table.add_row(f"  {label}", *map(_shown, map(books.unit, assets), amounts))
    return table


def escrow_table(audit: Audit, token: str) -> Group | None:
    """Money in calls and exchanges, a column each for every currency; None where there is none.

    What came in went back, was paid, or waits; what is owed went back or was paid as far as the
    terms go, and waits to be taken. What is there by the chain is what waits and what is owed.
    """
    found = list(escrow_columns(audit, token))
    tables: list[Table | str] = []
    for start in range(0, len(found), COLUMNS):
        group = found[start : start + COLUMNS]
        units = [audit.books.unit(currency) for _, currency, _ in group]
        table = plain_table("money in", *(name for name, _, _ in group))
        table.add_row("currency", *(unit.symbol for unit in units))
        for label, name in _ESCROW.items():
            amounts = [places[name] for _, _, places in group]
            table.add_row(label, *map(_shown, units, amounts))
        last = [
            unit.text(places["difference"])
            for unit, (_, _, places) in zip(units, group, strict=True)
        ]
        table.add_row("  difference", *last, style="bold")
        tables += [table, ""]
    return Group(*tables[:-1]) if found else None


_ESCROW = {
    "  came in": "received",
    "= went back": "went_back",
    "+ paid out": "paid",
    "+ waits": "waits",
    "  owed besides": "owed",
    "  there": "there",
}


def years_table(books: Books, token: str, rules: YearRules | None = None) -> Table:
    """What counts in each year by the holders' rules, and what was repaid in it."""
    table = plain_table("year", "currency", "gross", "tax withheld", "tax repaid", text=2)
    for row in by_year(books, token, rules):
        amounts = (row.gross, row.tax, row.repaid_in_year)
        figures = (amount.text if amount.units else "-" for amount in amounts)
        table.add_row(str(row.year), row.currency, *figures)
    return table


def corrections_table(books: Books) -> Table:
    """Tax that was withheld too much and repaid, one line each."""
    table = plain_table("booked", "of year", "distribution", "holder", "by", "repaid", text=5)
    for row in correction_rows(books, books.corrections):
        day, amount = row.booked_on[:10], f"{row.repaid.text} {row.currency}"
        table.add_row(day, str(row.year), str(row.distribution), row.holder, row.by, amount)
    return table


def distributions_table(books: Books, tokens: Iterable[str] | None = None) -> Group:
    """One column per distribution, four side by side, and a line for each amount in it."""
    wanted = None if tokens is None else frozenset(tokens)
    chosen = [d for d in books.distributions.values() if wanted is None or d.token in wanted]
    tables: list[Table | str] = []
    for start in range(0, len(chosen), COLUMNS):
        group = chosen[start : start + COLUMNS]
        units = [books.unit(d.currency) for d in group]
        table = plain_table("distribution", *(str(d.id) for d in group))
        table.add_row("record", *(_record(books, d) for d in group))
        table.add_row("kind", *(d.terms.kind.label for d in group))
        table.add_row("currency", *(unit.symbol for unit in units))
        for label, amounts in (
            ("received", [d.received for d in group]),
            ("carried in", [d.carried_in for d in group]),
            ("paid", [d.paid for d in group]),
            ("withheld", [d.withheld for d in group]),
            ("still owed", [d.owed for d in group]),
            ("carried out", [d.carried_out for d in group]),
            ("swept", [d.swept for d in group]),
        ):
            if label != "swept" or any(amounts):
                table.add_row(label, *map(_shown, units, amounts))
        table.add_row("holders paid", *(f"{len(d.settlements)} of {len(d.earning)}" for d in group))
        tables += [table, ""]
    return Group(*tables[:-1])


def _record(books: Books, distribution: DistributionAccount) -> str:
    """Which record is paid, or which record range, whose shares are weighted."""
    number, token = str(distribution.record_id), distribution.token
    return number if books.ledgers[token].asset == token else f"range {number}"


def _shown(unit: Unit, amount: int) -> str:
    """For an overview: six decimals, and dots where there is more."""
    whole, point, part = unit.text(amount).partition(".")
    if not amount:
        return "-"
    more = "…" if part[SHOWN_DECIMALS:].strip("0") else ""
    return f"{whole}{point}{part[:SHOWN_DECIMALS]}{more}"


def cap_table_table(table: CapTable, shown: int) -> Table:
    """The first holdings of a cap table, by name where there is one."""
    drawn = plain_table("holder", "name", "shares", "of all", text=2)
    drawn.columns[1].no_wrap = False
    for holding in list(table)[:shown]:
        name = Text(holding.name, overflow="ellipsis", no_wrap=True)
        shares = format_units(holding.shares, table.decimals, trim=True)
        drawn.add_row(holding.address, name, shares, percent(holding.shares, table.total))
    return drawn


def holders_table(
    books: Books, token: str, holders: Sequence[str], known: Known | None = None
) -> Table:
    """For some holders, by currency: what they earned, the tax, and what they have and can get."""
    who = {holding.address: holding.name for holding in known or ()}
    table = plain_table("holder", "currency", "gross", "tax", "paid", "claimable", text=2)
    # In a narrow terminal the names give way, never the figures.
    table.columns[0].no_wrap = False
    for holder in holders:
        short = f"{holder[:8]}…{holder[-4:]}"
        name = Text(who.get(holder) or short, overflow="ellipsis", no_wrap=True)
        for currency, income in income_of(books, token, holder).items():
            unit = books.unit(currency)
            cells = [_shown(unit, income[key]) for key in ("gross", "tax", "paid", "claimable")]
            table.add_row(name, unit.symbol, *cells)
            name = Text()
    return table
