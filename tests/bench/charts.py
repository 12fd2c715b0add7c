"""The page's pictures, in the look of `prorata/picture.py`: bars by operation, lines by size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prorata.reports.figure import (
    AFTER,
    BEFORE,
    HEADING,
    INK,
    OWED,
    PAID,
    PAPER,
    RULE,
    SMALL,
    SOFT,
    TEXT,
    WITHHELD,
)
from tests.bench.field import PEERS
from tests.bench.floor import FLOORS, total
from tests.bench.operations import OPERATIONS, Operation
from tests.bench.page import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": INK,
}
SHORT = {
    "openzeppelin": "OZ ERC20",
    "solady": "Solady",
    "solmate": "solmate",
    "votes": "OZ Votes",
    "erc4626": "OZ ERC4626",
    "staking": "Staking",
    "splitter": "Splitter",
    "trex": "T-REX",
}


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write both pictures."""
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    results = Results(found)
    with mpl.rc_context(STYLE):
        _operations(results, folder / "operations.png")
        _growth(results, folder / "growth.png")


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def _operations(results: Results, path: Path) -> None:
    rows = -(-len(OPERATIONS) // COLUMNS)
    figure = _figure(14, 2.35 * rows)
    for place, operation in enumerate(OPERATIONS, start=1):
        _bars(figure.add_subplot(rows, COLUMNS, place), results, operation)
    figure.text(
        0.985, 0.012, "green line: the EVM's floor for what prorata promises", fontsize=TEXT,
        color=PAID, ha="right",
    )  # fmt: skip
    figure.tight_layout(h_pad=1.6, w_pad=1.6)
    figure.savefig(path, metadata={"Software": None})


def _bars(axes: Axes, results: Results, operation: Operation) -> None:
    """Prorata's bar with its floor marked, and one for each peer that can; who cannot is told."""
    figures = {"prorata": results.ours(operation)}
    missing = []
    for peer in PEERS:
        figure = results.theirs(peer.key, operation)
        if figure is None:
            missing.append(SHORT[peer.key])
        else:
            figures[SHORT[peer.key]] = figure
    names = sorted(figures, key=lambda name: figures[name])
    most = max(figures.values())
    for row, name in enumerate(names):
        ours = name == "prorata"
        axes.barh(row, figures[name] / most, height=0.7, color=AFTER if ours else BEFORE)
        axes.text(figures[name] / most + 0.015, row, f"{figures[name]:,}", va="center", fontsize=7)
    if operation.key in FLOORS:
        floor = total(FLOORS[operation.key]) / most
        row = names.index("prorata")
        axes.plot([floor, floor], [row - 0.42, row + 0.42], color=PAID, linewidth=1.6)
    axes.set_yticks(range(len(names)), names, fontsize=7.5)
    axes.set_ylim(max(len(names), 4) - 0.4, -0.6)
    axes.set_xlim(0, 1.24)
    axes.set_title(operation.title, loc="left", fontsize=7.6, color=INK, pad=5)
    if missing:
        axes.set_xlabel(f"cannot: {_wrapped(missing)}", fontsize=6.4, loc="left", labelpad=2)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def _wrapped(names: list[str]) -> str:
    if len(names) == len(PEERS) - 1:
        return "all the others"
    return ", ".join(names[:4]) + (",\n" + ", ".join(names[4:]) if len(names) > 4 else "")


def _growth(results: Results, path: Path) -> None:
    growth, field = results.found["growth"], results.found["field"]
    figure = _figure(12.8, 4.6)
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    counts = [int(count) for count in growth["declare"]]
    each = field["openzeppelin"]["transfer"]
    _lines(
        left, "Income for so many holders", "holders", "log",
        (
            ("prorata: declare", AFTER, counts, list(growth["declare"].values())),
            ("a plain transfer to each", OWED, counts, [count * each for count in counts]),
        ),
    )  # fmt: skip
    records = [int(count) for count in growth["claim"]]
    _lines(
        right, "A holder who traded after each of so many records", "records", "linear",
        (
            ("prorata: claim", AFTER, records, list(growth["claim"].values())),
            ("prorata: ask what is owed", PAID, records, list(growth["entitlement"].values())),
            ("ERC20Votes: ask a past balance", WITHHELD, [1_000], [field["votes"]["ask"]]),
        ),
    )  # fmt: skip
    right.set_ylim(0, max(growth["claim"].values()) * 1.25)
    figure.tight_layout(w_pad=3)
    figure.savefig(path, metadata={"Software": None})


def _lines(axes: Axes, title: str, x: str, scale: str, lines: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    for label, colour, across, up in lines:
        axes.plot(across, up, marker="o", markersize=4, linewidth=1.8, color=colour, label=label)
    axes.set_xscale("log")
    axes.set_yscale(scale)
    axes.set_title(title, loc="left", fontsize=HEADING, fontweight="bold")
    axes.set_xlabel(x, fontsize=SMALL)
    axes.set_ylabel("gas", fontsize=SMALL)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(labelsize=SMALL, colors=SOFT)
    axes.grid(color=RULE, linewidth=0.5)
    axes.legend(frameon=False, fontsize=SMALL, labelcolor=SOFT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
