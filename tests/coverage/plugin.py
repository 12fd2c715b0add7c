"""A pytest plugin that puts the marked contracts in place of the others, and notes where they went.

    pytest -p tests.coverage.plugin --marks FILE tests/contracts

It writes every place of the contracts, and whether any test was there. Tests of gas and of bytecode
would fail with it: what they look at is not there.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pyrevm
import pytest

from prorata import build
from tests import chainkit
from tests.coverage.marks import Marked, with_marks

# Neither size nor gas is what is looked at, and the optimizer takes longer than the tests.
ROOMY = pyrevm.Env(cfg=pyrevm.CfgEnv(limit_contract_code_size=2**24))
FAST = {"optimizer": {"enabled": False}}

marked = Marked()
visited: set[str] = set()
alive: WeakSet[chainkit.RevmKit] = WeakSet()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--marks", type=Path, help="where to write which marks were met")


def pytest_configure() -> None:
    standard_json = build.standard_json

    def with_all_marks(root: Path = build.CONTRACTS) -> dict[str, Any]:
        source = with_marks(standard_json(root), marked)
        return {**source, "settings": {**source["settings"], **FAST}}

    build.standard_json = with_all_marks
    pyrevm.EVM = partial(pyrevm.EVM, env=ROOMY)
    starts, transact = chainkit.RevmKit.__init__, chainkit.RevmKit.transact

    def start(kit: chainkit.RevmKit, *args: Any) -> None:
        alive.add(kit)
        starts(kit, *args)

    def transact_for_nothing(*args: Any) -> chainkit.Receipt:
        return replace(transact(*args), gas=0)

    chainkit.RevmKit.__init__ = start
    chainkit.RevmKit.transact = transact_for_nothing
    chainkit.RevmKit.__del__ = lambda kit: note([kit])


def note(kits: Iterable[chainkit.RevmKit]) -> None:
    """Remember every address that these chains ever looked up."""
    for kit in kits:
        visited.update(kit.evm.db_accounts)


def pytest_sessionfinish(session: pytest.Session) -> None:
    gc.collect()
    note(alive)
    met = {int(address, 16) for address in visited}
    places = [[place.file, place.line, place.column, place.what, mark in met]
              for place, mark in sorted(marked.marks.items())]
    target = session.config.getoption("--marks")
    if target:
        target.write_text(json.dumps(places), encoding="utf-8")
