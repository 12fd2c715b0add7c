"""Each attack succeeds against the contract whose defence was taken out, and its test notices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.attacks.mutants import LIVES, MUTANTS, AttackMutant

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """How the tests of all mutants ended, in one run of their own."""
    reported: Path = tmp_path_factory.mktemp("mutants") / "ends.json"
    nodes = sorted({mutant.node for mutant in MUTANTS} | set(LIVES.values()))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.assurance.attacks.stand_in",
        *nodes,
    ]
    command += ["-o", f"cache_dir={reported.parent / 'cache'}"]
    environment = os.environ | {"PRORATA_MUTANTS": str(reported), "HYPOTHESIS_PROFILE": "ci"}
    run = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)
    assert reported.is_file(), run.stdout + run.stderr
    ended: dict[str, dict[str, list[str]]] = json.loads(reported.read_text(encoding="utf-8"))
    return ended


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_attack_succeeds_against_the_mutant(ends, mutant: AttackMutant):
    """Its test fails there while it runs, not before; what it does not attack still works."""
    attacked, lives = ends[mutant.name][mutant.node], ends[mutant.name][LIVES[mutant.contract]]
    assert "failed" in attacked, attacked
    assert set(attacked) <= {"passed", "failed"}, attacked
    assert set(lives) == {"passed"}, lives
