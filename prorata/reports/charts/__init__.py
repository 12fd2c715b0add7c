# SPDX-License-Identifier: MIT
"""Seven shapes of charts as SVG of our own: no script, no request, the same bytes every time.

Every chart has a title and a description for screen readers, and a table with exactly its numbers.
"""

from prorata.reports.charts.bars import bars, stacked
from prorata.reports.charts.chart import Chart
from prorata.reports.charts.lines import line, lorenz, steps
from prorata.reports.charts.numbers import Figure, Series, amounts, count, share
from prorata.reports.charts.shares import donut, heat_map

__all__ = [
    "Chart",
    "Figure",
    "Series",
    "amounts",
    "bars",
    "count",
    "donut",
    "heat_map",
    "line",
    "lorenz",
    "share",
    "stacked",
    "steps",
]
