"""Slither finds nothing in the contracts that is not argued: beside the code, or here.

It reads the compiler's own input, as ``prorata.build`` makes it, so that there is one place for
remappings and settings; the compiler is asked for syntax trees only, which slither works from.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prorata.toolchain.compiler import standard_json
from prorata.toolchain.paths import PROJECT_ROOT, solc_path

SILENT = {
    "assembly": "each block says why it is there; solhint lets it be for the same reason",
    "calls-loop": "pages and lists are the caller's own, and as long as the caller pays for",
    "costly-loop": "in batches, whose items cost what each would cost by itself, or less",
    "incorrect-shift": "a mask is one shifted by a width, whose count stands first in assembly",
    "incorrect-equality": "zero means nothing held or moved, and nobody else can make it otherwise",
    "naming-convention": "solhint checks names, and knows which ones a standard prescribes",
    "reentrancy-benign": "tests/assurance/attacks/test_reentry_matrix.py calls back from each",
    "reentrancy-events": "the same; events of a call inside a call stand in between, as it does",
    "timestamp": "record dates and deadlines are times; known limitations say what that means",
    "too-many-digits": "a selector in its place in a word",
    "unused-return": "what is not wanted of an answer is left out by name",
    "uninitialized-local": "the compiler clears structs in memory; there are no others",
}
"""Detectors that say nothing of use about these contracts, and why."""

ARGUED = {
    ("dead-code", "ShareToken._give"): "handed to `_forEach`, which calls it",
    (
        "dead-code",
        "ShareExchange._tie",
    ): "called from `carryOut`, in whose loop's condition it is not seen",
    ("dead-code", "ShareExchange._gasEach"): "the same",
    ("dead-code", "ShareExchange._letGo"): "called from `_end`, behind what slither does not see",
    ("dead-code", "ShareExchange._noNote"): "the same",
    ("dead-code", "ShareExchange._tryPay"): "the same",
    ("dead-code", "ShareExchange._tryPayOther"): "the same",
    ("divide-before-multiply", "CallExplainer._sharesOf"): "money pays for whole lots",
    ("divide-before-multiply", "CallSettlement._isDeliverable"): "money pays for whole lots",
    ("divide-before-multiply", "LockUps._releaseDay"): "rounded up to the end of a period of days",
    ("low-level-calls", "RecordRanges.constructor"): "a token that answers nothing has no holdings",
    ("uninitialized-state", "ShareExchange._known"): "a mapping; written in `open`",
    ("uninitialized-state", "ShareExchange._spendNonce"): "a mapping; written there",
    ("uninitialized-state", "ShareExchange._untie"): "a mapping; written in `_tie`",
    ("missing-zero-check", "WithholdingPolicy.constructor"): "without a registry nobody is known",
}
"""Findings in files that say enough themselves, by detector and function, and why they stand."""


def analyse(folder: Path) -> list[dict[str, Any]]:
    """What slither finds, as it reports it."""
    source = standard_json()
    source["settings"]["outputSelection"] = {"*": {"": ["ast"]}}
    question, answer = folder / "contracts.json", folder / "findings.json"
    question.write_text(json.dumps(source), encoding="utf-8")
    command = [Path(sys.prefix) / "bin" / "slither", question]
    command += ["--compile-force-framework", "Solc-json", "--solc", solc_path()]
    # Gas is measured by tests/gas.
    command += ["--filter-paths", "node_modules", "--exclude-optimization"]
    command += ["--exclude", ",".join(SILENT), "--json", answer]
    # It is not measured: tracing would slow it for nothing.
    free = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    ran = subprocess.run(command, cwd=PROJECT_ROOT, env=free, capture_output=True, text=True)
    assert answer.is_file(), ran.stderr
    report = json.loads(answer.read_text(encoding="utf-8"))
    assert report["success"], report["error"]
    return list(report["results"].get("detectors", ()))


def places(finding: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The detector with each function that a finding is about."""
    for element in finding["elements"]:
        # A file, of which a finding can be too, has none.
        parent = element.get("type_specific_fields", {}).get("parent")
        function = parent if element["type"] == "variable" else element
        if function and function["type"] == "function":
            contract = function["type_specific_fields"]["parent"]["name"]
            yield finding["check"], f"{contract}.{function['name']}"


@pytest.mark.slow
def test_slither_finds_nothing_that_is_not_argued(tmp_path):
    """A finding is mended, or argued beside the code or above; an argument needs its finding."""
    findings = analyse(tmp_path)
    argued = {place for finding in findings for place in places(finding)} & ARGUED.keys()
    left = [f["description"] for f in findings if not ARGUED.keys() & set(places(f))]
    assert not left, "\n".join(left)
    assert argued == ARGUED.keys(), "an argument without its finding: take it out"
