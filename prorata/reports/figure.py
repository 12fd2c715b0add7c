# SPDX-License-Identifier: MIT
"""One picture of an asset's life: who owned it before and after, and the income of each record.

Drawn from cap tables and books; nothing is computed from it. It is a page of charts, and the
picture of that page.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from prorata.files.writer import written_whole
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.register.captable import CapTable, Holding
from prorata.reports.charts import Chart, Figure, Series, bars, donut, share, stacked
from prorata.reports.charts.canvas import BLUE, GREEN, GREY, LIGHT, ORANGE
from prorata.reports.layouts import layout
from prorata.reports.pdf import png_of
from prorata.values.amounts import Unit, format_units
from prorata.values.times import moment

__all__ = ["draw", "picture"]

TOP, CURRENCIES, RECORDS = 11, 4, 4
"""So many holders, currencies and records there is room for."""

ZOOM = 1.25
"""A page of 1280 by 800 becomes a picture of 1600 by 1000."""


@dataclass(frozen=True)
class _Income:
    """What one record date, or record range, brought in one currency, in its smallest unit.

    `amount` is what was distributed: what is left over of it stands in no part.
    """

    label: str
    closes_at: int
    paid: int = 0
    withheld: int = 0
    owed: int = 0
    amount: int = 0

    def with_(self, distribution: DistributionAccount) -> _Income:
        """The same, with another distribution for the record."""
        return replace(
            self,
            paid=self.paid + distribution.paid,
            withheld=self.withheld + distribution.withheld,
            owed=self.owed + distribution.owed,
            amount=self.amount + distribution.received,
        )


def draw(
    path: Path,
    books: Books,
    token: str,
    before: CapTable,
    after: CapTable,
    *,
    title: str,
    subtitle: str,
    labels: tuple[str, str] = ("as issued", "today"),
) -> None:
    """Write the picture as a PNG file of 1600 by 1000 pixels.

    Raises: InputError when the file cannot be written.
    """
    page = picture(books, token, before, after, title=title, subtitle=subtitle, labels=labels)
    with written_whole(path) as part:
        part.write_bytes(png_of(page, zoom=ZOOM))


def picture(
    books: Books,
    token: str,
    before: CapTable,
    after: CapTable,
    *,
    title: str,
    subtitle: str,
    labels: tuple[str, str] = ("as issued", "today"),
) -> str:
    """The page that the picture is of."""
    excluded = _excluded(books, token)
    incomes = _incomes(books, token)
    columns = [_columns(books.unit(c), group) for c, group in incomes.items()]
    return layout("picture").render(
        title=title,
        subtitle=subtitle,
        colours=LIGHT,
        columns=[
            (f"Ownership, {labels[0]} and {labels[1]}", [_pairs(before, after, labels, excluded)]),
            (f"All shares, {labels[1]}", [_ring(after, excluded)]),
            ("Income of each record date", columns[:CURRENCIES]),
        ],
        more=max(len(columns) - CURRENCIES, 0),
    )


# -------------------------------------------------------------------------------------- ownership


def _excluded(books: Books, token: str) -> frozenset[str]:
    """Who is excluded from income: of the latest distribution, or by no distribution nobody."""
    declared = books.of_asset(token)
    return frozenset(declared[-1].terms.excluded) if declared else frozenset()


def _ring(table: CapTable, excluded: AbstractSet[str]) -> Chart:
    """Who is excluded, the largest holders, everybody else."""
    largest = _largest(table, excluded)
    parts = [
        (f"{len(largest)} largest", sum(h.shares for h in largest)),
        ("excluded, earn nothing", sum(h.shares for h in table if h.address in excluded)),
    ]
    parts.append(("all others", table.total - sum(shares for _, shares in parts)))
    shown = [(label, shares) for label, shares in parts if shares]
    figures = [share(shares, table.total, 1) for _, shares in shown]
    names = [label for label, _ in shown]
    return donut("Everybody", "Parts of all shares.", names, Series("of all", figures))


def _pairs(
    before: CapTable, after: CapTable, labels: tuple[str, str], excluded: AbstractSet[str]
) -> Chart:
    """A pair of bars for each of today's largest holders, and for each who is excluded."""
    issued = before.balances
    idle = [holding for holding in after if holding.address in excluded][:TOP]
    rows = [*_largest(after, excluded)[: TOP - len(idle)], *idle]
    pairs = [
        Series(labels[0], [_shares(issued.get(h.address, 0), after) for h in rows], GREY),
        Series(labels[1], [_shares(h.shares, after) for h in rows], BLUE),
    ]
    names = [_name(holding, excluded) for holding in rows]
    return bars("Ownership", "Shares of the largest holders.", names, pairs, first="holder")


def _shares(units: int, table: CapTable) -> Figure:
    return Figure(units, format_units(units, table.decimals, trim=True))


def _name(holding: Holding, excluded: AbstractSet[str]) -> str:
    name = holding.name or f"{holding.address[:8]}…{holding.address[-4:]}"
    return f"{name} (excluded)" if holding.address in excluded else name


def _largest(table: CapTable, excluded: AbstractSet[str]) -> list[Holding]:
    earning = [holding for holding in table if holding.address not in excluded]
    return sorted(earning, key=lambda h: (-h.shares, h.address))[:TOP]


# ----------------------------------------------------------------------------------------- income


def _columns(unit: Unit, incomes: Sequence[_Income]) -> Chart:
    shown = incomes[-RECORDS:]

    def series(name: str, units: Sequence[int], tone: int = BLUE) -> Series:
        scaled = [Fraction(one, 10**unit.decimals) for one in units]
        texts = [_rounded(one, unit) for one in units]
        return Series(name, [Figure(v, t) for v, t in zip(scaled, texts, strict=True)], tone)

    return stacked(
        f"Income in {unit.symbol}",
        f"Paid, withheld and unclaimed {unit.symbol} of each record.",
        [f"{one.label}\n{_day(one.closes_at)}" for one in shown],
        [
            series("paid", [one.paid for one in shown], GREEN),
            series("withheld", [one.withheld for one in shown], ORANGE),
            series("unclaimed", [one.owed for one in shown], GREY),
        ],
        unit=unit.symbol,
        first="record",
        totals=series("distributed", [one.amount for one in shown]),
    )


def _incomes(books: Books, token: str) -> dict[str, list[_Income]]:
    """By currency, the sums over the distributions of each record and of each record range."""
    found: dict[str, dict[str, _Income]] = {}
    for d in books.of_asset(token):
        group = found.setdefault(d.currency, {})
        label = f"{'record' if d.token == token else 'range'} {d.record_id}"
        group[label] = group.get(label, _Income(label, d.record_time)).with_(d)
    return {currency: list(group.values()) for currency, group in found.items()}


def _rounded(amount: int, unit: Unit) -> str:
    """At most two decimals for a label, cut off: the exact figures are in the files."""
    whole, _, part = unit.text(amount).partition(".")
    return f"{whole}.{part[:2]}" if part[:2].strip("0") else whole


def _day(time: int) -> str:
    return moment(time)[:10]
