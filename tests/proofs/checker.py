"""Facts that the compiler's own model checker decides: small libraries, and models of two rules."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prorata.build import PROJECT_ROOT, compile_standard, standard_json
from tests.proofs.facts import PROVED, REFUTED, TIMEOUT, Result

FOLDER = Path("tests/proofs/model")

# A model of storage needs invariants over calls; a library's words need only one call.
ENGINES = {"LibraryModel": "bmc", "LedgerModel": "chc", "MarkModel": "chc"}
_FALSE = ("happens here", "might happen here")


def results(only: str = "") -> Iterator[Result]:
    """Ask about every assertion, contract by contract."""
    for path in sorted((PROJECT_ROOT / FOLDER).glob("*.sol")):
        text = path.read_text(encoding="utf-8")
        for contract in re.findall(r"^contract (\w+)", text, re.MULTILINE):
            yield from _about(path.relative_to(PROJECT_ROOT).as_posix(), text, contract, only)


def _about(source_name: str, text: str, contract: str, only: str) -> Iterator[Result]:
    source = standard_json(FOLDER)
    source["settings"]["outputSelection"] = {source_name: {contract: ["abi"]}}
    source["settings"]["modelChecker"] = {
        "contracts": {source_name: [contract]},
        "engine": ENGINES[contract],
        "solvers": ["z3"],
        "targets": ["assert", "overflow", "underflow"],
        "showUnproved": True,
        "showProvedSafe": True,
    }
    began = time.perf_counter()
    messages = compile_standard(source).get("errors", [])
    seconds = round(time.perf_counter() - began, 3)
    body = text.split(f"contract {contract} ")[1].split("\n}\n", maxsplit=1)[0]
    start = text.index(body)
    for match in re.finditer(r"((?: +/// .*\n)+) +function (\w+)\(.*\n +assert\(", body):
        words = " ".join(re.findall(r"/// (.*)", match[1])).removeprefix("@notice ")
        if re.search(only, match[2]):
            at = start + match.end() - len("assert(")
            result, detail = _answer(messages, source_name, at)
            yield Result(match[2], "SMTChecker", result, seconds, words, (), detail)


def _answer(messages: list[dict[str, Any]], source_name: str, at: int) -> tuple[str, str]:
    """What was said of the assertion at this place."""
    for message in messages:
        place = message.get("sourceLocation", {})
        if (place.get("file"), place.get("start")) == (source_name, at):
            said = message["message"].splitlines()[0]
            if "might" in said:
                return TIMEOUT, said
            return (PROVED if "safe" in said else REFUTED), said
    return TIMEOUT, "nothing was said"
