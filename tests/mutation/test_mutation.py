"""The harness that changes code to see who notices: what it makes, and that it can tell."""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import replace

import pytest

from prorata.build import PROJECT_ROOT, Artifact
from tests.mutation import python
from tests.mutation.killing import KILLED, SURVIVED, killed_contract, killed_module
from tests.mutation.mutant import Mutant, sample
from tests.mutation.run import RESULTS, originals
from tests.mutation.solidity import Compiler, mutants

LEDGER = "contracts/ShareLedger.sol"
MONEY = "prorata/money.py"
KEPT = json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return Compiler()


@pytest.fixture(scope="module")
def ledger(compiler: Compiler) -> list[Mutant]:
    return list(mutants(compiler.trees[LEDGER], LEDGER, compiler.text(LEDGER)))


def changed(compiler: Compiler, mutant: Mutant) -> dict[str, Artifact]:
    """The contracts that a mutant changes, compiled."""
    made = compiler.compiled(mutant, compiler.using(mutant.path, originals()))
    assert made
    return {
        name: replace(originals()[name], bytecode=creation, runtime=runtime)
        for name, (creation, runtime) in made.items()
    }


def at(found: list[Mutant], compiler: Compiler, line: str, operator: str) -> Mutant:
    """The mutant of this kind on this line."""
    text = compiler.text(LEDGER)
    return next(m for m in found if m.context(text).startswith(line) and m.operator == operator)


def test_every_mutant_is_one_change_of_what_is_there(
    compiler: Compiler, ledger: list[Mutant]
) -> None:
    """None changes a comment, and each leaves all of the source but its place."""
    text = compiler.text(LEDGER)
    assert len(ledger) > 150
    for mutant in ledger:
        after = mutant.applied(text)
        assert after != text
        assert len(after) == len(text) - len(mutant.before) + len(mutant.after)
        assert not mutant.context(text).startswith("//")


def test_a_sample_is_the_same_each_time_and_of_every_kind(ledger: list[Mutant]) -> None:
    """As many of the rarest kinds as there are."""
    kinds = Counter(mutant.operator for mutant in set(ledger))
    chosen = sample(ledger, 40, "seed")
    assert chosen == sample(reversed(ledger), 40, "seed")
    assert len(chosen) == 40
    assert {mutant.operator for mutant in chosen} == set(kinds)


def test_a_wrong_ledger_is_noticed(compiler: Compiler, ledger: list[Mutant]) -> None:
    """A balance that may go below nothing."""
    mutant = at(ledger, compiler, "if (source.balance() < amount) revert", "remove if")
    verdict = killed_contract(mutant, changed(compiler, mutant), originals(), every=False)
    assert verdict.outcome == KILLED


def test_a_sound_ledger_is_not_called_wrong(compiler: Compiler) -> None:
    """The original, compiled as mutants are, survives what kills them."""
    text = compiler.text(LEDGER)
    nothing = Mutant(LEDGER, text.index("ledger"), "ledger", "ledger", "none")
    same = changed(compiler, nothing)
    assert same == {"ShareToken": originals()["ShareToken"]}


def test_a_wrong_module_is_noticed_and_a_sound_one_is_not() -> None:
    """Of Python, too."""
    text = (PROJECT_ROOT / MONEY).read_text(encoding="utf-8")
    made = list(python.mutants(MONEY, text))
    for mutant in made:
        ast.parse(mutant.applied(text))
    wrong = next(mutant for mutant in made if mutant.operator == "negate")
    assert killed_module(wrong).outcome == KILLED
    nothing = Mutant(MONEY, 0, text[:1], text[:1], "none")
    assert killed_module(nothing).outcome == SURVIVED


def test_every_survivor_is_named() -> None:
    """By file, line and change; the numbers are those of the list."""
    assert KEPT["total"].get("survived", 0) == len(KEPT["survivors"])
    assert KEPT["total"]["valid"] == sum(count["valid"] for count in KEPT["operators"].values())
    for survivor in KEPT["survivors"]:
        assert survivor["before"] != survivor["after"]
        assert survivor["line"] > 0
        assert survivor["context"]
