"""Change the code in a thousand small ways, one at a time, and see who notices: `make mutate`.

    python -m tests.mutation.run [--size 0.5] [--only Ledger] [--workers 2]

A mutant of a contract is compiled without the optimiser, which is four times as quick; the code as
it is passes the same tests so compiled, or nothing here would mean anything. It meets a walk of the
whole system first (`tests/fuzz`), then the tests of its own contract, then all of `tests/contracts`
and `tests/laws`. Figures of gas, compared bytecode and planted faults do not count as noticing. A
mutant whose code is that of the original, or of another mutant, is none.

What was found is kept in `results.json`, with every mutant that survived.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime, timezone
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from prorata.build import PROJECT_ROOT, Artifact
from tests.mutation import killing, python, solidity
from tests.mutation.killing import (
    SURVIVED,
    TIMEOUT,
    Verdict,
    killed_contract,
    killed_module,
)
from tests.mutation.mutant import Mutant, digest, sample

RESULTS = Path(__file__).with_name("results.json")
SEED = "prorata"

LEDGER = ("ShareLedger", "AccountLib", "History", "LedgerLib", "HoldingLib", "Holdings")
ARITHMETIC = (
    "ProRata", "Progress", "HolderFile", "TermSheet", "ClaimRun", "RateTable", "StreamSheet",
)  # fmt: skip
SIZES = {
    "DividendVault": 110, "ShareToken": 90, "InvestorRegistry": 60, "TransferRules": 60,
    "WithholdingPolicy": 40, "RecordStream": 35, "PassThrough": 35, "PayoutDesk": 30,
    "LockUps": 30, "Compliance": 40, "Documents": 15, "PrimaryReinvestment": 15,
}  # fmt: skip
"""How many mutants of a source are tried; of ledger and arithmetic more, of others fewer."""

OURS, OTHERS = 36, 18
MODULES = {
    "apportion": 50, "money": 30, "withholding": 30, "yearly": 20, "ageing": 15, "income": 15,
}  # fmt: skip
"""Python: arithmetic, and what is planned from it."""


Tried = tuple[Mutant, str, Verdict]
"""A mutant, its code (or why it is none), and what became of it."""


def size_of(name: str) -> int:
    """How many mutants of a source to try."""
    return SIZES.get(name, OURS if name in (*LEDGER, *ARITHMETIC) else OTHERS)


# --------------------------------------------------------------------------------- one by one


@cache
def compiler() -> solidity.Compiler:
    """One warm compiler to a process."""
    return solidity.Compiler()


@cache
def originals() -> dict[str, Artifact]:
    """All contracts, and those of the tests, as the mutants are compiled."""
    return solidity.plain(compiler())


def _again(task: tuple[str, Mutant]) -> Tried:
    """One mutant that its own tests have not noticed, with all tests."""
    return _try(task, every=True)


def _try(task: tuple[str, Mutant], *, every: bool = False) -> Tried:
    """One mutant: `same` code, no code (`invalid`), or what became of it."""
    kind, mutant = task
    began = time.monotonic()
    if kind == "python":
        return mutant, "valid", killed_module(mutant)
    using = compiler().using(mutant.path, originals())
    made = compiler().compiled(mutant, using)
    if made is None:
        return mutant, "invalid", Verdict(SURVIVED, "", 0)
    changed = {
        name: replace(originals()[name], bytecode=creation, runtime=runtime)
        for name, (creation, runtime) in made.items()
        if runtime != originals()[name].runtime or creation != originals()[name].bytecode
    }
    if not changed:
        return mutant, "same", Verdict(SURVIVED, "", 0)
    # Immutables stay where they are unless code has moved.
    verdict = killed_contract(mutant, changed, originals(), every=every)
    code = digest("".join(sorted(artifact.bytecode.hex() for artifact in changed.values())))
    return mutant, code, replace(verdict, seconds=round(time.monotonic() - began, 1))


def tasks(only: str, scale: float) -> Iterator[tuple[str, Mutant]]:
    """The sample, the same for the same seed."""
    trees = compiler().trees
    for path in sorted(trees):
        name = Path(path).stem
        if "/interfaces/" in path or name in ("Dollar", "FlatTax") or only not in name:
            continue
        found = solidity.mutants(trees[path], path, compiler().text(path))
        for mutant in sample(found, round(size_of(name) * scale), f"{SEED}/{name}"):
            yield "solidity", mutant
    for name, size in MODULES.items():
        if only in name:
            path = f"prorata/{name}.py"
            text = (PROJECT_ROOT / path).read_text(encoding="utf-8")
            for mutant in sample(python.mutants(path, text), round(size * scale), f"{SEED}/{name}"):
                yield "python", mutant


def text_of(path: str) -> str:
    """A source as it is."""
    return (PROJECT_ROOT / path).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------- results


def told(tried: Sequence[Tried], seconds: float) -> dict[str, Any]:
    """What is kept: numbers by file, and who survived."""
    files: dict[str, Counter[str]] = defaultdict(Counter)
    operators: dict[str, Counter[str]] = defaultdict(Counter)
    codes: set[str] = set()
    survivors = []
    for mutant, code, verdict in tried:
        count = files[mutant.path]
        count["tried"] += 1
        if code in ("invalid", "same") or (code != "valid" and code in codes):
            count["invalid" if code == "invalid" else "same code"] += 1
            continue
        codes.add(code)
        for counted in (count, operators[mutant.operator]):
            counted["valid"] += 1
            counted[verdict.outcome] += 1
        if verdict.outcome == SURVIVED:
            text = text_of(mutant.path)
            where = {"line": mutant.line(text), "context": mutant.context(text)}
            survivors.append({**asdict(mutant), **where})
    total: Counter[str] = Counter()
    for count in files.values():
        total.update(count)
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": SEED,
        "seconds": round(seconds),
        "total": dict(total),
        "sources": {path: digest(text_of(path)) for path in sorted(files)},
        "files": {path: dict(count) for path, count in sorted(files.items())},
        "operators": {name: dict(count) for name, count in sorted(operators.items())},
        "survivors": survivors,
    }


def _with_kind(
    work: Iterable[tuple[str, Mutant]], tried: Mapping[Mutant, Tried]
) -> Iterator[tuple[str, Tried]]:
    return ((kind, tried[mutant]) for kind, mutant in work if mutant in tried)


def _survives(one: Tried) -> bool:
    return one[1] not in ("invalid", "same") and one[2].outcome == SURVIVED


def _told_of(tried: Iterable[Tried]) -> Iterator[Tried]:
    """Each, with a line about those that are of interest and now and then another."""
    for place, (mutant, code, verdict) in enumerate(tried, start=1):
        outcome = code if code in ("invalid", "same") else verdict.outcome
        if outcome in (SURVIVED, TIMEOUT) or place % 25 == 0:
            where = f"{mutant.path}:{mutant.line(text_of(mutant.path))}"
            change = f"{mutant.before[:60]!r} -> {mutant.after[:60]!r}"
            print(f"{place:5} {outcome:9} {verdict.seconds:5} s  {where}  {change}", flush=True)
        yield mutant, code, verdict


def main() -> None:
    """Try, tell, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="sources whose name contains this")
    parser.add_argument("--size", type=float, default=1.0, help="so many times the usual sample")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--own", action="store_true", help="only each source's own tests")
    parser.add_argument("--minutes", type=int, default=600, help="stop after so many")
    options = parser.parse_args()
    began = time.monotonic()
    work = list(tasks(options.only, options.size))
    # So that a run that is stopped early has seen something of everything.
    random.Random(SEED).shuffle(work)
    print(f"{len(work)} mutants on {options.workers} processes", flush=True)
    tried: dict[Mutant, Tried] = {}
    with ProcessPoolExecutor(
        options.workers, mp_context=get_context("spawn"), initializer=killing.warm
    ) as pool:
        for one in _told_of(pool.map(_try, work)):
            tried[one[0]] = one
            if time.monotonic() - began > options.minutes * 60:
                pool.shutdown(wait=False, cancel_futures=True)
                break
        left = [(kind, one[0]) for kind, one in _with_kind(work, tried) if _survives(one)]
        left = [] if options.own else [task for task in left if task[0] == "solidity"]
        print(f"{len(left)} survive their own tests; all tests now", flush=True)
        for one in _told_of(pool.map(_again, left)):
            tried[one[0]] = one
    found = told(list(tried.values()), time.monotonic() - began)
    print(json.dumps({"total": found["total"], "files": found["files"]}, indent=1))
    if not options.only:
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
