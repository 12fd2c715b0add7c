"""Measure which lines and branches of the contracts the tests of the contracts run.

    python -m tests.assurance.coverage.run            fails if it is too little
    python -m tests.assurance.coverage.run --write    writes the results and the page too

What counts as a line and as a branch
is said in `marks.py`; a line counts as run when everything that starts on it has run.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prorata.toolchain.compiler import CONTRACTS
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.coverage.marks import Place

RESULTS = Path(__file__).with_name("results.json")
TABLE = PROJECT_ROOT / "docs" / "coverage.md"
TESTS = ("tests/contracts",)

MISSED_BRANCHES_PERCENT = 2
# Lines that cannot be run, by their text: dead code, named here until it is gone.
DEAD = {"return (claimant, balances);"}

HEAD = """\
# What the tests of the contracts run

Written by `python -m tests.assurance.coverage.run --write`, which plays `tests/contracts`
against a copy of the contracts with marks in it. A line is one on which a statement starts, of
Solidity or of assembly. A branch is one outcome: of `if`, a loop, `require` and `?:`, of each
operand of `&&` and `||`, of `try`, and of each case of a `switch`, written or not. What the
compiler adds (decoding, overflow, bounds) and a condition that is the word `true` are not counted.
"""


def measure() -> dict[str, Any]:
    """Run the tests with marks in the contracts, and say by file what they ran."""
    with tempfile.TemporaryDirectory() as folder:
        marks = Path(folder) / "marks.json"
        plugin = ["-p", "tests.assurance.coverage.plugin", "--marks", str(marks), "-n", "auto"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", *plugin, *TESTS],
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-10_000:]
        places = json.loads(marks.read_text(encoding="utf-8"))
    return summed((Place(*place), met) for *place, met in places)


def summed(places: Iterable[tuple[Place, bool]]) -> dict[str, Any]:
    """What was found, by file and in all."""
    lines: dict[str, dict[int, bool]] = defaultdict(dict)
    branches: dict[str, dict[Place, bool]] = defaultdict(dict)
    for place, met in places:
        if place.is_branch:
            branches[place.file][place] = met
        else:
            lines[place.file][place.line] = lines[place.file].get(place.line, True) and met
    files = {
        name: {
            "lines": len(lines[name]),
            "missedLines": sorted(line for line, met in lines[name].items() if not met),
            "branches": len(branches[name]),
            "missedBranches": [
                f"{place.line}:{place.column} {place.what}"
                for place, met in sorted(branches[name].items())
                if not met
            ],
        }
        for name in sorted({*lines, *branches})
    }
    return {"sources": digest(), "total": total(files), "files": files}


def total(files: dict[str, Any]) -> dict[str, int]:
    """The sums over all files."""
    found = {kind: sum(file[kind] for file in files.values()) for kind in ("lines", "branches")}
    for kind in ("missedLines", "missedBranches"):
        found[kind] = sum(len(file[kind]) for file in files.values())
    return found


def digest() -> str:
    """What the sources were: one hash of them all."""
    root = PROJECT_ROOT / CONTRACTS
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.sol")}
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def percent(missed: int, count: int) -> str:
    """How much of it was run, rounded down: 100 only if nothing was missed."""
    return f"{(count - missed) * 10_000 // count / 100:.2f} %" if count else "-"


def table(results: dict[str, Any]) -> str:
    """The page for people."""
    rows = ["| file | lines | run | branches | taken |", "| --- | ---: | ---: | ---: | ---: |"]
    rows += [_row(name.removeprefix("contracts/"), file) for name, file in results["files"].items()]
    sums = {**results["total"]}
    for kind in ("missedLines", "missedBranches"):
        sums[kind] = range(sums[kind])
    missed = [
        f"- `{name}`, {what}"
        for name, file in results["files"].items()
        for what in (*(f"line {line}" for line in file["missedLines"]), *file["missedBranches"])
    ]
    parts = [HEAD, "\n".join([*rows, _row("**all**", sums)]), "Missed:" * bool(missed)]
    return "\n".join([*parts, "\n".join(missed)]).rstrip() + "\n"


def _row(name: str, file: dict[str, Any]) -> str:
    lines, branches = file["lines"], file["branches"]
    run = percent(len(file["missedLines"]), lines)
    taken = percent(len(file["missedBranches"]), branches)
    return f"| {name} | {lines:,} | {run} | {branches:,} | {taken} |"


def lacking(results: dict[str, Any]) -> list[str]:
    """What is less than what is held to: every line, and 98 of 100 branches."""
    missed = [
        f"{name}, line {line} has not been run; test what it is for: {text}"
        for name, file in results["files"].items()
        for line in file["missedLines"]
        if (text := _text(name, line)) not in DEAD
    ]
    sums = results["total"]
    if sums["missedBranches"] * 100 > sums["branches"] * MISSED_BRANCHES_PERCENT:
        taken = percent(sums["missedBranches"], sums["branches"])
        missed.append(f"{taken} of branches is less than {100 - MISSED_BRANCHES_PERCENT} %")
    return missed


def _text(name: str, line: int) -> str:
    return (PROJECT_ROOT / name).read_text(encoding="utf-8").splitlines()[line - 1].strip()


def main() -> None:
    """Measure and tell; write if asked to."""
    results = measure()
    if "--write" in sys.argv[1:]:
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        TABLE.write_text(table(results), encoding="utf-8")
    print(table(results).removeprefix(HEAD))
    if missed := lacking(results):
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
