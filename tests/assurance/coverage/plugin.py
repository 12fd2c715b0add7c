"""A pytest plugin that puts the marked contracts in place of the others, and notes where tests go.

    pytest -p tests.assurance.coverage.plugin --marks FILE tests/contracts

It writes every place of the contracts, and whether any test was there.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pyrevm
import pytest
from hypothesis import settings

from prorata.toolchain import compiler
from tests import chainkit
from tests.assurance.coverage.marks import Marked, Place, with_marks

# Size does not matter here, and the optimizer would take longer than the tests.
ROOMY = pyrevm.Env(cfg=pyrevm.CfgEnv(limit_contract_code_size=2**24))
FAST = {"optimizer": {"enabled": False}}

EXAMPLES = 10

# What looks at gas that a callee is left, at code, or at another build: marks are in its way.
LEFT_OUT = (
    "test_every_holder_is_offered_the_same_gas_or_nobody_is",
    "test_a_page_with_little_gas_locks_or_is_refused",
    "test_nobody_keeps_shares_held_by_bringing_little_gas",
    "test_every_currency_is_paid_out_to_the_last_unit[long-answer]",
    "test_every_step_in_every_currency_does_what_the_table_says[long-answer fee-on push]",
    "test_every_step_in_every_currency_does_what_the_table_says[long-answer push]",
    "test_views_say_during_a_payment_what_they_say_after_it[calls-after-push]",
    "test_views_say_during_a_payment_what_they_say_after_it[calls-before-push]",
    "test_a_hook_that_answers_with_a_megabyte_costs_no_more_for_it",
    "test_on_a_fork_the_old_signature_is_worth_nothing",
    "test_a_token_that_makes_no_sense_harms_nobody_elses_money[3]",
    "test_a_faulty_vault_without_a_fault_does_what_the_table_says",
    "test_every_fault_is_caught",
    "test_the_token_fits",
    # Marks use gas of their own.
    "test_a_claim_pays_a_wallet_that_writes_many_slots",
    "test_a_push_with_little_gas_skips_nobody",
    "test_a_push_that_offers_too_little_leaves_a_wallet_owed_as_before",
    "test_payees_that_burn_gas_burn_their_own_part_of_a_page",
    "test_a_currency_gets_no_less_in_a_page_than_it_ever_did",
    "test_a_claim_with_too_little_gas_is_kept_and_nothing_else",
    "test_a_currency_that_takes_unknown_calls_for_deposits_is_held",
    "test_every_selector_is_its_own_or_one_that_it_may_say",
)

marked = Marked()
visited: set[str] = set()
met: dict[Place, bool] = {}
alive: WeakSet[chainkit.RevmKit] = WeakSet()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--marks", type=Path, required=True, help="where to write what was met")


def pytest_configure() -> None:
    standard_json = compiler.standard_json
    starts, transact = chainkit.RevmKit.__init__, chainkit.RevmKit.transact

    def with_all_marks(root: Path = compiler.CONTRACTS) -> dict[str, Any]:
        source = with_marks(standard_json(root), marked)
        return {**source, "settings": {**source["settings"], **FAST}}

    def start(kit: chainkit.RevmKit, *args: Any) -> None:
        alive.add(kit)
        starts(kit, *args)

    def transact_for_nothing(*args: Any, **options: Any) -> chainkit.Receipt:
        return replace(transact(*args, **options), gas=0)

    # Lines and outcomes want examples of each kind, and every time the same.
    settings.register_profile("marks", max_examples=EXAMPLES, derandomize=True, deadline=None)
    settings.load_profile("marks")
    compiler.standard_json = with_all_marks
    pyrevm.EVM = partial(pyrevm.EVM, env=ROOMY)
    chainkit.RevmKit.__init__ = start
    chainkit.RevmKit.__del__ = lambda kit: note([kit])
    chainkit.RevmKit.transact = transact_for_nothing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    out = [item for item in items if item.name.startswith(LEFT_OUT)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def note(kits: Iterable[chainkit.RevmKit]) -> None:
    """Remember every address that these chains ever looked up."""
    for kit in kits:
        visited.update(kit.evm.db_accounts)


def pytest_sessionfinish(session: pytest.Session) -> None:
    gc.collect()
    note(alive)
    looked_up = {int(address, 16) for address in visited}
    for place, mark in marked.marks.items():
        met[place] = met.get(place, False) or mark in looked_up
    reported = [[*astuple(place), was] for place, was in sorted(met.items())]
    # One of several workers tells the session that started it.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["marks"] = reported
    else:
        session.config.getoption("--marks").write_text(json.dumps(reported), encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for *place, was in node.workeroutput["marks"]:
        met[Place(*place)] = met.get(Place(*place), False) or was
