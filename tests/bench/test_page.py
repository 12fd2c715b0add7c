"""The published page is its figures', and prorata's figures are those that `make test` measures."""

from __future__ import annotations

import json
import re

import pytest

from prorata.toolchain.paths import PROJECT_ROOT
from tests.bench import calls, charts, page
from tests.bench.exchanges import EXCHANGES
from tests.bench.field import PEERS
from tests.bench.operations import OPERATIONS
from tests.bench.peers import HERE, versions
from tests.bench.trading import FLOOR, PAIRS

DOCS = PROJECT_ROOT / "docs"
PAGE = (DOCS / "costs.md").read_text(encoding="utf-8")
FOUND = json.loads((DOCS / "costs.json").read_text(encoding="utf-8"))
COMMITTED = json.loads((PROJECT_ROOT / "tests/gas/figures.json").read_text(encoding="utf-8"))
LOCK = (HERE / "peers" / "package-lock.json").read_text(encoding="utf-8")


def test_the_page_is_made_of_its_figures():
    """What a person reads is what a program reads (`make bench` rewrites both)."""
    assert page.render(FOUND) == PAGE


def test_the_gas_of_the_page_is_the_gas_of_the_tests():
    """Label by label, to the unit; `make bench` after a change of gas."""
    assert FOUND["gas"] == COMMITTED["gas"]
    assert {key: FOUND["setup"][key] for key in COMMITTED["setup"]} == COMMITTED["setup"]


def test_every_operation_has_a_figure_of_prorata_and_a_row():
    """None is left out, whoever it flatters."""
    results = page.Results(FOUND)
    for operation in OPERATIONS:
        assert results.ours(operation) > 0
        assert f"| {operation.title} | **{results.ours(operation):,}** |" in PAGE


def test_every_exchange_has_its_figures():
    """Ours beside the others, on each pair of tokens; what one cannot do is no figure."""
    for pair in PAIRS:
        figures = FOUND["trading"][pair]
        assert set(figures) == {FLOOR, *(exchange.title for exchange in EXCHANGES)}
        for exchange in EXCHANGES:
            parts = {"first part", "next part"} if exchange.fills_parts else set()
            able = {"whole"} | parts | ({"cancel"} if exchange.cancels else set())
            assert set(figures[exchange.title]) == able
            assert figures[exchange.title]["whole"] > figures[FLOOR]["whole"]


def test_calls_and_exchanges_have_a_row_for_each_figure_that_is_known():
    """Those of others are named as what they are: run by hand, or published."""
    gas = {f"{row.label}, {calls.OPEN}" if row.by_rules else row.label: 1_234 for row in calls.ROWS}
    said = calls.section(gas, page.table)
    assert sum(line.endswith("| 1,234 | - |") for line in said) == len(calls.ROWS)
    assert calls.section({}, page.table) == []
    for row in calls.ROWS:
        assert not re.search(r"\d", row.elsewhere) or re.search(
            r"\((by hand|published)\)", row.elsewhere
        )


def test_a_peer_that_cannot_is_shown_as_such():
    """Never as zero, and no peer has an operation that is not on the page."""
    known = {operation.key for operation in OPERATIONS}
    for peer in PEERS:
        figures = FOUND["field"][peer.key]
        assert set(figures) <= known
        assert all(gas > 0 for gas in figures.values())
    rows = PAGE.split("## Everybody, everything")[1].split("\n## ")[0].count(page.CANNOT)
    able = sum(len(FOUND["field"][peer.key]) for peer in PEERS)
    assert rows == len(PEERS) * len(OPERATIONS) - able


def test_a_declaration_costs_the_same_for_any_number_of_holders():
    """Measured at 1, 1,000, 10,000 and 100,000."""
    declared = FOUND["growth"]["declare"]
    assert set(declared) == {"1", "1000", "10000", "100000"}
    assert len(set(declared.values())) == 1


def test_the_peers_of_the_page_are_those_of_the_lock():
    """The versions on the page are installed by the lock file, which names no host."""
    assert FOUND["setup"]["packages"] == versions()
    assert not re.search(r"\"resolved\"|https?:", LOCK)


@pytest.mark.slow
def test_the_pictures_of_the_page_can_be_drawn(tmp_path):
    """Every picture that the page shows is there and is drawn from the figures."""
    charts.draw(FOUND, tmp_path)
    shown = re.findall(r"\]\(costs/([a-z]+\.png)\)", PAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(shown)
    assert all((DOCS / "costs" / name).read_bytes()[:4] == b"\x89PNG" for name in shown)


@pytest.mark.parametrize(
    ("a", "b", "expected"), [(1, 1, "1.00"), (2, 3, "0.67"), (1, 200, "0.01"), (1, 201, "0.00")]
)
def test_a_ratio_is_rounded_half_up_in_integers(a, b, expected):
    """The page's ratios have no float in them."""
    assert page.ratio(a, b) == expected


@pytest.mark.parametrize(
    ("gas", "expected"), [(1_000_000, "3.00"), (1, "0.01"), (3_330_000, "9.99"), (3_333_334, "11")]
)
def test_dollars_are_rounded_up_in_integers(gas, expected):
    """At one gwei, with an ether at 3,000 dollars: three dollars for a million gas."""
    assert page.dollars(gas, page.GWEI) == expected
