"""The harness that changes code to see who notices: what it makes, and that it can tell."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prorata.chain.artifacts import Artifact
from prorata.toolchain.compiler import standard_json
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.mutation import python
from tests.assurance.mutation.killing import (
    APART,
    KILLED,
    OWN,
    PROBE,
    SURVIVED,
    TIMEOUT,
    file_of,
    in_child,
    judged_sound,
    killed_at_once,
    killed_module,
    passes_with,
)
from tests.assurance.mutation.mutant import Key, Mutant, keys, sample, unchanged
from tests.assurance.mutation.run import (
    ARGUED,
    LATER,
    LEFT_OUT,
    MODULES,
    RESULTS,
    WHOLE,
    argued,
    is_interface,
    key_of,
    sources_of,
)
from tests.assurance.mutation.solidity import BARE, Compiler, mutants

pytestmark = pytest.mark.slow

LEDGER = "contracts/token/ShareLedger.sol"
SETTLING = "contracts/income/ClaimBatchLib.sol"
MONEY = "prorata/values/amounts.py"
TOKEN = "ShareToken"
FOUND = json.loads(RESULTS.read_text(encoding="utf-8"))
ARGUMENTS = json.loads(ARGUED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    warm = Compiler()
    yield warm
    warm.end()


@pytest.fixture(scope="module")
def ledger(compiler: Compiler) -> list[Mutant]:
    return list(mutants(compiler.tree(LEDGER), LEDGER, compiler.text(LEDGER)))


def with_mutant(
    compiler: Compiler, artifacts: dict[str, Artifact], mutant: Mutant, name: str
) -> dict[str, Artifact]:
    """All contracts, one of them changed."""
    made = compiler.compiled(mutant, [artifacts[name]])
    assert made
    creation, runtime = made[name]
    return {**artifacts, name: replace(artifacts[name], bytecode=creation, runtime=runtime)}


def at(found: list[Mutant], text: str, line: str, operator: str) -> Mutant:
    """The mutant of this kind on this line."""
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


def test_a_statement_can_be_left_out(compiler: Compiler, artifacts: dict[str, Artifact]) -> None:
    """What is left is Solidity: a mutant that does not compile shows nothing."""
    text = compiler.text(SETTLING)
    found = list(mutants(compiler.tree(SETTLING), SETTLING, text))
    removed = [mutant for mutant in found if mutant.operator.startswith("remove")]
    assert removed
    for mutant in removed:
        assert compiler.compiled(mutant, [artifacts[PROBE]])


def test_a_sample_is_the_same_each_time_and_of_every_kind(ledger: list[Mutant]) -> None:
    """As many of the rarest kinds as there are."""
    kinds = Counter(mutant.operator for mutant in set(ledger))
    chosen = sample(ledger, 40, "seed")
    assert chosen == sample(reversed(ledger), 40, "seed")
    assert len(chosen) == 40
    assert {mutant.operator for mutant in chosen} == set(kinds)


def test_a_wrong_ledger_is_noticed(
    compiler: Compiler, artifacts: dict[str, Artifact], ledger: list[Mutant]
) -> None:
    """A balance that may go below nothing."""
    line = "if (source.balance() < amount) revert"
    mutant = at(ledger, compiler.text(LEDGER), line, "remove if")
    changed = with_mutant(compiler, artifacts, mutant, TOKEN)
    assert killed_at_once(changed, {TOKEN}).outcome == KILLED


def test_wrong_arithmetic_is_noticed(compiler: Compiler, artifacts: dict[str, Artifact]) -> None:
    """Shares that a settlement takes off its field of progress."""
    found = list(mutants(compiler.tree(SETTLING), SETTLING, compiler.text(SETTLING)))
    mutant = at(found, compiler.text(SETTLING), "progress := add(progress", "yul")
    changed = with_mutant(compiler, artifacts, mutant, PROBE)
    assert killed_at_once(changed, {PROBE}).outcome == KILLED


def test_a_sound_ledger_is_not_called_wrong(
    compiler: Compiler, artifacts: dict[str, Artifact]
) -> None:
    """The original, compiled as mutants are, survives what kills them; and it is none, since its
    code is that of the original."""
    nothing = unchanged(LEDGER, compiler.text(LEDGER))
    same = with_mutant(compiler, artifacts, nothing, TOKEN)
    assert killed_at_once(same, {TOKEN}).outcome == SURVIVED
    deployed = compiler.compiled(nothing, [artifacts[TOKEN]], BARE)
    assert deployed
    # The hash of the sources is all that it lacks.
    assert artifacts[TOKEN].runtime.startswith(deployed[TOKEN][1])


@pytest.mark.parametrize("node", APART)
def test_what_is_set_apart_is_there(node: str) -> None:
    """A test that was renamed would judge mutants again."""
    file, _, name = node.partition("[")[0].partition("::")
    text = (PROJECT_ROOT / file).read_text(encoding="utf-8")
    assert f"\ndef {name}(" in text


def test_what_annotates_a_function_is_never_run() -> None:
    """So that nobody need notice a change of it; of anything else somebody must."""
    text = "def halved(amount: int | None = 0) -> int | None:\n    return amount and amount | 1\n"
    made = [m for m in python.mutants("halved.py", text) if m.before == "|"]
    same = [python.executed(m.applied(text)) == python.executed(text) for m in made]
    assert sorted(same) == [False, True, True]


def test_a_wrong_module_is_noticed_and_a_sound_one_is_not() -> None:
    """Of Python, too."""
    text = (PROJECT_ROOT / MONEY).read_text(encoding="utf-8")
    made = list(python.mutants(MONEY, text))
    for mutant in made:
        ast.parse(mutant.applied(text))
    tests = ["tests/prorata/values/test_amounts.py"]
    assert (
        in_child(lambda: passes_with("prorata.values.amounts", PROJECT_ROOT / MONEY, tests), 60)
        == SURVIVED
    )
    wrong = next(mutant for mutant in made if mutant.operator == "negate")
    assert killed_module(wrong).outcome == KILLED


@pytest.mark.parametrize("outcome", [SURVIVED, KILLED])
def test_tests_are_what_decides(artifacts: dict[str, Artifact], outcome: str) -> None:
    """Sound contracts pass the very tests that others fail; else all would be dead."""
    wrong = {**artifacts, TOKEN: artifacts["Dollar"]} if outcome == KILLED else artifacts
    assert judged_sound("tests/contracts/token/test_freezing.py", wrong) is (outcome == SURVIVED)


@pytest.mark.parametrize("argument", ARGUMENTS, ids=lambda one: one["within"])
def test_what_is_argued_about_is_there(argument: dict[str, Any]) -> None:
    """An argument is about one mutant of one source as it is, wherever that is, and says
    something."""
    assert len(sources_of(key_of(argument))) == 1, sources_of(key_of(argument))
    assert len(argument["why"]) > 30


def test_no_mutant_is_argued_about_twice() -> None:
    """Else one of two arguments could go stale and nobody would know."""
    assert max(Counter(map(key_of, ARGUMENTS)).values()) == 1


def test_a_mutant_is_found_by_what_it_changes() -> None:
    """By the definition around it and its line, in whatever file; alike ones are told apart."""
    text = (
        "class Pair:\n    def sum(self):\n        return self.a + self.b + 1\n\n\n"
        "def total(a, b):\n    return a + b + 1\n"
    )
    made = keys(python.mutants("one.py", text), text)
    plus = sorted((m, key) for m, key in made.items() if m.before == "+")
    assert [key for _, key in plus] == [
        Key("Pair.sum", "return self.a + self.b + 1", "+", "-", 1),
        Key("Pair.sum", "return self.a + self.b + 1", "+", "-", 2),
        Key("total", "return a + b + 1", "+", "-", 1),
        Key("total", "return a + b + 1", "+", "-", 2),
    ]
    moved = keys(python.mutants("other/two.py", f"LINES = 3\n\n{text}"), f"LINES = 3\n\n{text}")
    assert set(made.values()) <= set(moved.values())
    assert len(set(moved.values())) == len({(m.start, m.before, m.after) for m in moved})


def test_a_mutant_of_solidity_is_within_its_function(ledger: list[Mutant]) -> None:
    """Its contract or library, and its function, modifier or constructor."""
    assert {mutant.within.split(".")[0] for mutant in ledger} == {"ShareLedger"}
    assert {"ShareLedger.constructor", "ShareLedger._move"} <= {m.within for m in ledger}


# ------------------------------------------------------------------- what the last run found


def test_many_mutants_were_tried_of_every_source_and_nearly_all_noticed() -> None:
    """At least a thousand that could have been noticed, and 97 in a hundred were; in the ledger and
    in the arithmetic all were, of all there are."""
    total = FOUND["total"]
    noticeable = total["valid"] - total["argued"]
    assert noticeable >= 1_000
    noticed = total[KILLED] + total[TIMEOUT]
    assert noticed >= noticeable * 97 // 100
    readme = " ".join((PROJECT_ROOT / "README.md").read_text(encoding="utf-8").split())
    assert (
        f"{total['valid']:,} small changes of the code (`make mutate`) {noticed:,} were" in readme
    )
    whole = [count for path, count in FOUND["files"].items() if Path(path).stem in WHOLE]
    assert all(count["tried"] == count["population"] for count in whole)
    assert sum(count.get(SURVIVED, 0) for count in whole) == 0
    sources = {f"prorata/{name}.py" for name in MODULES}
    sources |= {path for path in standard_json()["sources"] if path.startswith("contracts/")}
    behaving = {path for path in sources if not is_interface(path)}
    tried = {path for path in behaving if Path(path).stem not in LATER.union(LEFT_OUT)}
    assert tried == set(FOUND["files"])
    assert {Path(path).stem for path in behaving} >= LATER


@pytest.mark.parametrize("name", sorted({name for names in OWN.values() for name in names}))
def test_the_tests_that_are_to_notice_are_one_file(name: str) -> None:
    """By a short name that no other file has."""
    assert (PROJECT_ROOT / file_of(name)).is_file()


def test_whoever_survived_is_argued_about() -> None:
    """Killed by a new test, or the same in other words; nothing else."""
    assert set(map(key_of, FOUND["survivors"])) <= argued()
