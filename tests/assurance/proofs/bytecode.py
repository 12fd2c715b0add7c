"""Facts about bytecode, decided by halmos: all inputs at once, through the compiler of the tests.

halmos asks Foundry to build and then reads what it built. Here the tests' own compiler builds, and
a `forge` that does nothing stands in for Foundry: 80 MB less, and the bytecode is the tested one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prorata.toolchain.compiler import compile_standard, standard_json
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.proofs.facts import CITED, PROVED, REFUTED, TIMEOUT, Result, citing

FOLDER = Path("tests/assurance/proofs/solidity")
HOME = PROJECT_ROOT / ".cache" / "halmos"
RUNNER = Path(__file__).with_name("run_halmos.py")
WORK = PROJECT_ROOT / ".cache" / "halmos-build"
SECONDS = 120
OUTPUT = ["abi", "metadata", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers"]

# halmos's own words for how a check ended; what is neither is an unfinished proof.
ENDED = {0: PROVED, 1: REFUTED}
UNFINISHED = {2: "no answer in time", 3: "stuck", 4: "every path reverts", 5: "halmos failed"}


def build() -> dict[str, str]:
    """Compile the checks into the layout that halmos reads; the sentence of each check
    by its name.
    """
    source = standard_json(FOLDER)
    own = list(source["settings"]["outputSelection"])
    source["settings"]["outputSelection"] = {name: {"*": OUTPUT, "": ["ast"]} for name in own}
    output = compile_standard(source)
    sentences: dict[str, str] = {}
    for name in own:
        for contract, made in output["contracts"].get(name, {}).items():
            _write(Path(name).name, contract, made, output["sources"][name])
        text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
        laws = "".join(CITED.findall(text.split("\ncontract ")[0]))
        for notice, check in re.findall(r"((?: +/// .*\n)+) +function (check_\w+)", text):
            words = " ".join(re.findall(r"/// (.*)", notice))
            sentences[check] = citing(words.removeprefix("@notice "), laws)
    return sentences


def _write(folder: str, contract: str, made: dict[str, Any], source: dict[str, Any]) -> None:
    place = WORK / "out" / folder
    place.mkdir(parents=True, exist_ok=True)
    code = {
        kind: {**made["evm"][kind], "object": "0x" + made["evm"][kind]["object"]}
        for kind in ("bytecode", "deployedBytecode")
    }
    kept = {
        "abi": made["abi"],
        **code,
        "methodIdentifiers": made["evm"]["methodIdentifiers"],
        "metadata": json.loads(made["metadata"] or "{}"),
        "ast": source["ast"],
        "id": source["id"],
    }
    (place / f"{contract}.json").write_text(json.dumps(kept), encoding="utf-8")


def results(only: str = "") -> Iterator[Result]:
    """ClaimBatch halmos on every check whose name matches."""
    sentences = build()
    stand_in = WORK / "bin" / "forge"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    stand_in.chmod(0o755)
    written = WORK / "results.json"
    written.unlink(missing_ok=True)
    command = [
        HOME / "bin" / "python", RUNNER,
        "--root", WORK, "--function", "check_", "--match-test", only,
        "--loop", "8", "--solver-timeout-assertion", f"{SECONDS}s", "--no-status",
        # The default, a millisecond, leaves so many impossible paths that some checks never end.
        "--solver-timeout-branching", "1s", "--json-output", written,
    ]  # fmt: skip
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PATH": path}
    with (WORK / "log.txt").open("w", encoding="utf-8") as log:
        subprocess.run([str(part) for part in command], stdout=log, stderr=log, env=environment)
    tests = json.loads(written.read_text(encoding="utf-8"))["test_results"]
    for contract in tests.values():
        for test in contract:
            yield _result(test, sentences)


def _result(test: dict[str, Any], sentences: dict[str, str]) -> Result:
    name = test["name"].split("(")[0]
    result = ENDED.get(test["exitcode"], TIMEOUT)
    detail = UNFINISHED.get(test["exitcode"], "")
    if result == PROVED and test["num_bounded_loops"]:
        result, detail = TIMEOUT, "a loop was cut off"
    if result == REFUTED:
        detail = str(test["models"])[:200]
    seconds = round((test["time"] or [0])[0], 3)
    return Result(
        name.removeprefix("check_"), "halmos", result, seconds, sentences[name], (), detail
    )
