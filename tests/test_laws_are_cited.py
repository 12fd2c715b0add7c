"""The README's laws are cited by tests, and its figures are the measured ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from prorata.build import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
LAWS = re.findall(r"^(\d+)\. ", README.split("## Laws")[1].split("##")[0], re.MULTILINE)
GAS = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|", README.split("## Gas")[1], re.MULTILINE)
FIGURES = json.loads((PROJECT_ROOT / "tests/gas/figures.json").read_text(encoding="utf-8"))


def cited() -> set[str]:
    """The numbers of all laws that some test's docstring names."""
    numbers: set[str] = set()
    for path in Path(__file__).parent.rglob("*.py"):
        for group in re.findall(r"\(Laws? ([\d, and]+)\)", path.read_text(encoding="utf-8")):
            numbers.update(re.findall(r"\d+", group))
    return numbers


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_cited(law: str) -> None:
    """Each law of the README is attacked by at least one test that says so."""
    assert law in cited()


def test_no_test_cites_a_law_that_is_not_in_the_readme() -> None:
    """What tests call a law is in the README."""
    assert cited() <= set(LAWS)


def test_laws_are_numbered_without_a_gap() -> None:
    """The list of laws runs from 1."""
    assert [int(law) for law in LAWS] == list(range(1, len(LAWS) + 1))


@pytest.mark.parametrize(("label", "gas"), GAS)
def test_the_readme_tells_the_measured_gas(label: str, gas: str) -> None:
    """Each figure in the README is the committed one, which the gas test measures."""
    assert int(gas.replace(",", "")) == FIGURES["gas"][label]


def test_the_readme_stays_short() -> None:
    """A newcomer can finish it."""
    assert len(README.splitlines()) <= 220
