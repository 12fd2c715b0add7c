# SPDX-License-Identifier: MIT
"""One picture of an asset's life: who owned it before and after, and the income of each record.

Drawn from cap tables and books; nothing is computed from it. Floats occur here and only here,
as coordinates on paper: every figure that is written out comes from exact integers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prorata.files.writer import written_whole
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.register.captable import CapTable, Holding
from prorata.values.amounts import Unit, format_units, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

TOP = 12
LONGEST_NAME = 30

INK, SOFT, RULE, PAPER = "#1d2733", "#6b7785", "#d9dee4", "#ffffff"
BEFORE, AFTER, EXCLUDED = "#b9c9dc", "#20558a", "#8a929c"
PAID, WITHHELD, OWED = "#2f7d62", "#c9872b", "#dcd3bf"
TITLE, HEADING, TEXT, SMALL = 17.0, 11.5, 9.0, 8.0


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
    # Here, because it costs more to import than the rest of the package.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": TEXT,
        "text.color": INK,
        "axes.edgecolor": RULE,
        "xtick.color": SOFT,
        "ytick.color": INK,
        "hatch.linewidth": 0.6,
        "text.parse_math": False,
    }
    incomes = _incomes(books, token)
    with mpl.rc_context(style), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, and worth no more noise.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure = Figure(figsize=(12.8, 8.0), dpi=125, facecolor=PAPER)
        FigureCanvasAgg(figure)
        figure.text(0.04, 0.945, title, fontsize=TITLE, fontweight="bold", va="center")
        figure.text(0.04, 0.905, subtitle, fontsize=TEXT + 1, color=SOFT, va="center")
        _draw_ownership(figure, before, after, labels, _excluded(books, token))
        _draw_income(figure, books, incomes)
        # No software's version in the file: the same books give the same bytes.
        with written_whole(path) as part:
            figure.savefig(part, format="png", metadata={"Software": None})


# -------------------------------------------------------------------------------------- ownership


def _excluded(books: Books, token: str) -> frozenset[str]:
    """Who is excluded from income: of the latest distribution, or by no distribution nobody."""
    declared = books.of_asset(token)
    return frozenset(declared[-1].terms.excluded) if declared else frozenset()


def _draw_ownership(
    figure: Figure,
    before: CapTable,
    after: CapTable,
    labels: tuple[str, str],
    excluded: AbstractSet[str],
) -> None:
    figure.text(
        0.04, 0.845, f"Ownership, {labels[0]} and {labels[1]}", fontsize=HEADING, fontweight="bold"
    )
    strip: Axes = figure.add_axes((0.105, 0.735, 0.465, 0.085))
    _draw_strip(strip, before, after, labels, excluded)
    bars: Axes = figure.add_axes((0.265, 0.075, 0.305, 0.605))
    _draw_holders(bars, before, after, labels, excluded)


def _draw_strip(
    axes: Axes,
    before: CapTable,
    after: CapTable,
    labels: tuple[str, str],
    excluded: AbstractSet[str],
) -> None:
    """Two full-width bars: who is excluded, the largest holders of today, everybody else."""
    largest = {holding.address for holding in _largest(after, excluded)}
    for row, (label, table) in enumerate(zip(labels, (before, after), strict=True)):
        shares = [
            sum(h.shares for h in table if h.address in excluded),
            sum(h.shares for h in table if h.address in largest),
        ]
        shares.append(table.total - sum(shares))
        names = ("excluded", f"{len(largest)} largest today", "all others")
        left = 0.0
        for name, part, colour in zip(names, shares, (EXCLUDED, AFTER, BEFORE), strict=True):
            if not part:
                continue
            width = part / table.total
            axes.barh(
                row, width, left=left, height=0.74, color=colour, edgecolor=PAPER, linewidth=1.2
            )
            light = colour != BEFORE
            text = percent(part, table.total, 1)
            axes.text(
                left + width / 2, row, f"{name}  {text}" if width > 0.25 else text,
                ha="center", va="center", fontsize=SMALL, color=PAPER if light else INK,
            )  # fmt: skip
            left += width
        axes.text(-0.012, row, label, ha="right", va="center", color=SOFT, fontsize=TEXT)
    axes.set_xlim(0, 1)
    axes.set_ylim(1.5, -0.5)
    axes.axis("off")


def _draw_holders(
    axes: Axes,
    before: CapTable,
    after: CapTable,
    labels: tuple[str, str],
    excluded: AbstractSet[str],
) -> None:
    """A pair of bars for each of today's largest holders, and for each who is excluded."""
    issued = before.balances
    rows = [*_largest(after, excluded), *(h for h in after if h.address in excluded)]
    most = max(max(h.shares, issued.get(h.address, 0)) for h in rows)
    for row, holding in enumerate(rows):
        was, idle = issued.get(holding.address, 0), holding.address in excluded
        axes.barh(row - 0.2, was, height=0.3, color=BEFORE)
        axes.barh(
            row + 0.14, holding.shares, height=0.38, color=EXCLUDED if idle else AFTER,
            hatch="////" if idle else "", edgecolor=PAPER, linewidth=0.0,
        )  # fmt: skip
        change = holding.shares - was
        shown = format_units(holding.shares, after.decimals, trim=True)
        moved = format_units(change, after.decimals, trim=True)
        end = max(was, holding.shares) + most * 0.02
        axes.annotate(shown, (end, row), va="center", fontsize=SMALL, color=INK)
        if change:
            axes.annotate(
                f"{'+' if change > 0 else ''}{moved}".replace("-", "\N{MINUS SIGN}"), (end, row),
                xytext=(6 + 5.4 * len(shown), 0), textcoords="offset points",
                va="center", fontsize=SMALL, color=PAID if change > 0 else "#a4453c",
            )  # fmt: skip
    axes.set_yticks(
        range(len(rows)), [_shortened(h.name or f"{h.address[:8]}…{h.address[-4:]}") for h in rows]
    )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, most * 1.16)
    axes.tick_params(axis="y", length=0, labelsize=TEXT)
    axes.xaxis.set_visible(False)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    entries = [(labels[0], BEFORE), (labels[1], AFTER)]
    _legend(axes, entries + [("excluded, earns nothing", EXCLUDED)] * bool(excluded))


def _largest(table: CapTable, excluded: AbstractSet[str]) -> list[Holding]:
    earning = [holding for holding in table if holding.address not in excluded]
    return sorted(earning, key=lambda h: (-h.shares, h.address))[:TOP]


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip(' .,')}…"


# ----------------------------------------------------------------------------------------- income


def _draw_income(figure: Figure, books: Books, incomes: dict[str, list[_Income]]) -> None:
    figure.text(0.635, 0.845, "Income of each record date", fontsize=HEADING, fontweight="bold")
    if not incomes:
        return
    top, bottom, gap = 0.775, 0.155, 0.125
    height = (top - bottom - gap * (len(incomes) - 1)) / len(incomes)
    records = sorted({(i.closes_at, i.label) for group in incomes.values() for i in group})
    for row, (currency, group) in enumerate(incomes.items()):
        axes: Axes = figure.add_axes((0.635, top - height - row * (height + gap), 0.325, height))
        _draw_columns(axes, books.unit(currency), group, [label for _, label in records])
        labels = [f"{label}\n{_day(closes_at)}" for closes_at, label in records]
        axes.set_xticks(range(len(records)), labels)
        if row == len(incomes) - 1:
            _legend(axes, (("paid", PAID), ("withheld", WITHHELD), ("unclaimed", OWED)), -0.29)


def _draw_columns(
    axes: Axes, unit: Unit, incomes: Sequence[_Income], records: Sequence[str]
) -> None:
    most = max(income.amount for income in incomes) or 1
    for income in incomes:
        place, level = records.index(income.label), 0
        for part, colour in (
            (income.paid, PAID),
            (income.withheld, WITHHELD),
            (income.owed, OWED),
        ):
            axes.bar(place, part / most, bottom=level / most, width=0.56, color=colour)
            level += part
        axes.text(
            place, level / most + 0.03, _rounded(income.amount, unit), ha="center", fontsize=SMALL
        )
    axes.set_title(unit.symbol, loc="left", fontsize=TEXT + 0.5, color=SOFT, pad=9)
    axes.set_xlim(-0.55, len(records) - 0.45)
    axes.set_ylim(0, 1.13)
    axes.yaxis.set_visible(False)
    axes.tick_params(axis="x", length=0, labelsize=SMALL, pad=5)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)


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
    moment = datetime.fromtimestamp(time, tz=timezone.utc)
    return f"{moment.day} {moment:%b %Y}"


def _legend(axes: Axes, entries: Sequence[tuple[str, str]], below: float = -0.005) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415

    axes.legend(
        handles=[Patch(facecolor=colour, label=label) for label, colour in entries],
        loc="upper center", bbox_to_anchor=(0.5, below), ncols=len(entries), frameon=False,
        fontsize=SMALL, handlelength=1.0, handleheight=0.9, columnspacing=1.6,
        labelcolor=SOFT,
    )  # fmt: skip
