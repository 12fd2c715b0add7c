# SPDX-License-Identifier: MIT
"""The page of a portfolio: what several assets are worth together, and how they moved.

It says what `prorata portfolio` says, from the same report, with charts. What is blank is blank
here too, with its reason, and is drawn nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from prorata.analysis.figures import Figure as Result
from prorata.analysis.portfolio import Position, Report
from prorata.analysis.portfolio_files import PortfolioFile
from prorata.analysis.precision import exact, rounded
from prorata.analysis.risk import Pair
from prorata.files.writer import write_whole
from prorata.reports.charted_pages import ChartedPage, Section, charted_page
from prorata.reports.charts import Chart, Figure, Series, bars, donut, heat_map, line
from prorata.reports.pages import PageTable
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["portfolio_page", "write_portfolio"]

PARTS, LARGEST, LINES, MARKS, CORRELATED = 5, 10, 5, 24, 8
"""So many positions a ring, bars, lines and a map tell apart, and so many marks a line has."""

BLANK = "blank"
FINE = """\
Computed from files alone: no chain and no feed of prices was asked. Returns have income reinvested.
Volatility and drawdown of the whole are those of today's holdings, looking back. What cannot be
known is blank, and says why. Beside every chart stands a table with its figures. This page is no
offer and no advice.\
"""


def write_portfolio(found: PortfolioFile, report: Report, path: Path) -> Path:
    """Write the page, whole or not at all; where it is.

    Raises: InputError when it cannot be written.
    """
    write_whole(path, portfolio_page(found, report), column="page")
    return path


def portfolio_page(found: PortfolioFile, report: Report) -> str:
    """The page: one HTML file, without script, that asks nothing of anybody."""
    settings, day = found.settings, moment(report.as_of)[:10]
    missing = [(name, *words) for name, *words in report.blanks()]
    missing += [
        ("all together", one.name, one.reason) for one in report.figures if one.reason is not None
    ]
    most = settings.most_days
    return charted_page(
        ChartedPage(
            title=f"{settings.name}, {day}",
            heading=settings.name,
            subtitle=f"as of {day}, in {report.currency}",
            verdict="",
            cards=_cards(report),
            sections=[
                Section("Positions", list(_positions(report)), [_table(report)]),
                Section("Return and risk", list(_growth(report)), [_whole(report)]),
                Section("Correlations", *_correlations(report, settings.interval.value)),
                Section("What is blank", [], _rows("Why", _WHY, missing)),
                Section("Marks and rates", [], [_marks(report)]),
            ],
            source=[
                ("Time", moment(report.as_of)),
                ("Marks", f"at most {counted(most.mark, 'day')} old"),
                ("Exchange rates", f"at most {counted(most.rate, 'day')} old"),
                *((f"SHA-256 of {name}", digest) for name, digest in found.digests.items()),
            ],
            fine=FINE,
        )
    )


_WHY = ("asset", "figure", "reason")


def _rows(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[PageTable]:
    return [PageTable(title, columns, rows)] if rows else []


def _shown(figure: Result) -> str:
    return BLANK if figure.value is None else figure.text


def _named(figure: Result) -> str:
    return figure.name[0].upper() + figure.name[1:]


def _cards(report: Report) -> list[tuple[str, str]]:
    """At a glance."""
    value, *others = report.figures
    cards = [(f"Value, {report.currency}", _shown(value))]
    cards.append(("Positions", f"{len(report.positions):,}"))
    return cards + [(_named(figure), _shown(figure)) for figure in others]


# --------------------------------------------------------------------------------------- positions


def _by_value(report: Report) -> list[Position]:
    """The positions that have a value, the largest first."""
    known = [one for one in report.positions if one.value.value is not None]
    return sorted(known, key=lambda one: (-one.value.known, one.holding.asset))


def _positions(report: Report) -> Iterator[Chart]:
    known = _by_value(report)
    if report.value.value:
        yield _ring(report, known)
    if not known:
        return
    shown, more = known[:LARGEST], len(report.positions) - len(known)
    without = f" {counted(more, 'position')} without a value not drawn." if more else ""
    yield bars(
        f"Value by position, in {report.currency}",
        f"Of {counted(len(report.positions), 'position')}, the largest {len(shown)}.{without}",
        [one.holding.asset for one in shown],
        [Series("value", [Figure(one.value.known, one.value.text) for one in shown])],
        first="asset",
    )


def _ring(report: Report, known: Sequence[Position]) -> Chart:
    """The weights of the largest, and of all others together."""
    labels = [one.holding.asset for one in known[:PARTS]]
    parts = [Figure(one.weight.known, one.weight.text) for one in known[:PARTS]]
    if others := known[PARTS:]:
        rest = sum((one.weight.known for one in others), Fraction(0))
        labels.append(f"{len(others):,} others")
        parts.append(Figure(rest, f"{rounded(rest * 100, 2)}%"))
    told = ", ".join(f"{name} {one.text}" for name, one in zip(labels, parts, strict=True))
    return donut(
        "Weights", f"Of the whole value: {told}.", labels, Series("weight", parts),
        middle=report.currency, first="asset",
    )  # fmt: skip


def _table(report: Report) -> PageTable:
    rows = [
        (
            one.holding.asset,
            exact(one.holding.quantity),
            *map(_shown, (one.value, one.weight, one.total_return, one.volatility, one.drawdown)),
        )
        for one in report.positions
    ]
    columns = ("asset", "quantity>", "value>", "weight>", "return>", "volatility>", "drawdown>")
    total = ("all", "", _shown(report.value), *[""] * 4)
    return PageTable("All positions", columns, rows, total)


def _marks(report: Report) -> PageTable:
    """What each position is valued by, and since when its return is."""
    rows = [
        (
            one.holding.asset,
            one.holding.kind.value,
            one.value.inputs.get("mark", "none"),
            one.value.inputs.get("rate", "none"),
            one.total_return.inputs.get("from", "")[:10],
        )
        for one in report.positions
    ]
    columns = ("asset", "valued by", "mark", "exchange rate", "return from")
    return PageTable("Marks and rates", columns, rows)


# ---------------------------------------------------------------------------------- return and risk


def _growth(report: Report) -> Iterator[Chart]:
    """What 100 became, on the latest marks that all assets have."""
    back = report.looking_back
    times = back.times[-MARKS:]
    if len(times) < 2:
        return
    largest = _by_value(report)[:LINES] if len(report.positions) > 1 else []
    lines = [("all together", dict(zip(back.times, back.levels, strict=True)))]
    for one in largest:
        grown = report.series[one.holding.asset]
        lines.append((one.holding.asset, dict(zip(grown.times, grown.levels, strict=True))))
    drawn = [
        Series(name, [_rebased(levels[time], levels[times[0]]) for time in times])
        for name, levels in lines
        if levels[times[0]]
    ]
    if not drawn:
        return
    told = f"the latest {len(times)} of {len(back.times)}"
    if len(times) == len(back.times):
        told = f"all {len(times)}"
    yield line(
        "What 100 became",
        f"Income reinvested, in {report.currency}, at {told} common marks. All together are "
        "today's holdings, looking back.",
        [moment(time)[:10] for time in times],
        drawn,
        at=times,
        unit="at first 100",
    )


def _rebased(level: Fraction, first: Fraction) -> Figure:
    return Figure(100 * level / first, rounded(100 * level / first, 2, grouping=True))


def _whole(report: Report) -> PageTable:
    rows = [(_named(one), _shown(one), str(one.n)) for one in report.figures]
    return PageTable("All together", ("figure", "value>", "n>"), rows)


# ------------------------------------------------------------------------------------ correlations


def _correlations(
    report: Report, interval: str
) -> tuple[Sequence[Chart], Sequence[PageTable], str]:
    """A map of the largest assets, and each pair with its count and Spearman's check."""
    ranked = [one.holding.asset for one in _by_value(report)]
    ranked += [one.holding.asset for one in report.positions if one.holding.asset not in ranked]
    names = ranked[:CORRELATED]
    pairs = {both: pair for both, pair in report.correlations.items() if set(both) <= set(names)}
    more = len(report.correlations) - len(pairs)
    note = f"And {counted(more, 'more pair')}: `prorata portfolio` has them." if more else ""
    return list(_map(names, pairs, interval)), _pair_tables(pairs, interval), note


def _pair_tables(pairs: Mapping[tuple[str, str], Pair], interval: str) -> list[PageTable]:
    rows = [
        (f"{a}, {b}", _shown(one.pearson), _shown(one.spearman), str(one.pearson.n))
        for (a, b), one in pairs.items()
    ]
    columns: tuple[str, ...] = ("assets", "Pearson>", "Spearman>", "n>")
    reasons = [one.pearson.reason or "" for one in pairs.values()]
    if not any(reasons):
        return _rows(f"By the {interval}", columns, rows)
    told = [(*row, reason) for row, reason in zip(rows, reasons, strict=True)]
    return _rows(f"By the {interval}", (*columns, "why it is blank"), told)


def _map(
    names: Sequence[str], pairs: Mapping[tuple[str, str], Pair], interval: str
) -> Iterator[Chart]:
    found = {frozenset(both): one.pearson for both, one in pairs.items()}
    if not any(one.value is not None for one in found.values()):
        return

    def cell(a: str, b: str) -> Figure:
        if a == b:
            return Figure(1, "1")
        pearson = found[frozenset((a, b))]
        return Figure(pearson.value, pearson.text)

    yield heat_map(
        "How they moved together",
        f"Pearson's correlation of total returns, by the {interval}: 1 is together, 0 without a "
        "link, less than 0 against each other.",
        names,
        [Series(column, [cell(row, column) for row in names]) for column in names],
        first="asset",
    )
