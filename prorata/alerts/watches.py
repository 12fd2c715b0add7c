# SPDX-License-Identifier: MIT
"""What a rule says of the present, which stands in no block: told once an episode."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from prorata.alerts.facts import Stood
from prorata.alerts.outbox import NO_HASH, Finding, Outbox, State
from prorata.alerts.rules import AbsentRule, digest_of_rule
from prorata.deployments.drift import Drift, DriftReport

__all__ = ["Drifts", "Looked", "confirmed", "drift_findings", "to_look", "watch_findings"]

EVERY = 3_600
"""Seconds from one question of drift to the next, unless a rule says another time."""

Drifts = Callable[[], tuple[str, DriftReport] | None]
"""A token, and how its deployment differs from the chain now; None while no node says so."""


@dataclass(frozen=True)
class Looked:
    """What was found of drift, and where the rule stood before anybody looked."""

    before: State
    token: str
    report: DriftReport


def watch_findings(outbox: Outbox, rule: AbsentRule, stood: Stood) -> Iterator[Finding]:
    """The newest block, or the final one, is too old: told once until one is young enough."""
    name, block, time = "head", stood.head, stood.head_time
    if rule.what == "finality":
        name, block, time = "final", stood.final, stood.final_time
        if not stood.has_final:
            # Nothing was final yet, so that it is not known since when.
            return
    digest = digest_of_rule(rule)
    state = outbox.state(digest, "")
    before = State(**vars(state))
    if outbox.now <= time + (rule.older_than or 0) + rule.grace:
        state.told, state.since = False, None
    elif not state.told:
        state.told, state.since, state.block = True, time, block
        state.episode += 1
        told = {name: block, f"{name}_time": time, "seconds": outbox.now - time}
        yield Finding(rule, "", block, NO_HASH, outbox.now, f"episode:{state.episode}", told)
    if state != before:
        outbox.keep(digest, "", state)


# ------------------------------------------------------------------------------------------- drift


def to_look(outbox: Outbox, rule: AbsentRule) -> State | None:
    """Where a rule of drift stands, if it is time to look again."""
    state = outbox.state(digest_of_rule(rule), "")
    waits = state.since is not None and outbox.now < state.since + (rule.every or EVERY)
    return None if waits else state


def drift_findings(outbox: Outbox, rule: AbsentRule, looked: Looked) -> Iterator[Finding]:
    """Each drift once, and again only after it was gone."""
    digest = digest_of_rule(rule)
    states = outbox.states(digest)
    if states.get("", State()) != looked.before:
        # Somebody else has looked meanwhile, and may have seen what came later.
        return
    mine = looked.report.drifts if rule.token in (None, looked.token) else ()
    found = {_key(drift): drift for drift in mine}
    block, now = looked.report.block, outbox.now
    for key, state in states.items():
        if state.told and key not in found:
            outbox.keep(digest, key, replace(state, told=False))
    for key, drift in found.items():
        state = states.get(key, State())
        if not state.told:
            episode = state.episode + 1
            outbox.keep(digest, key, State(now, block, NO_HASH, episode, told=True))
            told = {name: said for name, said in drift.as_json().items() if said is not None}
            subject = f"drift:{key}:{episode}"
            yield Finding(rule, looked.token, block, NO_HASH, now, subject, told)
    outbox.keep(digest, "", replace(looked.before, since=now, block=block))


def _key(drift: Drift) -> str:
    said = json.dumps([drift.kind.value, drift.contract, drift.found])
    return hashlib.sha256(said.encode()).hexdigest()


def confirmed(look: Callable[[], DriftReport]) -> DriftReport:
    """What is found twice. What a command sends between two questions is in the journal by then."""
    first = look()
    if not first.drifts:
        return first
    second = look()
    return replace(second, drifts=tuple(one for one in second.drifts if one in first.drifts))
