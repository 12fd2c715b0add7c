# SPDX-License-Identifier: MIT
"""What a rule says by this machine's clock, which stands in no block: told once an episode."""

from __future__ import annotations

from collections.abc import Iterator

from prorata.alerts.facts import Stood
from prorata.alerts.outbox import NO_HASH, Finding, Outbox, State
from prorata.alerts.rules import AbsentRule, digest_of_rule

__all__ = ["watch_findings"]


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
