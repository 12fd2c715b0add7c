"""Whether the tests notice a mutant, each in a child process of its own."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from prorata.build import PROJECT_ROOT, Artifact
from tests import conftest
from tests.chainkit import Codec
from tests.fuzz import stateless
from tests.fuzz.walk import DEPTH, Walked, walk_one
from tests.fuzz.world import World
from tests.mutation import roomy
from tests.mutation.mutant import Mutant
from tests.mutation.stand_in import PROFILE, Finder

KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"

STORIES = 4
"""Walks of the whole system that a mutant meets first, of 250 steps each: half a second."""

CALLS = 3_000
"""Cases that the libraries are asked: half a second."""

WALK_LIMIT, LIMIT = 20, 300
"""Seconds that a mutant may take over the walk, and over its tests; they take a tenth of it."""

PROBE = "Probe"
"""The test contract that asks libraries many cases."""

WALKED = {"ShareToken", "DividendVault", "InvestorRegistry", "TransferRules", "PayoutDesk"}
"""Contracts that the walk has on its stage."""

TOKEN = (
    "roles", "freezing", "recovery", "share_token", "record_dates", "permit", "policy", "standards",
    "rules", "registry", "../laws/test_ledger_laws",
)  # fmt: skip
VAULT = ("claim_runs", "payments", "payout_desk", "../laws/test_vault_laws", "dividend_vault")
REGISTER = ("registry", "rules", "policy", "lockups", "../laws/test_register_laws")
TAXING = ("withholding_policy", "../laws/test_withholding_laws")
OWN = {
    "ShareToken": TOKEN,
    "ShareLedger": ("record_dates", *TOKEN),
    "AccountLib": ("record_dates", *TOKEN),
    "History": ("record_dates", "claim_runs", *TOKEN),
    "LedgerLib": ("record_dates", *TOKEN),
    "Compliance": ("rules", *TOKEN),
    "Documents": TOKEN,
    "InvestorRegistry": REGISTER,
    "InvestorLib": (*REGISTER, "withholding_policy"),
    "HoldingLib": REGISTER,
    "TransferRules": ("rules", "lockups", *REGISTER),
    "LockUps": ("lockups", "rules"),
    "WithholdingPolicy": TAXING,
    "RateTable": TAXING,
    "StandingLib": TAXING,
    "Timeline": TAXING,
    "ProRata": (*TAXING, *VAULT),
    "RecordStream": ("record_stream",),
    "StreamSheet": ("record_stream",),
    "PassThrough": ("pass_through",),
    "PayoutDesk": ("payout_desk", "primary_reinvestment"),
    "PrimaryReinvestment": ("primary_reinvestment",),
    "Payment": ("payments", "pass_through", "currencies"),
    "Holdings": ("record_stream", *VAULT),
    "Authority": ("record_stream", "pass_through", *VAULT),
    "Question": ("record_stream", "policy", "registry", "pass_through", *VAULT),
}
"""The tests of each source, quick ones first; of those that are not here, the vault's."""

PYTHON = {
    "apportion": ("apportion", "captable"),
    "money": ("money", "apportion"),
    "withholding": ("tax", "yearly", "statements"),
    "tax": ("tax", "yearly"),
    "yearly": ("yearly", "statements"),
    "income": ("income",),
}

POLICY = "tests/contracts/test_withholding_policy.py"
APART = (
    "tests/contracts/test_standards.py::test_the_token_fits",
    f"{POLICY}::test_H_asking_stays_cheap_however_much_is_changed_later",
    "tests/contracts/test_payout_desk.py::test_G_on_a_fork_the_old_signature_is_worth_nothing",
)
"""Tests of size and gas, which the optimiser decides, and of a node that limits the size."""


REENTRY = "tests/attacks/test_reentry_matrix.py"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and by what."""

    outcome: str
    by: str = ""


# ------------------------------------------------------------------------- of contracts


def killed_at_once(artifacts: Mapping[str, Artifact], changed: set[str]) -> Verdict:
    """Let a mutant meet what takes a second: a walk of the whole system, and cases by number."""
    verdict = Verdict(SURVIVED)
    if changed & WALKED:
        verdict = Verdict(in_child(lambda: _walks(artifacts), WALK_LIMIT), "walk")
    if verdict.outcome == SURVIVED and PROBE in changed:
        verdict = Verdict(in_child(lambda: _calculates(artifacts), WALK_LIMIT), "cases")
    return verdict


def killed_by_tests(path: str, artifacts: Mapping[str, Artifact], *, every: bool) -> Verdict:
    """Let a mutant meet the tests of its source, one file after the other; or every test."""
    for file in _every() if every else map(_file, _own(path)):
        outcome = in_child(lambda: passes([file], artifacts), LIMIT)  # noqa: B023 - called at once
        if outcome != SURVIVED:
            return Verdict(outcome, file)
    return Verdict(SURVIVED)


def _own(path: str) -> Sequence[str]:
    return OWN.get(Path(path).stem, VAULT)


def _file(name: str) -> str:
    return f"tests/{name[3:]}.py" if name.startswith("../") else f"tests/contracts/test_{name}.py"


def _every() -> Iterator[str]:
    """Figures of gas, compared bytecode and planted faults are not among them."""
    for folder in ("contracts", "laws"):
        for path in sorted((PROJECT_ROOT / "tests" / folder).glob("test_*.py")):
            yield path.relative_to(PROJECT_ROOT).as_posix()
    yield REENTRY


def warm() -> None:
    """Import what every child needs, once."""
    for file in _every():
        importlib.import_module(file.removesuffix(".py").replace("/", "."))


def _walks(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether walks go on as they should."""
    roomy.enlarge()
    codec = Codec(artifacts)
    for story in range(STORIES):
        walk_one(lambda: World(codec), f"mutants/{story}", DEPTH, Walked(), minimise=False)
    return True


def _calculates(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether libraries calculate as they should."""
    roomy.enlarge()
    stateless.run(Codec(artifacts), "mutants", CALLS)
    return True


def passes(files: list[str], artifacts: Mapping[str, Artifact]) -> bool:
    """Whether no test fails. In a child, which has pytest and the tests from its parent."""
    roomy.enlarge()
    conftest.compile_contracts = lambda *_: artifacts  # type: ignore[assignment]
    settings.load_profile(PROFILE)
    return _pytest(files)


# -------------------------------------------------------------------------- of modules


def killed_module(mutant: Mutant) -> Verdict:
    """Let a mutant of a Python module meet its own unit tests, then all of them."""
    text = mutant.applied((PROJECT_ROOT / mutant.path).read_text(encoding="utf-8"))
    name = mutant.path.removesuffix(".py").replace("/", ".")
    own = [f"tests/unit/test_{n}.py" for n in PYTHON[Path(mutant.path).stem]]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "mutant.py"
        source.write_text(text, encoding="utf-8")
        for files in (own, ["tests/unit"]):
            outcome = in_child(lambda: passes_with(name, source, files), LIMIT)  # noqa: B023
            if outcome != SURVIVED:
                return Verdict(outcome, files[0])
    return Verdict(SURVIVED)


def passes_with(name: str, source: Path, files: list[str]) -> bool:
    """The same with a mutant of a module, and everything that may have imported it anew."""
    for module in list(sys.modules):
        if module == "prorata" or module.startswith(("prorata.", "test")):
            del sys.modules[module]
    sys.meta_path.insert(0, Finder(name, source))
    settings.load_profile(PROFILE)
    os.environ["HYPOTHESIS_PROFILE"] = PROFILE
    return _pytest(files)


# ------------------------------------------------------------------------------- both


def _pytest(files: Sequence[str]) -> bool:
    apart = [f"--deselect={test}" for test in APART]
    return pytest.main(["-x", "-q", "--tb=no", *apart, *files]) == 0


def in_child(survives: Callable[[], bool], limit: int) -> str:
    """Fork, so that nothing a mutant does stays."""
    child = os.fork()
    if child == 0:
        # A mutant may loop for ever in the EVM, where Python's own alarms do not reach.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(limit)
        code = 1
        try:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            code = 0 if survives() else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) == signal.SIGALRM else KILLED
    return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED
