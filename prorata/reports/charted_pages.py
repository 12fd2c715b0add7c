# SPDX-License-Identifier: MIT
"""Pages of charts and tables that need nothing else: no script, no request, one file.

They are read in the light and the dark, on a small screen, on paper and aloud: beside each chart
stands a table with its figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from prorata.reports.charts.canvas import DARK, LIGHT
from prorata.reports.charts.chart import Chart
from prorata.reports.layouts import layout
from prorata.reports.pages import PageTable

__all__ = ["ChartedPage", "Section", "charted_page"]


class Section(NamedTuple):
    """A part of a page: charts, tables, a note; left out without a chart and a table."""

    title: str
    charts: Sequence[Chart] = ()
    tables: Sequence[PageTable] = ()
    note: str = ""


class ChartedPage(NamedTuple):
    """What a page says: `cards` at a glance, `source` where it comes from, `fine` at its end.

    `title` is the window's, `verdict` a sentence that stands out.
    """

    title: str
    heading: str
    subtitle: str
    verdict: str
    cards: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    source: Sequence[tuple[str, str]]
    fine: str


def charted_page(page: ChartedPage) -> str:
    """The page as HTML; what it is told is text there, whoever chose it."""
    return layout("charted").render(page=page, light=LIGHT, dark=DARK)
