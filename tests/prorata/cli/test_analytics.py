"""`score`, `index` and `portfolio`: what they say to a person and to a program, and refuse."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import run

EXAMPLES = PROJECT_ROOT / "examples" / "analytics"
CARD, INDEX, PORTFOLIO = (
    str(EXAMPLES / name) for name in ("score.yaml", "index.yaml", "portfolio.yaml")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "analytics")
    return tmp_path / "analytics"


def changed(path: Path, old: str, new: str) -> str:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path)


# -------------------------------------------------------------------------------------------- score


def test_a_score_leads_with_its_span():
    done = run("score", CARD)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == (
        "12 Maple Street by Income property, version 1, at 2027-12-31T23:59:59Z: 59.0 to 74.0"
    )
    assert lines[1] == "No single score: 1 input missing: audit."
    assert "Weight that is known: 85.0%; by the issuer: 40.0%." in lines
    assert "With one weight changed by 10%: 58.1 to 74.4; audit moves it the most." in lines
    assert lines[-1].endswith("a score is a comparison by this method: no rating, and no advice.")


def test_a_score_for_a_program():
    facts = json.loads(run("score", CARD, "--json").out)
    assert (facts["low"]["value"], facts["high"]["value"]) == ("59.0", "74.0")
    assert facts["score"]["value"] is None
    assert facts["score"]["reason"] == "1 input missing: audit"
    assert facts["missing"] == ["audit"]
    assert len(facts["method"]["digest"]) == 64
    assert facts["criteria"][0] == {
        "name": "occupancy",
        "weight": 20,
        "points": 60,
        "value": "92",
        "evidence": "rent roll of 30 November",
        "date": "2027-11-30T23:59:59Z",
        "supplied_by": "issuer",
        "missing": None,
    }


def test_with_all_inputs_one_score_is_said(folder):
    more = '  audit: { value: "yes", evidence: e, date: 2027-12-31, supplied_by: auditor }\n'
    path = folder / "score.yaml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    done = run("score", str(path))
    assert done.out.splitlines()[0].endswith("at 2027-12-31T23:59:59Z: 74.0")
    assert "No single score" not in done.out


# -------------------------------------------------------------------------------------------- index


def test_an_index_shows_its_levels_and_its_changes():
    done = run("index", INDEX)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Income property, weighted by size, version 1, in USD: 12 levels\n")
    assert "2027-12-31T23:59:59Z   1,078.05      1,115.23" in done.out
    assert "rebalanced; in: PIER" in done.out
    assert "QUAY delisted at last price" in done.out


def test_an_index_for_a_program():
    """The log has quantities and divisors exactly, so that each level can be computed again."""
    facts = json.loads(run("index", INDEX, "--json").out)
    assert facts["levels"][-1]["total_return"]["value"] == "1115.23"
    assert facts["levels"][3]["price"]["n"] == 3
    [first, second] = facts["changes"]
    assert first["before"]["divisor"] == "3096.6"
    assert second["after"]["quantities"] == {"MAPLE": "10000", "OAK": "26000", "PIER": "15000"}
    assert set(facts["digests"]) == {"method", "prices", "income"}


def test_an_index_without_changes_shows_none(folder):
    path = folder / "index.yaml"
    text = path.read_text(encoding="utf-8").split("rebalances:")[0]
    path.write_text(text.replace("most_days: 40", "most_days: 400"), encoding="utf-8")
    done = run("index", str(path))
    assert (done.code, "Changes" in done.out) == (0, False)


# ---------------------------------------------------------------------------------------- portfolio


def test_a_portfolio_shows_positions_and_correlations():
    done = run("portfolio", PORTFOLIO)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("A family's real assets, at 2027-12-31T23:59:59Z, in USD\n")
    assert "Value: 256,838.55\nHHI: 3,833.06\n" in done.out
    assert "HARBOUR, MAPLE    0.6519     0.6575   39" in done.out
    assert "Blank" not in done.out


def test_a_portfolio_for_a_program():
    facts = json.loads(run("portfolio", PORTFOLIO, "--json").out)
    assert [one["value"]["value"] for one in facts["positions"]] == [
        "55770.00",
        "131844.00",
        "69224.55",
    ]
    assert {one["name"]: one["value"] for one in facts["figures"]} == {
        "value": "256838.55",
        "HHI": "3833.06",
        "effective positions": "2.61",
        "volatility of today's holdings": "7.10",
        "drawdown of today's holdings": "-4.51",
        "money-weighted return": "9.8619",
    }
    assert facts["correlations"][0]["pearson"]["inputs"]["interval"] == "month"


def test_what_is_blank_says_why(folder):
    path = changed(folder / "portfolio.yaml", "rates: rates.csv\n", "")
    done = run("portfolio", path)
    assert done.code == 0
    assert "Value: no value of HARBOUR" in done.out
    assert "Blank: HARBOUR, value: no rate of EUR at 2027-12-31T23:59:59Z." in done.out
    facts = json.loads(run("portfolio", path, "--json").out)
    assert facts["positions"][2]["value"] == {
        "name": "value",
        "value": None,
        "unit": "number",
        "places": 2,
        "as_of": "2027-12-31T23:59:59Z",
        "n": 1,
        "inputs": facts["positions"][2]["value"]["inputs"],
        "reason": "no rate of EUR at 2027-12-31T23:59:59Z",
    }


def test_the_page_of_a_portfolio_is_written_where_it_was_asked_for(folder, monkeypatch):
    """It has the figures that `portfolio` has, and counts those that are blank."""
    monkeypatch.chdir(folder)
    done = run("report", "portfolio", PORTFOLIO)
    place = Path("out") / "reports" / "portfolio.html"
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"3 positions at 2027-12-31T23:59:59Z: {place}, ")
    text = place.read_text(encoding="utf-8")
    for one in json.loads(run("portfolio", PORTFOLIO, "--json").out)["figures"]:
        assert f"{Decimal(one['value']):,}" in text
    path = changed(folder / "portfolio.yaml", "rates: rates.csv\n", "")
    facts = json.loads(run("report", "portfolio", path, "--out", "p.html", "--json").out)
    assert facts == {
        "file": "p.html",
        "as_of": "2027-12-31T23:59:59Z",
        "positions": 3,
        "blank": 10,
    }


# ----------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none.yaml",), "cannot be read"),
        (("portfolio.yaml", "--out", "p.pdf"), "end its name in .html"),
        (("portfolio.yaml", "--out", "marks.csv/p.html"), "marks.csv"),
        (("score.yaml",), "score.yaml"),
    ],
)
def test_a_page_that_is_refused_is_not_begun(folder, monkeypatch, words, sentence):
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    done = run("report", "portfolio", *words)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
    assert json.loads(run("report", "portfolio", *words, "--json").out)["error"]["remedy"]
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "old", "new", "sentence"),
    [
        ("score", "value: 92", "value: 92.5", "is a float to YAML; write it in"),
        ("index", "rule: carry", "rule: guess", "write one of carry, blank."),
        ("portfolio", "marks.csv", "none.csv", "cannot be read (no such"),
    ],
)  # fmt: skip
def test_a_file_that_is_refused(folder, command, old, new, sentence):
    """One sentence and exit code 1; for a program the same in its document."""
    path = changed(folder / f"{command}.yaml", old, new)
    done = run(command, path)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
    told = json.loads(run(command, path, "--json").out)["error"]
    assert told["kind"] == "InputError"
