# SPDX-License-Identifier: MIT
"""Applying a plan: what is planned is sent, and nothing else.

The command of the plan is run again, since only it knows what to write down besides. Before the
first step leaves, what it would send now is compared with the plan: the chain, the account, the
nonce, what the contracts say, their code, and every step. While it runs, a gate lets through what
is planned, by key and contents, and stops everything else.

Steps keep the keys that their command gives them, so that whoever runs the command without a plan
finds what a plan has done. A run that was killed goes on with the same plan; what is done is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from prorata.chain.journal import Journal
from prorata.chain.node import RpcChain
from prorata.chain.steps import Intent
from prorata.deployments.plans import REMEDY, Plan, PlannedStep, planned_step
from prorata.deployments.preconditions import artifacts_digest
from prorata.errors import InputError, Problem

__all__ = ["Gate", "check_place", "compare_plan", "done_before", "require_done"]


class Gate:
    """Stands before an operator's `send`, and lets the steps of one plan through."""

    def __init__(self, plan: Plan) -> None:
        self._steps = {step.key: step for step in plan.binds.steps}

    def __call__(self, intents: Sequence[Intent]) -> None:
        """Raises: InputError for a step that the plan does not have, or has otherwise."""
        for intent in intents:
            asked = planned_step(intent.key, intent.call)
            planned = self._steps.get(intent.key)
            if planned is None:
                raise InputError.of("step", intent.key, "is not in the plan", REMEDY)
            if planned != asked:
                raise InputError.of("step", asked.words, f"was planned as {planned.words}", REMEDY)


def check_place(plan: Plan, chain: RpcChain, signer: str) -> None:
    """Whether a plan is for this chain, this account and this version's contracts.

    Raises: InputError with everything that is another.
    """
    binds = plan.binds
    pairs = [
        ("chain", binds.chain_id, chain.chain_id),
        ("genesis", binds.genesis, chain.genesis_hash),
        ("account", binds.signer, signer),
        ("contracts", binds.artifacts, artifacts_digest()),
    ]
    problems = [_other(name, planned, found) for name, planned, found in pairs if planned != found]
    if problems:
        raise InputError(problems, "the plan")


def compare_plan(
    plan: Plan,
    steps: Sequence[PlannedStep],
    before: Mapping[str, Any],
    done: Collection[str],
) -> None:
    """Compare a plan with what would be sent now; `done` has the keys that are in the journal.

    Once a step of it is done, the chain is no longer what it was before, and only the steps that
    are left and the nonces are compared.

    Raises: InputError with every difference.
    """
    problems = list(_other_steps([s for s in plan.binds.steps if s.key not in done], steps))
    planned = dict(plan.binds.before)
    nonce = planned.pop("nonce", None)
    found = dict(before)
    if nonce is not None and found.pop("nonce", None) != nonce + len(done):
        problems.append(_other("nonce", nonce + len(done), before.get("nonce")))
    if not done:
        problems += [
            _other(name, planned.get(name), found.get(name))
            for name in dict.fromkeys((*planned, *found))
            if planned.get(name) != found.get(name)
        ]
    if problems:
        raise InputError(problems, "the plan")


def _other_steps(planned: Sequence[PlannedStep], found: Sequence[PlannedStep]) -> Iterator[Problem]:
    by_key = {step.key: step for step in found}
    for step in planned:
        now = by_key.pop(step.key, None)
        if now is None:
            rule = "is planned, and would not be sent now"
            yield Problem(None, "step", step.key, rule, REMEDY)
        elif now != step:
            yield Problem(None, "step", now.words, f"was planned as {step.words}", REMEDY)
    for step in by_key.values():
        yield Problem(None, "step", step.words, "would be sent now, and is not planned", REMEDY)
    same = {step.key for step in planned} & {step.key for step in found}
    orders = [[step.key for step in steps if step.key in same] for steps in (planned, found)]
    if orders[0] != orders[1]:
        yield Problem(None, "steps", ", ".join(orders[1]), "are in another order", REMEDY)


def done_before(plan: Plan, journal: Journal | None) -> set[str]:
    """The keys of the plan's steps that the journal has, sent by an earlier run."""
    if journal is None:
        return set()
    return {step.key for step in plan.binds.steps if journal.find(step.key) is not None}


def require_done(plan: Plan, journal: Journal) -> None:
    """Raises: InputError when a step of the plan was not sent after all."""
    left = [step.key for step in plan.binds.steps if journal.find(step.key) is None]
    if left:
        rule = "was planned, and its command ended without sending it"
        raise InputError.of("step", left[0], rule, REMEDY)


def _other(name: str, planned: object, found: object) -> Problem:
    return Problem(None, name, _short(found), f"is not what was planned, {_short(planned)}", REMEDY)


def _short(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "nothing" if value is None else str(value)
