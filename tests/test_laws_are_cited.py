"""The law book is cited by tests and says by which; the README tells its laws and true figures."""

from __future__ import annotations

import ast
import json
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

from prorata.toolchain.paths import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
BOOK = PROJECT_ROOT / "docs" / "invariants.md"
LAW = re.compile(r"^(\d+)\. (.*)$", re.MULTILINE)
CITATION = re.compile(r"\bLaws? (\d+(?:(?:, | and | to )\d+)*)")
LAWS = dict(LAW.findall(BOOK.read_text(encoding="utf-8")))
PROOFS = PROJECT_ROOT / "tests/assurance/proofs/results.json"
README_LAWS = dict(LAW.findall(README.split("## Laws")[1].split("\n## ")[0]))
GAS = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|", README.split("## Gas")[1], re.MULTILINE)
FIGURES = json.loads((PROJECT_ROOT / "tests/gas/figures.json").read_text(encoding="utf-8"))


def cited() -> dict[str, dict[str, int]]:
    """Which laws the docstrings of tests name: by number, the files and how many tests in each."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                continue
            text = ast.get_docstring(node) or ""
            for group in CITATION.findall(" ".join(text.split())):
                spelt = re.sub(r"(\d+) to (\d+)", _all_of, group)
                for number in re.findall(r"\d+", spelt):
                    found[number][path.relative_to(PROJECT_ROOT).as_posix()] += 1
    return found


def _all_of(span: re.Match[str]) -> str:
    return ", ".join(str(number) for number in range(int(span[1]), int(span[2]) + 1))


def proved() -> dict[str, dict[str, int]]:
    """Which laws the proved facts name: by number, the tools and how many facts each proved."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for fact in json.loads(PROOFS.read_text(encoding="utf-8"))["facts"]:
        numbers = re.findall(r"\d+", " ".join(CITATION.findall(fact["sentence"])))
        for number in numbers if fact["result"] == "proved" else ():
            found[number][fact["tool"]] += 1
    return found


CITED = cited()
PROVED = proved()


def with_citations(book: str) -> str:
    """The book with, under each law, the files whose tests attack it and the tools that prove
    facts of it.
    """
    bare = re.sub(r"\n   - \*[^\n]*(\n     [^\n]*)*", "", book)
    return LAW.sub(
        lambda law: f"{law[0]}\n   - *attacked by* {_files(law[1])}{_tools(law[1])}", bare
    )


def _tools(law: str) -> str:
    listed = ", ".join(f"{count} facts ({tool})" for tool, count in sorted(PROVED[law].items()))
    return f"\n   - *proved by* {listed}" if listed else ""


def _files(law: str) -> str:
    return ", ".join(
        f"`{path.removeprefix('tests/')}`" + (f" ({count})" if count > 1 else "")
        for path, count in CITED[law].items()
    )


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_cited(law: str) -> None:
    """Each law of the book is attacked by at least one test that says so."""
    assert CITED[law]


def test_no_test_cites_a_law_that_is_not_in_the_book() -> None:
    """What tests and proofs call a law is in the book."""
    assert {law for law in (*CITED, *PROVED) if CITED[law] or PROVED[law]} <= set(LAWS)


def test_the_book_says_who_attacks_which_law() -> None:
    """The lines under the laws are what docstrings and proofs say today."""
    book = BOOK.read_text(encoding="utf-8")
    if os.environ.get("PRORATA_LAWBOOK") == "update":
        BOOK.write_text(with_citations(book), encoding="utf-8")
    assert BOOK.read_text(encoding="utf-8") == with_citations(book)


def test_laws_are_numbered_without_a_gap() -> None:
    """The list of laws runs from 1."""
    assert list(LAWS) == [str(number) for number in range(1, len(LAWS) + 1)]


def test_the_readme_has_the_first_laws_of_the_book() -> None:
    """Word for word, from the first on, and five at least."""
    first = dict(list(LAWS.items())[: max(5, len(README_LAWS))])
    assert first == README_LAWS


def test_the_readme_tells_what_the_main_operations_cost() -> None:
    """Transfer, declare, claim and push are in its table."""
    assert {label.split(":")[0] for label, _ in GAS} >= {"transfer", "declare", "claim", "push"}


@pytest.mark.parametrize(("label", "gas"), GAS)
def test_the_readme_tells_the_measured_gas(label: str, gas: str) -> None:
    """Each figure in the README is the committed one, which the gas test measures."""
    assert int(gas.replace(",", "")) == FIGURES["gas"][label]


def test_the_readme_stays_short() -> None:
    """An issuer reads it in five minutes."""
    assert len(README.splitlines()) <= 150
    assert len(README.split()) <= 1_500
