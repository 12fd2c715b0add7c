"""Whether the tests notice a mutant, each in a child process of its own."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from prorata.build import PROJECT_ROOT, Artifact
from tests import conftest
from tests.chainkit import Codec
from tests.fuzz.walk import Failed, Walked, walk
from tests.mutation import plugin, roomy
from tests.mutation.mutant import Mutant

KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"

STEPS = 500
"""Of the walk that every mutant meets first: two stories."""

LIMIT = 300
"""Seconds that the tests of one mutant may take; they take a tenth of it."""

OWN = {
    "ShareToken": ("share_token", "freezing", "recovery", "roles", "standards", "permit", "policy"),
    "ShareLedger": ("record_dates", "share_token", "../laws/test_ledger_laws.py"),
    "AccountLib": ("record_dates", "share_token", "freezing"),
    "History": ("record_dates", "claim_runs", "../laws/test_ledger_laws.py"),
    "LedgerLib": ("record_dates", "rules", "roles"),
    "Compliance": ("rules", "standards", "recovery", "policy"),
    "Documents": ("roles", "standards", "share_token"),
    "InvestorRegistry": ("registry", "rules", "../laws/test_register_laws.py"),
    "InvestorLib": ("registry", "rules", "withholding_policy"),
    "HoldingLib": ("registry", "../laws/test_register_laws.py"),
    "TransferRules": ("rules", "lockups", "policy"),
    "LockUps": ("lockups", "rules"),
    "WithholdingPolicy": ("withholding_policy", "../laws/test_withholding_laws.py"),
    "RateTable": ("withholding_policy", "../laws/test_withholding_laws.py"),
    "StandingLib": ("withholding_policy", "../laws/test_withholding_laws.py"),
    "Timeline": ("withholding_policy", "../laws/test_withholding_laws.py"),
    "RecordStream": ("record_stream",),
    "StreamSheet": ("record_stream",),
    "PassThrough": ("pass_through",),
    "PayoutDesk": ("payout_desk", "primary_reinvestment"),
    "PrimaryReinvestment": ("primary_reinvestment",),
    "Payment": ("payments", "currencies"),
}
VAULT = ("dividend_vault", "claim_runs", "payments", "../laws/test_vault_laws.py")

PYTHON = {
    "apportion": ("apportion", "captable"),
    "money": ("money", "apportion"),
    "withholding": ("withholding", "tax", "yearly", "statements"),
    "yearly": ("yearly", "statements"),
    "ageing": ("ageing",),
    "income": ("income",),
}


POLICY = "tests/contracts/test_withholding_policy.py"
APART = (
    "tests/contracts/test_standards.py::test_the_token_fits",
    f"{POLICY}::test_H_asking_stays_cheap_however_much_is_changed_later",
    "tests/contracts/test_payout_desk.py::test_G_on_a_fork_the_old_signature_is_worth_nothing",
)
"""Tests of size and gas, which the optimiser decides, and of a node that limits the size."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and by what."""

    outcome: str
    by: str
    seconds: float


def killed_contract(
    mutant: Mutant,
    changed: Mapping[str, Artifact],
    originals: Mapping[str, Artifact],
    *,
    every: bool,
) -> Verdict:
    """Let a mutant of a contract meet the walk and its own tests; or every test there is."""
    began = time.monotonic()
    artifacts = {**originals, **changed}
    own = OWN.get(Path(mutant.path).stem, VAULT)
    files = [f"tests/contracts/test_{n}.py" if "/" not in n else f"tests/{n[3:]}" for n in own]
    trials = {
        "walk": lambda: _walks(artifacts),
        " ".join(files): lambda: _passes(files, artifacts),
    }
    if every:
        trials = {"all": lambda: _passes(["tests/contracts", "tests/laws"], artifacts)}
    outcome, by = SURVIVED, ""
    while outcome == SURVIVED and trials:
        by = next(iter(trials))
        outcome = _in_child(trials.pop(by), LIMIT)
    return Verdict(outcome, by, round(time.monotonic() - began, 1))


def _passes(files: list[str], artifacts: Mapping[str, Artifact]) -> bool:
    """Whether no test fails. In a child, which has pytest and the tests from its parent."""
    roomy.enlarge()
    conftest.compile_contracts = lambda *_: artifacts  # type: ignore[assignment]
    settings.load_profile(plugin.PROFILE)
    apart = [f"--deselect={test}" for test in APART]
    return pytest.main(["-x", "-q", "-p", "no:xdist", "--tb=no", *apart, *files]) == 0


def warm() -> None:
    """Import what every child needs, once."""
    for folder in ("contracts", "laws"):
        for path in sorted((PROJECT_ROOT / "tests" / folder).glob("test_*.py")):
            importlib.import_module(f"tests.{folder}.{path.stem}")


def killed_module(mutant: Mutant) -> Verdict:
    """Let a mutant of a Python module meet its unit tests, then all of them."""
    began = time.monotonic()
    text = mutant.applied((PROJECT_ROOT / mutant.path).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "mutant.py"
        source.write_text(text, encoding="utf-8")
        name = mutant.path.removesuffix(".py").replace("/", ".")
        told = {"PRORATA_MUTANT": f"{name}={source}"}
        own = [f"tests/unit/test_{n}.py" for n in PYTHON[Path(mutant.path).stem]]
        files = [file for file in own if (PROJECT_ROOT / file).is_file()]
        outcome = SURVIVED
        for chosen in (files, ["tests/unit"]):
            outcome = _tests(chosen, told, LIMIT) if chosen else SURVIVED
            if outcome != SURVIVED:
                break
    return Verdict(outcome, " ".join(chosen), round(time.monotonic() - began, 1))


def _walks(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether the walk goes on as it should."""
    roomy.enlarge()
    try:
        walk(Codec(artifacts), "mutants", STEPS, Walked())
    except (Failed, RuntimeError, LookupError, ValueError, OverflowError):
        return False
    return True


def _in_child(survives, limit: int) -> str:
    """Fork, so that nothing a mutant does stays."""
    child = os.fork()
    if child == 0:
        # A mutant may loop for ever in the EVM, where Python's own alarms do not reach.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(limit)
        code = 1
        try:
            sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            code = 0 if survives() else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) == signal.SIGALRM else KILLED
    return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED


def _tests(files: list[str], told: Mapping[str, str], limit: int) -> str:
    """Run test files until one test fails."""
    command = [
        sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "tests.mutation.plugin",
        "-p", "no:xdist", "--tb=no", *(f"--deselect={test}" for test in APART), *files,
    ]  # fmt: skip
    profile = {"HYPOTHESIS_PROFILE": plugin.PROFILE, "PYTHONPATH": str(PROJECT_ROOT)}
    environment = {**os.environ, **told, **profile}
    try:
        ended = subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, timeout=limit, capture_output=True
        )
    except subprocess.TimeoutExpired:
        return TIMEOUT
    return SURVIVED if ended.returncode == 0 else KILLED
