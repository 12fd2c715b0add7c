"""Change the code in thousands of small ways, one at a time, and see who notices: `make mutate`.

    python -m tests.assurance.mutation.run [--only Ledger] [--size 0.5] [--workers 2] [--resume]

A mutant of a contract is compiled without the optimiser, which is four times as quick; the code as
it is passes the same tests so compiled, or nothing here would mean anything. It meets a walk of the
whole system first, and cases by number (`tests/assurance/fuzz`), then the tests of its own source,
then all of `tests/contracts` and `tests/laws`. Figures of gas, compared bytecode and planted faults
do not count as noticing. A mutant whose code, optimised or not, is that of the original or of
another mutant is none; of Python, what annotates a function is never run.

What was found is kept in `results.json`, with every mutant that survived; `argued.json` says why
some of these are the same in other words. Every verdict is written down at once, so that a run that
was stopped can be resumed, and survivors can meet new tests without the others.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.mutation import killing, python, solidity
from tests.assurance.mutation.killing import (
    PROBES,
    SURVIVED,
    TIMEOUT,
    killed_at_once,
    killed_by_known,
    killed_by_tests,
    killed_module,
)
from tests.assurance.mutation.mutant import Key, Mutant, digest, keys, sample, unchanged

RESULTS = Path(__file__).with_name("results.json")
ARGUED = Path(__file__).with_name("argued.json")
JOURNALS = PROJECT_ROOT / ".cache" / "mutation"
SEED = "prorata"
INVALID, SAME = "invalid", "same"

LEDGER = (
    "ShareToken", "ShareLedger", "AccountLib", "HistoryLib", "LedgerLib", "PersonHoldingLib",
    "RecordQueryLib",
)  # fmt: skip
ARITHMETIC = (
    "ProRataLib", "ProgressLib", "PayeeAndClaimsLib", "TermsLib", "ClaimBatchLib", "RateTableLib",
    "RangeTermsLib",
    "apportion", "amounts", "withholding",
)  # fmt: skip
VAULT = ("DividendVault", "PaymentLib", "TimelineLib")
WHOLE = (*LEDGER, *ARITHMETIC, *VAULT)
"""Sources of which every mutant is tried."""

MODULES = tuple(killing.PYTHON)
SHARE = 5
"""Of other sources, one mutant in so many is tried, and at least so many of each source."""

LEAST = 16
LEFT_OUT = ("Dollar", "FlatTax")
LATER = frozenset(
    {
        "PersonCountLib", "ClaimLayout", "DividendVaultViews", "EligibleLib", "MemoryLib",
        "FrozenSharesLib", "Holds", "LockLib", "TradeSettlement", "OrderLib", "TradeLib",
        "CallTermsLib", "CallClearingLib", "CallExplainer",
        "DeliveryLib", "RecordGuardLib", "RefusalLib", "OrderExplanationLib", "ShareExchange",
        "ExchangeTerms", "ExchangeTermsLib", "ExchangeQuoteLib", "ExchangeMoneyLib", "TillLib",
        "FreeSharesLib", "ExchangeExplainer",
        "CallAuction", "CallBooks", "CallSettlement", "CallOrderLib", "CallWordLib",
        "Ballot", "MeetingTermsLib", "VoteCountLib", "VoteLib", "RecordVotes",
    }
)  # fmt: skip
"""Sources that came after the last campaign: it says nothing of them, and the next one will."""


@dataclass(frozen=True)
class Tried:
    """A mutant, what became of it, by what, and its code if it is a contract's."""

    mutant: Mutant
    outcome: str
    by: str
    code: str
    seconds: float


# --------------------------------------------------------------------------------- one by one


@cache
def compiler() -> solidity.Compiler:
    """One warm compiler to a process."""
    return solidity.Compiler()


@cache
def originals() -> dict[str, Artifact]:
    """All contracts, and those of the tests, as the mutants are compiled."""
    return solidity.plain(compiler())


@cache
def optimised(path: str) -> dict[str, tuple[bytes, bytes]]:
    """The contracts that a source is part of, as they are deployed."""
    itself = unchanged(path, compiler().text(path))
    made = compiler().compiled(itself, _deployed(path), solidity.BARE)
    assert made
    return made


def _deployed(path: str) -> list[Artifact]:
    return [one for one in compiler().using(path, originals()) if one.name not in PROBES]


def _try(mutant: Mutant) -> Tried:
    """One mutant, and the tests of its own source."""
    began = time.monotonic()
    outcome, by, code = _module(mutant) if mutant.path.endswith(".py") else _contract(mutant)
    return Tried(mutant, outcome, by, code, round(time.monotonic() - began, 1))


def _module(mutant: Mutant) -> tuple[str, str, str]:
    text = text_of(mutant.path)
    if python.executed(mutant.applied(text)) == python.executed(text):
        return SAME, "", ""
    verdict = killed_module(mutant)
    return verdict.outcome, verdict.by, ""


def _contract(mutant: Mutant) -> tuple[str, str, str]:
    made = compiler().compiled(mutant, compiler().using(mutant.path, originals()))
    if made is None:
        return INVALID, "", ""
    changed = _changed(made)
    if not set(changed).difference(PROBES):
        return SAME, "", ""
    artifacts = {**originals(), **changed}
    code = _code(made)
    verdict = killed_at_once(artifacts, set(changed))
    if verdict.outcome == SURVIVED:
        verdict = killed_by_known(mutant.path, artifacts)
    if verdict.outcome == SURVIVED:
        # Dear, but it spares the tests a mutant that is none.
        deployed = compiler().compiled(mutant, _deployed(mutant.path), solidity.BARE)
        if deployed == optimised(mutant.path):
            return SAME, "", ""
        code = _code(deployed or {})
    if verdict.outcome in (SURVIVED, TIMEOUT):
        by_tests = killed_by_tests(mutant.path, artifacts, every=False)
        verdict = by_tests if by_tests.outcome != SURVIVED else verdict
    return verdict.outcome, verdict.by, code


def _again(mutant: Mutant) -> Tried:
    """One mutant that its own tests have not noticed, with all tests."""
    began = time.monotonic()
    made = compiler().compiled(mutant, compiler().using(mutant.path, originals()))
    assert made
    artifacts = {**originals(), **_changed(made)}
    verdict = killed_by_tests(mutant.path, artifacts, every=True)
    code = _code(compiler().compiled(mutant, _deployed(mutant.path), solidity.BARE) or {})
    return Tried(mutant, verdict.outcome, verdict.by, code, round(time.monotonic() - began, 1))


def _changed(made: dict[str, tuple[bytes, bytes]]) -> dict[str, Artifact]:
    return {
        name: replace(originals()[name], bytecode=creation, runtime=runtime)
        for name, (creation, runtime) in made.items()
        if (creation, runtime) != (originals()[name].bytecode, originals()[name].runtime)
    }


def _code(made: dict[str, tuple[bytes, bytes]]) -> str:
    return digest("".join(creation.hex() for name, (creation, _) in sorted(made.items())))


# ------------------------------------------------------------------------------- what is tried


def population() -> dict[str, list[Mutant]]:
    """Every mutant there is, by source."""
    found: dict[str, list[Mutant]] = {}
    for path, tree in sorted(compiler().trees.items()):
        if not is_interface(path) and Path(path).stem not in LEFT_OUT:
            found[path] = sorted(set(solidity.mutants(tree, path, compiler().text(path))))
    for name in MODULES:
        path = f"prorata/{name}.py"
        found[path] = sorted(set(python.mutants(path, text_of(path))))
    return {path: mutants for path, mutants in found.items() if mutants}


def chosen(path: str, mutants: Sequence[Mutant], scale: float = 1) -> list[Mutant]:
    """Which of a source's mutants are tried, the same for the same seed."""
    name = Path(path).stem
    some = len(mutants) if name in WHOLE else max(LEAST, -(-len(mutants) // SHARE))
    return sample(mutants, round(some * scale), f"{SEED}/{name}")


def is_argued(mutant: Mutant) -> bool:
    """Whether it has been said why nobody need notice."""
    return keys_of(mutant.path)[mutant] in argued()


@cache
def argued() -> set[Key]:
    """The keys of mutants that are the same in other words."""
    return set(map(key_of, json.loads(ARGUED.read_text(encoding="utf-8"))))


def key_of(one: Mapping[str, Any]) -> Key:
    """The key of an argument, or of a survivor that was written down."""
    parts = one["within"], one["context"], one["before"], one["after"]
    return Key(*parts, one.get("occurrence", 1))


@cache
def keys_of(path: str) -> dict[Mutant, Key]:
    """Every mutant of a source, and its key."""
    text = text_of(path)
    if path.endswith(".py"):
        return keys(python.mutants(path, text), text)
    return keys(solidity.mutants(compiler().tree(path), path, text), text)


def sources_of(key: Key) -> list[str]:
    """The sources that have such a mutant: one, or an argument about it is about nothing, or about
    two things."""
    return [
        path
        for path in every_source()
        if key.context in text_of(path) and key in keys_of(path).values()
    ]


@cache
def every_source() -> tuple[str, ...]:
    """All contracts and modules, whether their mutants are tried or not."""
    found = [*PROJECT_ROOT.glob("contracts/**/*.sol"), *PROJECT_ROOT.glob("prorata/**/*.py")]
    return tuple(sorted(path.relative_to(PROJECT_ROOT).as_posix() for path in found))


def is_interface(path: str) -> bool:
    """Whether a Solidity source only specifies: `I` and the name of what does it."""
    name = Path(path).name
    return name.endswith(".sol") and name[0] == "I" and name[1].isupper()


@cache
def text_of(path: str) -> str:
    """A source as it is."""
    return (PROJECT_ROOT / path).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------- results


def report(tried: Iterable[Tried], there_are: dict[str, list[Mutant]]) -> dict[str, Any]:
    """What is kept: numbers by file and operator, and who survived."""
    files: dict[str, Counter[str]] = defaultdict(Counter)
    operators: dict[str, Counter[str]] = defaultdict(Counter)
    codes: set[tuple[str, str]] = set()
    survivors, seconds = [], 0.0
    for one in sorted(tried, key=lambda one: one.mutant):
        count = files[one.mutant.path]
        count["tried"] += 1
        seconds += one.seconds
        double = bool(one.code) and (one.outcome == SURVIVED, one.code) in codes
        if double or one.outcome in (INVALID, SAME):
            count[INVALID if one.outcome == INVALID else "same code"] += 1
            continue
        codes.add((one.outcome == SURVIVED, one.code))
        excused = one.outcome == SURVIVED and is_argued(one.mutant)
        for counted in (count, operators[one.mutant.operator]):
            counted["valid"] += 1
            counted["argued" if excused else one.outcome] += 1
        if one.outcome == SURVIVED:
            text = text_of(one.mutant.path)
            key = keys_of(one.mutant.path)[one.mutant]
            where = {"line": one.mutant.line(text), "context": key.context}
            which = {"occurrence": key.occurrence} if key.occurrence > 1 else {}
            survivors.append({**asdict(one.mutant), "within": key.within, **where, **which})
    for path, count in files.items():
        count["population"] = len(there_are[path])
    total: Counter[str] = Counter()
    for count in files.values():
        total.update(count)
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": SEED,
        "seconds": round(seconds),
        "total": _sorted(total),
        "sources": {path: digest(text_of(path)) for path in sorted(files)},
        "files": {path: _sorted(count) for path, count in sorted(files.items())},
        "operators": {name: _sorted(count) for name, count in sorted(operators.items())},
        "survivors": survivors,
    }


def _sorted(count: Counter[str]) -> dict[str, int]:
    return dict(sorted(count.items()))


class Journal:
    """Every verdict over a state of each source."""

    def __init__(self, paths: Iterable[str], *, resume: bool) -> None:
        self.tried: dict[Mutant, Tried] = {}
        self.killers: dict[str, list[str]] = defaultdict(list)
        JOURNALS.mkdir(parents=True, exist_ok=True)
        for path in map(self._of, paths):
            if not resume:
                path.unlink(missing_ok=True)
            for line in path.read_text("utf-8").splitlines() if path.exists() else ():
                it = json.loads(line)
                one = Tried(**{**it, "mutant": Mutant(**it["mutant"])})
                self.tried[one.mutant] = one
                if "::" in one.by and one.by not in self.killers[one.mutant.path]:
                    self.killers[one.mutant.path].insert(0, one.by)

    @staticmethod
    def _of(path: str) -> Path:
        return JOURNALS / f"{Path(path).stem}-{digest(text_of(path))}.jsonl"

    def enter(self, one: Tried) -> None:
        """Write one down."""
        self.tried[one.mutant] = one
        with self._of(one.mutant.path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(one)) + "\n")


def _tell(one: Tried, place: int) -> None:
    """A line about those that are of interest, and now and then another."""
    if one.outcome in (SURVIVED, TIMEOUT) or place % 50 == 0:
        mutant = one.mutant
        where = f"{mutant.path}:{mutant.line(text_of(mutant.path))}"
        change = f"{mutant.before[:60]!r} -> {mutant.after[:60]!r}"
        print(f"{place:5} {one.outcome:9} {one.seconds:5} s  {where}  {change}", flush=True)


def _sound(judge: str) -> bool:
    """Whether a file of tests, or the tests of a module, find nothing wrong with what is right."""
    if judge in killing.every_file():
        return killing.judged_sound(judge, originals())
    return killed_module(unchanged(judge, text_of(judge))).outcome == SURVIVED


def _check(pool: ProcessPoolExecutor, work: Iterable[Mutant]) -> None:
    """Refuse to judge by tests that fail on the code as it is."""
    paths = {mutant.path for mutant in work}
    judges = sorted(path for path in paths if path.endswith(".py"))
    if len(judges) < len(paths):
        judges += killing.every_file()
    found = zip(judges, pool.map(_sound, judges), strict=True)
    if unfit := [judge for judge, sound in found if not sound]:
        sys.exit(
            "make mutate: on the code as it is (a contract's without the optimiser) these fail, or "
            f"take too long: {', '.join(unfit)}; mend them, or set a test apart in killing.py."
        )


def _all(
    pool: ProcessPoolExecutor,
    step: Callable[[Mutant], Tried],
    work: Sequence[Mutant],
    journal: Journal,
    until: float,
) -> bool:
    """Take a step with each, and write down what comes of it; whether there was time for all."""
    asked = [pool.submit(step, mutant) for mutant in work]
    for place, one in enumerate(as_completed(asked), start=1):
        journal.enter(one.result())
        _tell(one.result(), place)
        if time.monotonic() > until:
            # Not `wait=False`: the end of `with` would take the cancelling back.
            pool.shutdown(cancel_futures=True)
            return False
    return True


def main() -> None:
    """Try, tell, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="sources whose path has one of a,b,c")
    parser.add_argument("--size", type=float, default=1.0, help="so many times the usual sample")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--own", action="store_true", help="only each source's own tests")
    parser.add_argument("--resume", action="store_true", help="keep what a run has killed before")
    parser.add_argument("--minutes", type=int, default=600, help="stop after so many")
    options = parser.parse_args()
    there_are = population()
    journal = Journal(there_are, resume=options.resume)
    done = {m for m, one in journal.tried.items() if one.outcome != SURVIVED or is_argued(m)}
    of = {path: chosen(path, found, options.size) for path, found in there_are.items()}
    asked_for = {path for path in of if any(part in path for part in options.only.split(","))}
    work = [m for path in of if path in asked_for for m in of[path] if m not in done]
    # So that a run that is stopped early has seen something of everything.
    random.Random(SEED).shuffle(work)
    # Whoever survived an earlier run meets the new tests first.
    work.sort(key=lambda mutant: mutant not in journal.tried)
    print(f"{len(work)} mutants on {options.workers} processes", flush=True)
    until = time.monotonic() + options.minutes * 60
    context = get_context("spawn")
    known = dict(journal.killers)
    with ProcessPoolExecutor(options.workers, context, killing.warm, (known,)) as pool:
        _check(pool, work)
        for step in (_try, _again)[: 1 if options.own else 2]:
            if not _all(pool, step, work, journal, until):
                break
            left = {m for m, one in journal.tried.items() if one.outcome == SURVIVED}
            work = [mutant for mutant in work if mutant in left and mutant.path.endswith(".sol")]
    mine = set().union(*of.values())
    found = report((one for m, one in journal.tried.items() if m in mine), there_are)
    print(json.dumps({"total": found["total"], "files": found["files"]}, indent=1))
    if not options.only and options.size == 1:
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
