"""What all suites share: Hypothesis profiles, the compiled contracts, an Anvil. Nothing of ape."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.compiler import CONTRACTS, compile_contracts
from prorata.toolchain.paths import PROJECT_ROOT, environment

TEST_CONTRACTS = Path("tests/contracts")

_CACHES = count()

# Ape finds the compiler and Anvil, here and in processes that tests start, however pytest was run.
os.environ.update(environment())

# `quick` at home, `brief` in `make check`, `ci` the same examples every time, `deep` at night:
# HYPOTHESIS_PROFILE=deep make test
settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile("ci", parent=settings.get_profile("quick"), derandomize=True)
settings.register_profile("brief", max_examples=10, deadline=None)
settings.register_profile("deep", max_examples=5_000, deadline=None)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "quick")
)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Keep what coverage has measured: a worker that takes ten seconds to end is killed then."""
    coverage = sys.modules.get("coverage")
    measured = coverage.Coverage.current() if coverage else None
    if measured:
        measured.save()


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path_factory) -> None:
    """What one test learns of a node at some port is not what another's takes at once."""
    folder = tmp_path_factory.getbasetemp() / f"cache-{next(_CACHES)}"
    monkeypatch.setenv("PRORATA_CACHE", str(folder))


@pytest.fixture(scope="session")
def artifacts() -> dict[str, Artifact]:
    """Every contract by name: the product's, and the twins and hostile ones of the tests."""
    here = any((PROJECT_ROOT / TEST_CONTRACTS).rglob("*.sol"))
    return compile_contracts((CONTRACTS, TEST_CONTRACTS) if here else (CONTRACTS,))


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """One Anvil for the session. Who changes its state snapshots it before and reverts it after."""
    with Anvil() as node:
        yield node
