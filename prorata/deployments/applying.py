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

__all__ = [
    "Gate",
    "check_place",
    "check_price",
    "compare_plan",
    "done_before",
    "require_done",
]


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
    if not binds.complete:
        raise InputError.of(
            "plan",
            plan.digest,
            "was not simulated to its end",
            "plan it with a node that simulates (eth_simulateV1)",
        )
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
    settings: str | None,
    done: Collection[str],
) -> None:
    """Compare a plan with what would be sent now; `done` has the keys that are in the journal.

    Once a step of it is done, the chain is no longer what it was before, and only the steps that
    are left and the nonces are compared.

    Raises: InputError with every difference.
    """
    problems = list(_other_steps([s for s in plan.binds.steps if s.key not in done], steps))
    if settings != plan.binds.settings:
        problems.append(_other("settings", plan.binds.settings, settings))
    planned, found = dict(plan.binds.before), dict(before)
    nonce, now = planned.pop("nonce", None), found.pop("nonce", None)
    is_left = len(done) < len(plan.binds.steps)
    if is_left and nonce is not None and now != nonce + len(done):
        problems.append(_other("nonce", nonce + len(done), now))
    if not done:
        for name in dict.fromkeys((*planned, *found)):
            problems += _others(name, planned.get(name), found.get(name))
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


def done_before(plan: Plan, journal: Journal, tried: Collection[str]) -> set[str]:
    """The keys of the plan's steps that an earlier run has done: nobody would try them again."""
    return {
        step.key
        for step in plan.binds.steps
        if step.key not in tried and journal.find(step.key) is not None
    }


def check_price(plan: Plan, most: int) -> None:
    """Whether what is left may cost `most` wei, at the most that the plan offers for gas.

    Raises: InputError.
    """
    if most > int(plan.binds.most_total):
        rule = f"wei may be needed, and the plan allows {plan.binds.most_total}"
        raise InputError.of("cost", most, rule, REMEDY)


def require_done(plan: Plan, journal: Journal) -> None:
    """Raises: InputError when a step of the plan was not sent after all."""
    left = [step.key for step in plan.binds.steps if journal.find(step.key) is None]
    if left:
        rule = "was planned, and its command ended without sending it"
        raise InputError.of("step", left[0], rule, REMEDY)


def _others(name: str, planned: object, found: object) -> Iterator[Problem]:
    """What differs; of lists, each line by itself."""
    if not (isinstance(planned, list) and isinstance(found, list)):
        if planned != found:
            yield _other(name, planned, found)
        return
    for line in (line for line in found if line not in planned):
        yield Problem(None, name, line, "was not there when it was planned", REMEDY)
    for line in (line for line in planned if line not in found):
        yield Problem(None, name, line, "was there when it was planned, and is gone", REMEDY)


def _other(name: str, planned: object, found: object) -> Problem:
    return Problem(None, name, _short(found), f"is not what was planned, {_short(planned)}", REMEDY)


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)
