# SPDX-License-Identifier: MIT
"""The audited books as one JSON document and as a folder of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.files.writer import json_object, prepare_folder, write_csv_rows, write_json
from prorata.ledger.audits import Audit
from prorata.ledger.books import Books
from prorata.register.captable import CapTable, Holding, Known
from prorata.register.shares import Ledger
from prorata.reports.annual import by_year, correction_rows
from prorata.reports.calls import (
    CallOrderRow,
    CallRow,
    ExchangeRow,
    call_rows,
    exchange_rows,
    order_rows,
)
from prorata.reports.documents import CorrectionRow
from prorata.reports.figure import draw
from prorata.reports.statements import (
    cap_table,
    distribution_rows,
    totals,
    write_cap_table,
    write_distributions,
    write_statements,
)
from prorata.reports.trades import MovementRow, movement_rows, trading_facts
from prorata.tax.years import YearRules
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import iso

__all__ = ["Portrait", "as_json", "write_files"]

WRITTEN = (
    "captable-record-*.csv",
    "statements/0x*.csv",
    "statements/0x*.json",
    "distributions.csv",
    "distributions.json",
    "corrections.csv",
    "movements.csv",
    "calls.csv",
    "call-orders.csv",
    "exchanges.csv",
    "books.json",
)

_PLACES = ("received", "paid", "withheld", "remitted", "owed", "carried", "swept", "missing")


# ------------------------------------------------------------------------------------------- JSON


def as_json(
    audit: Audit,
    known: Known | None = None,
    *,
    token: str | None = None,
    rules: YearRules | None = None,
) -> dict[str, Any]:
    """Everything that the audit found; of `token`, or the first one, also by years."""
    books, answers = audit.books, audit.answers
    chosen = token or next(iter(books.ledgers), None)
    who = {holding.address: holding for holding in known or ()}
    document = json_object(
        {
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
            "years": [] if chosen is None else by_year(books, chosen, rules),
            "corrections": correction_rows(books, books.corrections),
            "tokens": [
                {
                    "token": token,
                    "symbol": books.unit(token).symbol,
                    "decimals": books.unit(token).decimals,
                    "total_supply": books.unit(token).amount(ledger.total_supply),
                    "records": [
                        None if closes_at is None else iso(closes_at)
                        for closes_at in ledger.record_times
                    ],
                    "distributions": distribution_rows(books, [token]),
                    "trading": trading_facts(audit, token),
                }
                for token, ledger in books.ledgers.items()
            ],
        }
    )
    # Each as JSON already, and put in its place: neither the rows of all nor a copy is ever there.
    for told, (address, ledger) in zip(document["tokens"], books.ledgers.items(), strict=True):
        told["holders"] = list(_holders(books, address, ledger, who))
    return document


def _holders(
    books: Books, token: str, ledger: Ledger, who: Mapping[str, Holding]
) -> Iterator[dict[str, Any]]:
    """What there is to say of each."""
    stranger, movements = Holding("", 0), books.movements.get(token)
    held = {} if movements is None else movements.holds.held
    for holder in ledger:
        known = who.get(holder, stranger)
        yield json_object(
            {
                "address": holder,
                "name": known.name,
                "kind": known.kind,
                "shares": books.unit(token).amount(ledger.balance_of(holder)),
                "held": books.unit(token).amount(held.get(holder, 0)),
                "income": totals(books, token, holder),
            }
        )


def _currencies(audit: Audit) -> list[dict[str, Any]]:
    books = audit.books
    return [
        {
            "currency": "" if currency == ZERO_ADDRESS else currency,
            "symbol": books.unit(currency).symbol,
            "decimals": books.unit(currency).decimals,
            "held": books.unit(currency).amount(held),
            "needed": books.unit(currency).amount(books.liability(currency)),
        }
        for currency, held in audit.answers.held.items()
    ]


def _positions(books: Books) -> list[dict[str, Any]]:
    rows = []
    for position in books.positions():
        unit = books.unit(position.currency)
        amounts = {name: unit.amount(getattr(position, name)) for name in _PLACES}
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
    audit: Audit,
    token: str,
    folder: Path,
    known: Known | None,
    portrait: Portrait | None,
    *,
    rules: YearRules | None = None,
) -> None:
    """Write everything about one token, in place of what an earlier run left; touch nothing else.

        captable-record-<id>.csv      one per closed record
        statements/<address>.csv      and .json: one per holder
        distributions.csv             and .json: the register
        corrections.csv               tax that was repaid
        movements.csv                 trades, deliveries and orders: no plain transfers
        calls.csv                     and call-orders.csv, exchanges.csv: where there were any
        books.json                    what `as_json` gives
        <portrait>.png

    Raises: InputError when the folder cannot be written.
    """
    books, ledger = audit.books, audit.books.ledgers[token]
    decimals = books.unit(token).decimals
    prepare_folder(folder, WRITTEN)
    for number in filter(ledger.is_closed, range(1, ledger.record_count + 1)):
        table = cap_table(ledger.balances_at(number), known, decimals)
        write_cap_table(table, folder / f"captable-record-{number}.csv")
    write_statements(books, token, folder / "statements", known)
    paths = folder / "distributions.csv", folder / "distributions.json"
    write_distributions(books, *paths, books.paying(token))
    rows = correction_rows(books, books.corrections)
    write_csv_rows(folder / "corrections.csv", CorrectionRow, rows)
    write_csv_rows(folder / "movements.csv", MovementRow, movement_rows(books, token))
    if calls := call_rows(books, token):
        write_csv_rows(folder / "calls.csv", CallRow, calls)
        write_csv_rows(folder / "call-orders.csv", CallOrderRow, order_rows(books, token))
    if exchanges := exchange_rows(books, token):
        write_csv_rows(folder / "exchanges.csv", ExchangeRow, exchanges)
    write_json(folder / "books.json", as_json(audit, known, token=token, rules=rules))
    if portrait is not None:
        draw(
            folder / f"{portrait.name}.png",
            books,
            token,
            portrait.before,
            cap_table(ledger.balances, known, decimals),
            title=portrait.title,
            subtitle=portrait.subtitle,
            labels=portrait.labels,
        )
