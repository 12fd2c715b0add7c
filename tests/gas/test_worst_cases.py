"""Every loop of the contracts is bounded, and its worst case fits a transaction on cold slots."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.chainkit import GAS_CAP
from tests.gas.worst_cases import BOUNDS, Bound, measure

FIGURES = Path(__file__).with_name("worst_cases.json")
PAGE = PROJECT_ROOT / "docs" / "limits.md"
UPDATE = os.environ.get("PRORATA_GAS") == "update"
TABLE = re.compile(r"(## Gas\n.*?\n\n)\|.*?\n(?=\n|\Z)", re.DOTALL)
LOOP = re.compile(r"^\s*(?:for|while|do)\b(?! *\w)")
FUNCTION = re.compile(r"^\s*(?:function (\w+)|(constructor)|modifier (\w+))")


@pytest.fixture(scope="module")
def figures(artifacts: dict[str, Artifact]) -> dict[str, int]:
    """Gas by label, measured now."""
    with Anvil(hardfork="osaka") as anvil:
        return measure(artifacts, anvil)


@pytest.mark.slow
@pytest.mark.attack("K2")
def test_every_worst_case_fits_a_transaction_by_far(figures: dict[str, int]) -> None:
    """No loop, however long others or the years have made it, needs more than four fifths of what a
    transaction can have (Law 34)."""
    assert {label: gas for label, gas in figures.items() if gas > GAS_CAP * 4 // 5} == {}


@pytest.mark.slow
def test_worst_cases_are_what_the_committed_figures_say(figures: dict[str, int]) -> None:
    """To the unit (`make gas` rewrites them, and the page that tells them)."""
    if UPDATE:
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    assert figures == committed()


def test_every_loop_of_the_contracts_is_bounded() -> None:
    """A loop that is added to a contract is added to `BOUNDS`, with what bounds it (Law 34)."""
    listed = [loop for bound in BOUNDS for loop in bound.loops.split()]
    assert sorted(listed) == sorted(set(loops()))


def test_every_figure_is_of_a_loop_and_every_loop_has_its_figure() -> None:
    """But for those whose worst case is the caller's own list, or that nobody sends."""
    for bound in BOUNDS:
        assert bool(labels(bound, committed())) == bool(bound.measured), bound.what
    told = {label for bound in BOUNDS for label in labels(bound, committed())}
    assert told == set(committed())


def test_the_page_tells_the_committed_figures() -> None:
    """Each loop with its bound and its worst cases."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, committed())


def committed() -> dict[str, int]:
    """The figures that are kept."""
    kept: dict[str, int] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return kept


def loops() -> Iterator[str]:
    """Every function with a loop, as `Contract.function`."""
    for path in sorted((PROJECT_ROOT / "contracts").rglob("*.sol")):
        function = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if found := FUNCTION.match(line):
                function = next(name for name in found.groups() if name)
            if LOOP.match(line):
                yield f"{path.stem}.{function}"


def labels(bound: Bound, figures: Mapping[str, int]) -> list[str]:
    """The labels of a bound's figures, in order."""
    starts = tuple(filter(None, bound.measured.split("\n")))
    return [label for label in figures if label.startswith(starts)] if starts else []


def with_table(page: str, figures: Mapping[str, int]) -> str:
    """The page with the table of loops anew: of each the dearest case."""
    rows = ["| what is gone through | bounded by | worst case | gas |", "|---|---|---|---|"]
    for bound in BOUNDS:
        worst = max(labels(bound, figures), key=figures.__getitem__, default="")
        told = f"{worst} | {figures[worst]:,}" if worst else "no more than is asked for | -"
        rows.append(f"| {bound.what} | {bound.bound} | {told} |")
    table = "\n".join(rows)
    return re.sub(
        r"(## Gas\n.*?\n\n)\|.*?\n(?=\n|\Z)", lambda at: f"{at[1]}{table}\n", page, flags=re.DOTALL
    )
