# SPDX-License-Identifier: MIT
"""What a rule finds missing of an asset at a moment; what is not known, it does not find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prorata.alerts.facts import Facts, Moment
from prorata.alerts.outbox import NO_HASH, Finding
from prorata.alerts.rules import AbsentRule

__all__ = ["Navs", "moment_findings"]

Navs = Callable[[str], Sequence[tuple[str, int]]]
"""The marks of the kind NAV of an asset: id and time of each, in the order of time."""


def moment_findings(
    facts: Facts, rule: AbsentRule, token: str, at: Moment, navs: Navs | None
) -> Iterator[Finding]:
    """What a rule finds missing of an asset at a moment; what is not known, it does not find."""
    if rule.what == "nav":
        yield from _old_nav(rule, token, at, navs)
    elif facts.complete_to(token, at.block):
        find = {"record-close": _closing, "lost-wallet-role": _kept_roles}.get(rule.what, _unpaid)
        yield from find(facts, rule, token, at)


def _closing(facts: Facts, rule: AbsentRule, token: str, at: Moment) -> Iterator[Finding]:
    records = facts.records(token, at.block)
    hashes = facts.current([block for _, _, block in records])
    for number, closes_at, block in records:
        if closes_at - (rule.within or 0) <= at.time < closes_at:
            told = {"record": number, "closes_at": closes_at}
            hashed = hashes[block][0]
            yield Finding(rule, token, block, hashed, at.time, f"record:{number}", told)


def _unpaid(facts: Facts, rule: AbsentRule, token: str, at: Moment) -> Iterator[Finding]:
    """Only of deadlines that passed after the rule began."""
    declared = facts.declared(token, at.block)
    if rule.by is not None and rule.since is not None:
        deadline = rule.by + rule.grace
        if at.begun_at <= deadline < at.time and not any(
            rule.since <= time <= deadline for _, time in declared
        ):
            told = {"since": rule.since, "by": rule.by}
            yield Finding(rule, token, at.block, NO_HASH, deadline, f"by:{rule.by}", told)
        return
    records = facts.records(token, at.block)
    hashes = facts.current([block for _, _, block in records])
    for number, closes_at, block in records:
        deadline = closes_at + (rule.within or 0) + rule.grace
        paid = any(record == number and time <= deadline for record, time in declared)
        if at.begun_at <= deadline < at.time and not paid:
            told = {"record": number, "closed_at": closes_at, "by": deadline}
            hashed = hashes[block][0]
            yield Finding(rule, token, block, hashed, deadline, f"record:{number}", told)


def _old_nav(rule: AbsentRule, token: str, at: Moment, navs: Navs | None) -> Iterator[Finding]:
    """Without any mark, the time counts from the rule's beginning."""
    if navs is None:
        return
    marks = [(time, id_) for id_, time in navs(token) if time <= at.time]
    since, id_ = max(marks, default=(at.begun_at, "none"))
    if at.time > since + (rule.older_than or 0) + rule.grace:
        told = {"nav_at": since if marks else None, "mark": id_}
        yield Finding(rule, token, at.block, NO_HASH, at.time, f"mark:{id_}", told)


def _kept_roles(facts: Facts, rule: AbsentRule, token: str, at: Moment) -> Iterator[Finding]:
    losses = facts.losses(token, at.block)
    if not losses:
        return
    powers = facts.powers(token, (at.block + 1, -1))
    for lost, block, hashed, time in losses:
        if at.time <= time + (rule.within or 0) + rule.grace:
            continue
        for (contract, role), holders in sorted(powers.items()):
            if lost in holders:
                told = {"wallet": lost, "contract": contract, "role": role, "lost_at": time}
                subject = f"role:{role}:{contract}:{lost}"
                yield Finding(rule, token, block, hashed, at.time, subject, told)
