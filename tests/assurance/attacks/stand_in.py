"""A pytest plugin: the tests that are named run once with each mutant that they must notice.

``python -m pytest -p tests.assurance.attacks.stand_in TEST...`` runs them; what came of each goes
to the file that ``PRORATA_MUTANTS`` names, by mutant and test.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyrevm
import pytest

from prorata.toolchain.compiler import CONTRACTS, compile_contracts
from tests.assurance.attacks.mutants import LIVES, AttackMutant, Cast, compile_mutants

_seen: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))


@cache
def _casts() -> list[Cast]:
    artifacts = compile_contracts((CONTRACTS, Path("tests/contracts")))
    return [Cast(mutant, artifacts, artifact) for mutant, artifact in compile_mutants().items()]


def pytest_configure() -> None:
    """Let code that is not optimized be as large as it is."""
    unlimited = pyrevm.Env(cfg=pyrevm.CfgEnv(limit_contract_code_size=2**17))
    pyrevm.EVM = partial(pyrevm.EVM, env=unlimited)


def _is_for(mutant: AttackMutant, node: str) -> bool:
    return node in {mutant.node, LIVES[mutant.contract]}


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In the place of the sound contracts, each mutant's."""
    node = metafunc.definition.nodeid
    casts = [cast for cast in _casts() if _is_for(cast.mutant, node)]
    names = [cast.mutant.name for cast in casts]
    if casts:
        metafunc.parametrize("artifacts", casts, ids=names, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, Any, Any]:
    """Note how each test ended."""
    report = yield
    if report.when == "call" or report.failed:
        ended = report.outcome if report.when == "call" else f"{report.outcome} in {report.when}"
        mutant = item.callspec.params["artifacts"].mutant
        _seen[mutant.name][item.nodeid.partition("[")[0]].append(ended)
    return report


def pytest_sessionfinish() -> None:
    """Write down what came of it."""
    Path(os.environ["PRORATA_MUTANTS"]).write_text(json.dumps(_seen), encoding="utf-8")
