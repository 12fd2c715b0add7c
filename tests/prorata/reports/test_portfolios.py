"""The page of a portfolio: it says what the report says, draws what is known, and loads nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from prorata.analysis.marks import MarkKind
from prorata.analysis.portfolio import Holding
from prorata.analysis.portfolio_files import PortfolioFile, read_portfolio
from prorata.errors import InputError
from prorata.reports.portfolios import portfolio_page, write_portfolio
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.analysis.made import month_end, monthly
from tests.prorata.reports.test_overview import MOST_BYTES, NASTY, Page

EXAMPLE = PROJECT_ROOT / "examples" / "analytics" / "portfolio.yaml"


def sample(**more) -> PortfolioFile:
    """The example, with another portfolio's fields."""
    found = read_portfolio(EXAMPLE)
    return replace(found, portfolio=replace(found.portfolio, **more))


def page_of(found: PortfolioFile) -> str:
    return portfolio_page(found, found.portfolio.report())


def cells(page: str, name: str) -> list[list[str]]:
    """The rows of a table."""
    table = page[page.index(f'aria-label="{name}"') :].split("</table>", maxsplit=1)[0]
    rows = table.split("<tbody>")[1].split("</tr>")[:-1]
    return [re.findall("<td[^>]*>([^<]*)</td>", row) for row in rows]


# -------------------------------------------------------------------------------------- as a page


def test_the_page_loads_nothing_and_beside_each_chart_stands_a_table():
    text = page_of(sample())
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & set(page.tags)
    names = {name for _, name, _ in page.attributes}
    assert not {"href", "src", "style", "action", "data"} & names
    assert "url(" not in text
    assert page.tags.count("figure") == page.tags.count("svg") == 4
    assert page.tags.count("table") == 4 + 4
    assert page.attributes.count(("div", "tabindex", "0")) == page.tags.count("table")
    assert len(text.encode()) <= MOST_BYTES


def test_the_same_files_give_the_same_bytes(tmp_path):
    found = sample()
    path = write_portfolio(found, found.portfolio.report(), tmp_path / "p.html")
    assert path.read_text(encoding="utf-8") == page_of(sample())


def test_names_that_strangers_chose_are_text():
    holdings = [Holding(NASTY, Fraction(1), MarkKind.NAV)]
    marks = [replace(one, source=NASTY) for one in monthly([1, 2, 3], asset=NASTY)]
    page = Page(page_of(sample(holdings=holdings, marks=marks, as_of=month_end(2), income={})))
    assert "script" not in page.tags
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    assert NASTY in page.text


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    found = sample()
    with pytest.raises(InputError, match="cannot be written"):
        write_portfolio(found, found.portfolio.report(), tmp_path / "file" / "p.html")


# --------------------------------------------------------------------------------- what it says


def test_its_figures_are_those_of_the_report():
    found = sample()
    report, page = found.portfolio.report(), page_of(found)
    assert cells(page, "All positions") == [
        *(
            [
                one.holding.asset,
                str(one.holding.quantity),
                *(
                    figure.text
                    for figure in (
                        one.value,
                        one.weight,
                        one.total_return,
                        one.volatility,
                        one.drawdown,
                    )
                ),
            ]
            for one in report.positions
        ),
        ["all", "", "256,838.55", "", "", "", ""],
    ]
    assert [row[1:] for row in cells(page, "All together")] == [
        [one.text, str(one.n)] for one in report.figures
    ]
    assert cells(page, "By the month")[0] == ["HARBOUR, MAPLE", "0.6519", "0.6575", "39"]
    assert [row[0] for row in cells(page, "Weights")] == ["VAULT", "HARBOUR", "MAPLE"]
    assert "What is blank" not in page
    for digest in found.digests.values():
        assert digest in page


def test_lines_begin_at_100_and_end_where_their_returns_do():
    """The whole is worth what today's holdings were then: counted from the marks by hand."""
    holdings = [Holding("A", Fraction(10), MarkKind.NAV), Holding("B", Fraction(5), MarkKind.NAV)]
    marks = [*monthly([10_00, 20_00, 30_00], asset="A"), *monthly([40_00, 20_00, 60_00], asset="B")]
    page = page_of(sample(holdings=holdings, marks=marks, as_of=month_end(2), income={}))
    assert [row[1:] for row in cells(page, "What 100 became")] == [
        ["100.00", "100.00", "100.00"],  # 10 x 10 + 5 x 40 = 300
        ["100.00", "200.00", "50.00"],  # 200 + 100 = 300
        ["200.00", "300.00", "150.00"],  # 300 + 300 = 600; A and B by name: equal values
    ]
    assert "at all 3 common marks" in page
    assert "How they moved together" not in page
    assert cells(page, "By the month") == [
        ["A, B", "blank", "blank", "2", "not enough data: 2 of 36 common months"]
    ]


def test_what_is_blank_is_drawn_nowhere_and_says_why():
    page = page_of(sample(rates=[]))
    reason = "no rate of EUR at 2027-12-31T23:59:59Z"
    blank = cells(page, "Why")
    assert ["HARBOUR", "value", reason] in blank
    assert ["all together", "value", "no value of HARBOUR"] in blank
    assert "Weights" not in page
    assert "What 100 became" not in page
    assert "1 position without a value not drawn" in page
    assert [row[0] for row in cells(page, "Value by position, in USD")] == ["VAULT", "MAPLE"]
    # Its correlation with the others is blank; the others' is not.
    first = "no rate of EUR at 2024-09-30T23:59:59Z"
    moved = {row[0]: row[1:] for row in cells(page, "How they moved together")}
    assert moved["HARBOUR"] == [first, first, "1"]
    assert moved["MAPLE"] == ["0.4120", "1", first]


def test_a_portfolio_without_a_mark_has_a_page_without_charts():
    page = Page(page_of(sample(marks=[])))
    assert "svg" not in page.tags
    assert page.text.count("no NAV is given") >= 1


def test_a_hundred_positions_have_one_page():
    """Of as many the largest are drawn; all stand in the table, and pairs are those of eight."""
    names = [f"ASSET-{n:03d}-{'X' * 10}" for n in range(100)]
    holdings = [Holding(name, Fraction(10**6 + n), MarkKind.NAV) for n, name in enumerate(names)]
    marks = [one for name in names for one in monthly([100, 110, 120], asset=name)]
    page = page_of(sample(holdings=holdings, marks=marks, as_of=month_end(2), income={}))
    assert len(cells(page, "All positions")) == 101
    assert [row[0] for row in cells(page, "Weights")][-1] == "95 others"
    assert len(cells(page, "Value by position, in USD")) == 10
    assert len(cells(page, "By the month")) == 28
    assert "4,922 more pairs" in page
