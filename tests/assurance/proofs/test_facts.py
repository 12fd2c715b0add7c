"""The quick facts, each time; all of them, and those about bytecode, are `make prove`'s."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from prorata.toolchain.compiler import CONTRACTS
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.proofs.facts import PROVED, REFUTED, Fact, prove
from tests.assurance.proofs.layouts import RESTATED
from tests.assurance.proofs.prove import KEPT, MODULES, stated

RESULTS = json.loads(KEPT.read_text(encoding="utf-8"))
FACTS = [fact for module in MODULES for fact in module.FACTS]
CONTROLS = [fact for module in MODULES for fact in module.CONTROLS]
QUICK = [fact for fact in FACTS if not fact.deep]

# A proof's time varies; one that takes this long is no quick one.
LIMIT_MS = 30_000


@pytest.mark.parametrize("fact", QUICK, ids=[fact.name for fact in QUICK])
def test_a_quick_fact_is_proved(fact: Fact) -> None:
    """z3 finds nothing that satisfies what is given and refutes what follows."""
    result = prove(fact, LIMIT_MS)
    assert (result.result, result.detail) == (PROVED, "")


@pytest.mark.parametrize("fact", CONTROLS, ids=[fact.name for fact in CONTROLS])
def test_a_false_statement_is_refuted(fact: Fact) -> None:
    """What is false on purpose is found out, so that finding nothing means something."""
    assert prove(fact, LIMIT_MS).result == REFUTED


def _sources() -> dict[str, str]:
    paths = (PROJECT_ROOT / CONTRACTS).rglob("*.sol")
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


NAMED = {name for fact in FACTS for name in fact.of} | {restated.of for restated in RESTATED}


@pytest.mark.parametrize("named", sorted(NAMED))
def test_what_a_fact_speaks_of_exists(named: str) -> None:
    """Each fact and each restatement names functions of the contracts."""
    contract, function = named.split(".")
    assert re.search(rf"\bfunction {function}\(", _sources()[contract])


def test_every_fact_has_a_name_and_a_sentence_of_its_own() -> None:
    """No fact is counted twice."""
    names = Counter(fact.name for fact in [*FACTS, *CONTROLS])
    sentences = Counter(fact.sentence for fact in FACTS if "flags" not in fact.name)
    assert max(names.values()) == max(sentences.values()) == 1
    assert all(fact.sentence for fact in FACTS)


def test_enough_is_proved() -> None:
    """Forty facts at least are proved in every run of the tests, a hundred by `make prove`."""
    assert len(QUICK) >= 40
    assert RESULTS["summary"]["proved"] >= 100
    assert RESULTS["summary"]["refuted"] == 0


def test_the_kept_results_are_of_todays_facts() -> None:
    """What `make prove` has last said is about the facts that there are, with what they say now."""
    kept = {(fact["tool"], fact["name"]): fact["sentence"] for fact in RESULTS["facts"]}
    now = {("z3", fact.name): sentence for fact, sentence in stated()}
    assert {name: text for name, text in kept.items() if name[0] == "z3"} == now
    checks = {
        name
        for path in (PROJECT_ROOT / "tests/assurance/proofs/solidity").glob("*.sol")
        for name in re.findall(r"function check_(\w+)", path.read_text(encoding="utf-8"))
    }
    assert {name for tool, name in kept if tool == "halmos"} == checks
