"""Facts that the compiler's own model checker decides: small libraries, and models of two rules."""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prorata.toolchain.compiler import standard_json
from prorata.toolchain.paths import PROJECT_ROOT, solc_path
from tests.assurance.proofs.facts import PROVED, REFUTED, TIMEOUT, Result

FOLDER = Path("tests/assurance/proofs/model")

# A model of storage needs invariants over calls; for a library's words one call is enough.
ENGINES = {"LedgerModel.sol": "chc", "LibraryModel.sol": "bmc"}
SECONDS = 120


def results(only: str = "") -> Iterator[Result]:
    """Ask about every assertion, contract by contract."""
    for path in sorted((PROJECT_ROOT / FOLDER).glob("*.sol")):
        text = path.read_text(encoding="utf-8")
        for contract in re.findall(r"^contract (\w+)", text, re.MULTILINE):
            yield from _about(path.relative_to(PROJECT_ROOT).as_posix(), text, contract, only)


def _about(source_name: str, text: str, contract: str, only: str) -> Iterator[Result]:
    source = standard_json(FOLDER)
    # No more than this contract needs: the checker reads everything that it is given, and how it
    # numbers what it reasons about decides what it finds in time.
    source["sources"] = _needed(source["sources"], source_name)
    source["settings"]["outputSelection"] = {source_name: {contract: ["abi"]}}
    source["settings"]["modelChecker"] = {
        "contracts": {source_name: [contract]},
        "engine": ENGINES[Path(source_name).name],
        "solvers": ["z3"],
        "targets": ["assert"],
        "showUnproved": True,
        "showProvedSafe": True,
    }
    began = time.perf_counter()
    messages = _messages(source)
    seconds = round(time.perf_counter() - began, 3)
    body = text.split(f"contract {contract} ")[1].split("\n}\n", maxsplit=1)[0]
    start = text.index(body)
    for match in re.finditer(r"((?: +/// .*\n)+) +function (\w+)\(.*\n +assert\(", body):
        words = " ".join(re.findall(r"/// (.*)", match[1])).removeprefix("@notice ")
        if re.search(only, match[2]):
            at = start + match.end() - len("assert(")
            result, detail = _answer(messages, source_name, at)
            yield Result(match[2], "SMTChecker", result, seconds, words, (), detail)


def _needed(sources: dict[str, Any], name: str) -> dict[str, Any]:
    """A source and all that it imports."""
    found: dict[str, Any] = {}
    left = [name]
    while left:
        name = left.pop()
        if name not in found:
            found[name] = sources[name]
            for target in re.findall(r"""from\s+["']([^"']+)["']""", sources[name]["content"]):
                relative = target.startswith(".")
                place = posixpath.join(posixpath.dirname(name), target) if relative else target
                left.append(posixpath.normpath(place))
    return found


def _messages(source: dict[str, Any]) -> list[dict[str, Any]]:
    """What the compiler says; nothing if it does not end. It knows no limit of time itself here."""
    command = [solc_path(), "--standard-json"]
    try:
        ended = subprocess.run(
            command, input=json.dumps(source), capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return []
    errors: list[dict[str, Any]] = json.loads(ended.stdout).get("errors", [])
    return errors


def _answer(messages: list[dict[str, Any]], source_name: str, at: int) -> tuple[str, str]:
    """What was said of the assertion at this place."""
    for message in messages:
        place = message.get("sourceLocation", {})
        if (place.get("file"), place.get("start")) == (source_name, at):
            first_line = message["message"].splitlines()[0]
            if "might" in first_line:
                return TIMEOUT, first_line
            return (PROVED if "safe" in first_line else REFUTED), first_line
    return TIMEOUT, "no answer in time"
