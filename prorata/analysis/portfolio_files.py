# SPDX-License-Identifier: MIT
"""Portfolios as people write them: settings in YAML, and tables of what is held and worth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from prorata.analysis.fields import Days, Line, Name, Strict, Time
from prorata.analysis.figures import DAY
from prorata.analysis.periods import Interval
from prorata.analysis.portfolio import Portfolio
from prorata.analysis.sheets import (
    read_flows,
    read_holdings,
    read_income,
    read_marks,
    read_rates,
)
from prorata.assets.schedules.values import named
from prorata.files.csv_reader import Sheet
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml

__all__ = ["PortfolioFile", "PortfolioSettings", "read_portfolio"]

EXAMPLE = "examples/analytics/portfolio.yaml"


class MostDays(Strict):
    """How old a mark and an exchange rate may be."""

    mark: Days
    rate: Days = 7


class PortfolioSettings(Strict):
    """What a portfolio is valued in and at, and where its tables stand."""

    name: Line
    date: Time
    currency: Name
    interval: Annotated[Interval, named(Interval)]
    most_days: MostDays
    positions: Line
    marks: Line
    rates: Line | None = None
    income: Line | None = None
    flows: Line | None = None

    def tables(self, folder: Path) -> dict[str, Path]:
        """The tables that there are."""
        named_files = {
            "positions": self.positions,
            "marks": self.marks,
            "rates": self.rates,
            "income": self.income,
            "flows": self.flows,
        }
        return {name: folder / path for name, path in named_files.items() if path is not None}


@dataclass(frozen=True)
class PortfolioFile:
    """A portfolio as its files say, and the digests of its tables."""

    settings: PortfolioSettings
    portfolio: Portfolio
    digests: Mapping[str, str]


def read_portfolio(path: Path) -> PortfolioFile:
    """The portfolio of a file, with the tables that stand beside it.

    Raises: InputError for every fault in a file.
    """
    content = read_yaml(path, "portfolio", EXAMPLE)
    settings = validated(PortfolioSettings, content, EXAMPLE, str(path))
    tables = settings.tables(path.parent)
    portfolio = Portfolio(
        currency=settings.currency,
        as_of=settings.date,
        holdings=read_holdings(tables["positions"]),
        marks=read_marks(tables["marks"]),
        rates=read_rates(tables["rates"]) if "rates" in tables else [],
        interval=settings.interval,
        oldest_mark=settings.most_days.mark * DAY,
        oldest_rate=settings.most_days.rate * DAY,
        income=read_income(tables["income"]) if "income" in tables else {},
        flows=read_flows(tables["flows"]) if "flows" in tables else None,
    )
    digests = {name: hashlib.sha256(Sheet.read(one)).hexdigest() for name, one in tables.items()}
    return PortfolioFile(settings, portfolio, digests)
