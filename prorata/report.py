"""The audited books: tables for a terminal, one JSON document, and a folder of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from prorata import picture
from prorata.abi import ZERO_ADDRESS
from prorata.audit import Audit
from prorata.books import Books, Unit
from prorata.captable import CapTable
from prorata.errors import InputError
from prorata.money import format_units, percent
from prorata.statements import (
    cap_table,
    distribution_rows,
    income_of,
    iso,
    totals,
    write_cap_table,
    write_distributions,
    write_json,
    write_statements,
)

__all__ = [
    "Portrait",
    "as_json",
    "cap_table_table",
    "distributions_table",
    "folder_refused",
    "holders_table",
    "plain_table",
    "positions_table",
    "verdict",
    "write_files",
]

BALANCED = "The books balance, to the last unit."

WRITTEN = (
    "captable-record-*.csv",
    "statements/0x*.csv",
    "statements/0x*.json",
    "distributions.csv",
    "distributions.json",
    "books.json",
)

COLUMNS = 4
SHOWN_DECIMALS = 6

_PLACES = ("received", "paid", "withheld", "remitted", "owed", "carried", "swept", "missing")


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


def distributions_table(books: Books, tokens: Iterable[str] | None = None) -> Group:
    """One column per distribution, four side by side, and a line for each amount in it."""
    wanted = None if tokens is None else frozenset(tokens)
    chosen = [d for d in books.distributions.values() if wanted is None or d.token in wanted]
    tables: list[Table | str] = []
    for start in range(0, len(chosen), COLUMNS):
        group = chosen[start : start + COLUMNS]
        units = [books.unit(d.currency) for d in group]
        table = plain_table("distribution", *(str(d.id) for d in group))
        table.add_row("record", *(str(d.record_id) for d in group))
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


def _shown(unit: Unit, amount: int) -> str:
    """For an overview: six decimals, and dots where there is more."""
    whole, point, part = unit.text(amount).partition(".")
    if not amount:
        return "-"
    more = "…" if part[SHOWN_DECIMALS:].strip("0") else ""
    return f"{whole}{point}{part[:SHOWN_DECIMALS]}{more}"


def cap_table_table(table: CapTable, shown: int) -> Table:
    """The first holdings of a cap table, by name where there is one."""
    drawn = plain_table("holder", "", "shares", "of all", text=2)
    drawn.columns[1].no_wrap = False
    for holding in list(table)[:shown]:
        name = Text(holding.name, overflow="ellipsis", no_wrap=True)
        shares = format_units(holding.shares, table.decimals, trim=True)
        drawn.add_row(holding.address, name, shares, percent(holding.shares, table.total))
    return drawn


def holders_table(
    books: Books, token: str, holders: Sequence[str], known: CapTable | None = None
) -> Table:
    """For some holders, by currency: what they earned, the tax, and what they have and can get."""
    who = {holding.address: holding.name for holding in known or ()}
    table = plain_table("holder", "", "gross", "tax", "paid", "claimable", text=2)
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


# ------------------------------------------------------------------------------------------- JSON


def as_json(audit: Audit, known: CapTable | None = None) -> dict[str, Any]:
    """Everything that the audit found; amounts are decimal strings in their currency."""
    books, answers = audit.books, audit.answers
    who = {holding.address: holding for holding in known or ()}
    return {
        "chain_id": answers.chain_id,
        "block": answers.block.number,
        "block_hash": answers.block.hash,
        "as_of": iso(answers.block.timestamp),
        "vault": books.vault,
        "balanced": audit.balanced,
        "differences": [str(difference) for difference in books.differences],
        "unanswered": list(answers.unanswered),
        "unproven": list(books.unproven),
        "currencies": _currencies(audit),
        "positions": _positions(books),
        "tokens": [
            {
                "token": token,
                "symbol": books.unit(token).symbol,
                "decimals": books.unit(token).decimals,
                "total_supply": books.unit(token).text(ledger.total_supply, grouping=False),
                "records": [
                    iso(ledger.record_time(number)) for number in range(1, ledger.record_count + 1)
                ],
                "distributions": distribution_rows(books, [token]),
                "holders": [
                    {
                        "address": holder,
                        "name": who[holder].name if holder in who else "",
                        "kind": who[holder].kind if holder in who else "",
                        "shares": books.unit(token).text(ledger.balance_of(holder), grouping=False),
                        "income": totals(books, token, holder),
                    }
                    for holder in ledger
                ],
            }
            for token, ledger in books.ledgers.items()
        ],
    }


def _currencies(audit: Audit) -> list[dict[str, Any]]:
    books = audit.books
    return [
        {
            "currency": "" if currency == ZERO_ADDRESS else currency,
            "symbol": books.unit(currency).symbol,
            "decimals": books.unit(currency).decimals,
            "held": books.unit(currency).text(held, grouping=False),
            "needed": books.unit(currency).text(books.liability(currency), grouping=False),
        }
        for currency, held in audit.answers.held.items()
    ]


def _positions(books: Books) -> list[dict[str, str]]:
    rows = []
    for position in books.positions():
        unit = books.unit(position.currency)
        amounts = {name: unit.text(getattr(position, name), grouping=False) for name in _PLACES}
        token = books.unit(position.token).symbol
        rows.append({"token": token, "currency": unit.symbol, **amounts})
    return rows


# ----------------------------------------------------------------------------------------- folder


@dataclass(frozen=True)
class Portrait:
    """What the picture in a folder shows beside the books: two cap tables, and its words."""

    name: str
    title: str
    subtitle: str
    before: CapTable
    labels: tuple[str, str] = ("as issued", "today")


def write_files(
    audit: Audit, token: str, folder: Path, known: CapTable | None, portrait: Portrait | None
) -> None:
    """Write everything about one token, in place of what an earlier run left; touch nothing else.

        captable-record-<id>.csv      one per closed record
        statements/<address>.csv      and .json: one per holder
        distributions.csv             and .json: the register
        books.json                    what `as_json` gives
        <portrait>.png

    Raises: InputError when the folder cannot be written.
    """
    books, ledger = audit.books, audit.books.ledgers[token]
    decimals = books.unit(token).decimals
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in [path for pattern in WRITTEN for path in folder.glob(pattern)]:
            earlier.unlink()
        for number in filter(ledger.is_closed, range(1, ledger.record_count + 1)):
            table = cap_table(ledger.balances_at(number), known, decimals)
            write_cap_table(table, folder / f"captable-record-{number}.csv")
        write_statements(books, token, folder / "statements", known)
        paths = folder / "distributions.csv", folder / "distributions.json"
        write_distributions(books, *paths, books.paying(token))
        write_json(folder / "books.json", as_json(audit, known))
        if portrait is not None:
            picture.draw(
                folder / f"{portrait.name}.png",
                books,
                token,
                portrait.before,
                cap_table(ledger.balances, known, decimals),
                title=portrait.title,
                subtitle=portrait.subtitle,
                labels=portrait.labels,
            )
    except OSError as error:
        raise folder_refused(folder, error) from None


def folder_refused(folder: Path, error: OSError) -> InputError:
    """A folder that cannot be written, as a person's mistake."""
    reason = str(error.strerror or error).lower()
    return InputError.of("folder", folder, f"cannot be written ({reason})", "give another")
