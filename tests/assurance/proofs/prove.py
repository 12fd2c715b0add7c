"""Proves every fact with every tool, and tells which: `make prove`.

Ends with an error if a fact is refuted, or a control, which is false on purpose, is not. What a
tool did not answer in time is told as such and counted nowhere. `--only PATTERN` proves some; the
results of a run of all are kept in `results.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from tests.assurance.proofs import (
    arithmetic,
    ballots,
    bytecode,
    calls,
    checker,
    exchanges,
    packing,
    search,
    trading,
)
from tests.assurance.proofs.facts import (
    CITED,
    PROVED,
    REFUTED,
    TIMEOUT,
    Fact,
    Result,
    citing,
    prove,
)

KEPT = Path(__file__).with_name("results.json")
MODULES = (arithmetic, packing, search, trading, calls, exchanges, ballots)
TOOLS = ("z3", "SMTChecker", "halmos")


def is_control(name: str) -> bool:
    """Whether a fact is false on purpose, to show that its tool can say so."""
    return name.startswith("control")


def stated() -> Iterator[tuple[Fact, str]]:
    """Every fact and control of z3's, with its sentence and the laws that it cites."""
    for module in MODULES:
        laws = "".join(CITED.findall(module.__doc__ or ""))
        for fact in (*module.FACTS, *module.CONTROLS):
            yield fact, citing(fact.sentence, laws)


def lemmas(only: str) -> Iterator[Result]:
    """What z3 says."""
    for fact, sentence in stated():
        if only in fact.name:
            yield replace(prove(fact), sentence=sentence)


def everything(tools: list[str], only: str) -> Iterator[Result]:
    """What all tools say, the quick ones first."""
    if "z3" in tools:
        yield from lemmas(only)
    if "SMTChecker" in tools:
        yield from checker.results(only)
    if "halmos" in tools:
        yield from bytecode.results(only)


def wrong(result: Result) -> bool:
    """Whether this result is not as it has to be."""
    return (result.result != REFUTED) if is_control(result.name) else (result.result == REFUTED)


def summary(results: list[Result], seconds: float) -> dict[str, object]:
    """How many facts were proved, by tool; controls are no facts."""
    facts = [result for result in results if not is_control(result.name)]
    count = Counter(result.result for result in facts)
    by_tool = Counter(result.tool for result in facts if result.result == PROVED)
    return {
        "proved": count[PROVED],
        "refuted": count[REFUTED],
        "timeout": count[TIMEOUT],
        "provedBy": dict(by_tool),
        "controlsRefuted": sum(is_control(r.name) and not wrong(r) for r in results),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Prove, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="facts whose name contains this")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="one tool; may be repeated")
    options = parser.parse_args()
    began = time.perf_counter()
    results = []
    for result in everything(options.tool or list(TOOLS), options.only):
        results.append(result)
        remark = result.detail.replace("\n", " ")[:80] if wrong(result) else ""
        line = (
            f"{result.result:8} {result.tool:10} {result.seconds:8.2f} s  {result.name}  {remark}"
        )
        print(line.rstrip(), flush=True)
    summed = summary(results, time.perf_counter() - began)
    print(json.dumps(summed, indent=1))
    if not options.only and not options.tool:
        facts = [{k: v for k, v in asdict(r).items() if k != "detail" or v} for r in results]
        for fact, result in zip(facts, results, strict=True):
            if is_control(result.name):
                fact.pop("detail", None)
        kept = {"summary": summed, "facts": facts}
        KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if any(wrong(result) for result in results):
        sys.exit("make prove: a fact was refuted, or a control was not.")


if __name__ == "__main__":
    main()
