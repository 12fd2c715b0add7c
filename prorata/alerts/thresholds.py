# SPDX-License-Identifier: MIT
"""What a rule says of a value that has been beyond its limit for so long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prorata.alerts.facts import Facts, Moment
from prorata.alerts.outbox import Finding, Outbox, State
from prorata.alerts.rules import ThresholdRule, digest_of_rule
from prorata.chain.abi import plain

__all__ = ["threshold"]


def threshold(
    facts: Facts, outbox: Outbox, rule: ThresholdRule, token: str, at: Moment
) -> Iterator[Finding]:
    """Hold a value against its limit: as it was up to this moment, then as it is."""
    value = facts.measured(token, rule.value, at.block)
    if value is None:
        return
    digest = digest_of_rule(rule)
    state = outbox.state(digest, token)
    before = State(**vars(state))
    yield from _lasted(rule, token, state, at.time)
    if state.told and rule.cleared(value):
        state.told, state.since = False, None
    if not state.told:
        if not rule.over.holds(value):
            state.since = None
        elif state.since is None:
            state.since, state.block, state.hash = at.time, at.block, at.hash
            state.episode += 1
        amount = facts.units[token].amount(value).as_json()
        was = amount if rule.value == "supply" else plain(value)
        yield from _lasted(rule, token, state, at.time, was)
    if state != before:
        outbox.keep(digest, token, state)


def _lasted(
    rule: ThresholdRule, token: str, state: State, now: int, was: Any = None
) -> Iterator[Finding]:
    if state.since is None or state.told or now < state.since + rule.lasting:
        return
    state.told = True
    told: dict[str, Any] = {"value": rule.value, "since": state.since, "episode": state.episode}
    if was is not None:
        told["was"] = was
    time = state.since + rule.lasting
    subject = f"episode:{state.episode}"
    yield Finding(rule, token, state.block, state.hash, time, subject, told)
