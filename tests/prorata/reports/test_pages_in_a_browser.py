"""Pages as a real browser shows them: in the light and the dark, printed, and on a small screen."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from prorata.ledger.unclaimed import AgedBalances, Overdue, Owed
from prorata.reports.charts import Figure, Series, count, heat_map, line
from prorata.reports.layouts import layout
from prorata.reports.letters import page as letter_page
from prorata.reports.overview import overview_page
from prorata.reports.registers import register_rows, write_ageing, write_register
from prorata.values.amounts import Unit
from prorata.values.kinds import Kind
from tests.browser import Tab
from tests.prorata.reports.test_annual import KNOWN, TOKEN, UNITS, A, books_of
from tests.prorata.reports.test_charts import SHAPES
from tests.prorata.reports.test_mailing import sample as letter
from tests.prorata.reports.test_overview import sample as overview
from tests.prorata.reports.test_portfolios import page_of as portfolio_page
from tests.prorata.reports.test_portfolios import sample as portfolio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWS = {
    "light": {"width": 1100},
    "dark": {"width": 1100, "dark": True},
    "small": {"width": 360},
    "printed": {"width": 720, "dark": True, "printed": True},
}


@pytest.fixture(scope="module")
def tab(chromium):
    return Tab(chromium)


def gallery() -> str:
    """All seven shapes, and a line with a gap, on a page of the overview's style."""
    gap = [count(3), Figure(None, "too few trades"), count(4), count(9)]
    charts = [
        *SHAPES.values(),
        line("With a gap", "", list("abcd"), [Series("one", gap), Series("two", gap[::-1])]),
        heat_map("Wide", "", ["ABC", "DEF"], [Series("ABC", gap[:2]), Series("DEF", gap[2:])]),
    ]
    shown = overview(documents=[])
    text = overview_page(shown)
    chart = layout("chart").make_module()
    body = "".join(str(chart.figure(one)) for one in charts)
    head, _, rest = text.partition("<section>")
    return f"{head}<section>{body}</section>{rest[rest.rindex('<p class=') :]}"


def register() -> str:
    """A register of holders with a name, a country and long addresses."""
    books = books_of([])
    rows = register_rows(books.ledgers[TOKEN], 1, UNITS[TOKEN], known=KNOWN, countries={A: "DE"})
    facts = {"asset": "House (HSE)", "record": "Record 1", "share token": TOKEN}
    with TemporaryDirectory() as place:
        path = Path(place) / "register.html"
        write_register(rows, path, facts)
        return path.read_text(encoding="utf-8")


class _Dollar:
    """What a page asks of a currency."""

    unit = Unit("USD", 6)


class _Terms:
    kind = Kind.RENT


class _Rent:
    """What a page asks of a distribution."""

    terms = _Terms

    def __init__(self, number: int) -> None:
        self.id = number


def ageing() -> str:
    """Two distributions: one not yet due, one with each age and state."""
    now, day = 1_800_000_000, 86_400
    whole = [(3, "claimable"), (45, "frozen"), (200, "held"), (500, "claimable")]
    old = [
        Owed(f"0x{n:040x}", "", 1_234_567_890 * n, now - days * day, now, state)
        for n, (days, state) in enumerate(whole, start=1)
    ]
    new = [Owed(A, A, 5, now + day, now, "not due")]
    told = [(_Rent(1), tuple(old)), (_Rent(2), tuple(new))]
    aged = AgedBalances(now, tuple(Overdue(one, _Dollar, n, 0, False) for one, n in told))
    with TemporaryDirectory() as place:
        path = Path(place) / "ageing.html"
        write_ageing(aged, path, "House (HSE)")
        return path.read_text(encoding="utf-8")


PAGES = {
    "overview": lambda: overview_page(overview()),
    "charts": gallery,
    "statement": lambda: letter_page(letter()),
    "register": register,
    "ageing": ageing,
    "portfolio": lambda: portfolio_page(portfolio()),
}

PAPER = ("statement", "register", "ageing")
"""Pages without charts, which are paper on every screen."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nobody_for_anything(tab, tmp_path, name):
    """And nothing is said on its console, in whatever light it is seen."""
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    for view in VIEWS.values():
        tab.open(path, **view)
        assert [url for url in tab.asked if not url.startswith("data:")] == [path.as_uri()]
    assert tab.said == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_hangs_over_the_edge_of_a_small_screen(tab, tmp_path, name):
    """Only a wide table does, in a frame of its own that can be moved."""
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    tab.open(path, 360)
    assert tab.asks("document.documentElement.scrollWidth") == 360
    texts = name in PAPER or tab.asks(
        "Math.min(...[...document.querySelectorAll('svg text')].map(t => "
        "t.getBoundingClientRect().height))"
    )
    assert texts is True or texts > 8


@pytest.mark.parametrize("name", ["overview", "charts", "portfolio"])
def test_no_text_of_a_chart_runs_over_its_edge(tab, tmp_path, name):
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    tab.open(path, 1100)
    outside = tab.asks(
        "[...document.querySelectorAll('svg text')].filter(t => {"
        "const a = t.getBoundingClientRect(), b = t.closest('svg').getBoundingClientRect();"
        "return a.left < b.left - 4 || a.right > b.right + 4 || a.top < b.top - 4 || "
        "a.bottom > b.bottom + 4}).map(t => t.textContent)"
    )
    assert outside == []


def test_what_is_read_aloud_has_a_name(tab, tmp_path):
    """Every picture and every frame, by the browser's own tree for screen readers."""
    path = tmp_path / "page.html"
    path.write_text(overview_page(overview()), encoding="utf-8")
    tab.open(path, 1100)
    tab.protocol.send("Accessibility.enable")
    nodes = tab.protocol.send("Accessibility.getFullAXTree")["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value"), "description" in node)
        for node in nodes
        if node.get("role", {}).get("value") in ("image", "img", "region") and not node["ignored"]
    ]
    assert [role for role, _, _ in named].count("region") == 10
    assert len(named) == 16
    assert all(name for _, name, _ in named)
    assert all(described for role, _, described in named if role != "region")
