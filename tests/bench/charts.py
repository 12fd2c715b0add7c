"""The page's pictures, by the product's own charts: bars by operation, lines by size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from prorata.reports.charts import Chart, Figure, Series, bars, count, line
from prorata.reports.charts.canvas import BLUE, GREEN, GREY, LIGHT, ORANGE
from prorata.reports.pdf import FONT, png_of
from tests.bench.field import PEERS
from tests.bench.floor import FLOORS, total
from tests.bench.operations import OPERATIONS, Operation
from tests.bench.page import Results

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
COLUMN = 300
"""Pixels across for a chart."""
NONE = Figure(None, "")


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write both pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    results = Results(found)
    operations = [_operation(results, operation) for operation in OPERATIONS]
    for name, charts, size in (
        ("operations", operations, (1_400, 1_500)),
        ("growth", _growth(results), (720, 320)),
    ):
        (folder / f"{name}.png").write_bytes(png_of(_page(charts, *size)))


def _page(charts: Sequence[tuple[Chart, str]], width: int, height: int) -> str:
    """A page without margins, as large as its charts."""
    colours = "".join(f"--{name}: {value};" for name, value in LIGHT.items())
    cells = "".join(
        f"<div><h2>{escape(chart.title)}</h2>{chart.svg}<p>{escape(note)}</p></div>"
        for chart, note in charts
    )
    return (
        f"<!doctype html><style>:root {{ {colours} }}"
        f"@page {{ size: {width}px {height}px; margin: 0 }}"
        f"body {{ font: 11px/1.3 {FONT}; margin: 20px; color: var(--ink) }}"
        "main { display: flex; flex-wrap: wrap }"
        f"div {{ width: {COLUMN}px; margin: 0 20px 18px }}"
        "h2 { font-size: 12px; margin: 0 0 6px } p { color: var(--soft); margin: 4px 0 0 }"
        f"svg {{ width: {COLUMN}px }}</style><main>{cells}</main>"
    )


# -------------------------------------------------------------------------------------- operations


def _operation(results: Results, operation: Operation) -> tuple[Chart, str]:
    """Prorata's bar, its floor, and one for each peer that can; who cannot is named below."""
    ours = results.ours(operation)
    rows = [("prorata", BLUE, ours)]
    if operation.key in FLOORS:
        rows.append(("the EVM's floor of it", GREEN, total(FLOORS[operation.key])))
    missing = []
    for peer in PEERS:
        figure = results.theirs(peer.key, operation)
        if figure is None:
            missing.append(SHORT[peer.key])
        else:
            rows.append((SHORT[peer.key], GREY, figure))
    rows.sort(key=lambda row: row[2])
    series = [
        Series(name, [count(gas) if tone == of else NONE for _, of, gas in rows], tone)
        for name, tone in (("prorata", BLUE), ("floor", GREEN), ("others", GREY))
        if tone in {of for _, of, _ in rows}
    ]
    about = f"Gas of each: {', '.join(f'{name} {gas:,}' for name, _, gas in rows)}."
    chart = bars(operation.title, about, [name for name, _, _ in rows], series)
    return chart, f"cannot: {_named(missing)}" if missing else ""


def _named(names: Sequence[str]) -> str:
    return "all the others" if len(names) == len(PEERS) - 1 else ", ".join(names)


# ------------------------------------------------------------------------------------------ growth


def _growth(results: Results) -> list[tuple[Chart, str]]:
    growth, field = results.found["growth"], results.found["field"]
    each = field["openzeppelin"]["transfer"]
    holders = [int(number) for number in growth["declare"]]
    records = [int(number) for number in growth["claim"]]
    asked = [NONE] * (len(records) - 1) + [count(field["votes"]["ask"])]
    return [
        (
            _lines(
                "Income for so many holders, in gas",
                holders,
                [
                    _series("prorata: declare", growth["declare"].values(), BLUE),
                    _series("a plain transfer to each", (each * n for n in holders), ORANGE),
                ],
                powers=True,
            ),
            "",
        ),
        (
            _lines(
                "A holder who traded after each of so many records, in gas",
                records,
                [
                    _series("prorata: claim", growth["claim"].values(), BLUE),
                    _series("prorata: ask what is owed", growth["entitlement"].values(), GREEN),
                    Series("ERC20Votes: ask a past balance", asked, ORANGE),
                ],
            ),
            "",
        ),
    ]


def _series(name: str, gas: Iterable[int], tone: int) -> Series:
    return Series(name, [count(int(one)) for one in gas], tone)


def _lines(title: str, across: Sequence[int], series: Sequence[Series], **more: bool) -> Chart:
    """Sizes are powers of ten, each as far from the next as that from its next."""
    at = [round(1_000 * math.log10(size)) for size in across]
    labels = [f"{size:,}" for size in across]
    return line(title, title, labels, series, at=at, unit="gas", **more)
