"""The operator's files of the made chain's asset, and its marks."""

from __future__ import annotations

from pathlib import Path

from prorata.service.analysis.files import read_published
from prorata.service.analysis.published import Published
from prorata.store.marks import Mark
from tests.prorata.store.made_logs import START, TOKEN

__all__ = ["CHAIN_ID", "index", "made_mark", "portfolio", "published", "write"]

CHAIN_ID = 31_337
METHOD = """
name: Occupancy only
version: "1"
criteria:
  occupancy: { question: "How full?", weight: 1, most_days: 365,
               thresholds: [{ at_least: 90, points: 100 }] }
  audit: { question: "Audited?", weight: 1, most_days: 365, answers: { "yes": 100, "no": 0 } }
"""
CARD = """
asset: Harbour
date: 2023-11-14
method: method.yaml
inputs:
  occupancy: { value: 92, evidence: rent roll, date: 2023-11-01, supplied_by: issuer }
"""


def made_mark(second: int = 3, amount: int = 10_050, token: str = TOKEN) -> Mark:
    """A NAV of one share some seconds after the start."""
    return Mark(CHAIN_ID, token, START + second, "NAV", amount, "USD", 2, "ex", "Administrator")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def index(folder: Path, name: str, member: str) -> Path:
    """The file of an index of one member."""
    write(folder, f"{name}.csv", f"time,asset,price\n2023-01-31,{member},10\n"
          f"2023-02-28,{member},12\n")  # fmt: skip
    return write(
        folder, f"{name}.yaml",
        f"name: Income\nversion: '1'\ncurrency: USD\nweighting: cap\nuniverse: 2023-01-31\n"
        f"base: {{ date: 2023-01-31, level: 1000 }}\nmissing_price: {{ rule: blank }}\n"
        f"delisting: last price\nmembers: {{ '{member}': 5 }}\nprices: {name}.csv\n",
    )  # fmt: skip


def portfolio(folder: Path, name: str, asset: str) -> Path:
    """The file of a portfolio of one asset."""
    write(folder, f"{name}-positions.csv", f"asset,quantity,mark\n{asset},5,NAV\n")
    write(folder, f"{name}-marks.csv", "asset,time,kind,value,currency,basis,source\n"
          f"{asset},2023-11-14,NAV,100.50,USD,ex,administrator\n")  # fmt: skip
    return write(
        folder, f"{name}.yaml",
        f"name: All\ndate: 2023-11-14\ncurrency: USD\ninterval: month\nmost_days: {{ mark: 40 }}\n"
        f"positions: {name}-positions.csv\nmarks: {name}-marks.csv\n",
    )  # fmt: skip


def published(folder: Path, asset: str = TOKEN) -> Published:
    """An index `income`, a portfolio `all` and a benchmark with a card, each of one asset."""
    write(folder, "method.yaml", METHOD)
    write(folder, "card.yaml", CARD)
    benchmark = write(
        folder,
        "benchmark.yaml",
        f"assets:\n  - {{ asset: '{asset}', class: building, card: card.yaml }}\n",
    )
    return read_published(
        [index(folder, "income", asset)], [portfolio(folder, "all", asset)], benchmark
    )
