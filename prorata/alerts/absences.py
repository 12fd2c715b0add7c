# SPDX-License-Identifier: MIT
"""What a rule finds missing of an asset at a moment; what is not known, it does not find."""

from __future__ import annotations

from collections.abc import Iterator

from prorata.alerts.facts import Facts, Moment
from prorata.alerts.mark_thresholds import Marks
from prorata.alerts.outbox import NO_HASH, Finding
from prorata.alerts.rules import AbsentRule
from prorata.analysis.marks import MarkKind

__all__ = ["moment_findings"]


def moment_findings(
    facts: Facts, rule: AbsentRule, token: str, at: Moment, marks: Marks | None
) -> Iterator[Finding]:
    """What a rule finds missing of an asset at a moment; what is not known, it does not find."""
    if rule.what == "nav":
        yield from _old_nav(rule, token, at, marks)
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


def _old_nav(rule: AbsentRule, token: str, at: Moment, marks: Marks | None) -> Iterator[Finding]:
    """Without any mark, the time counts from the rule's beginning."""
    if marks is None:
        return
    navs = [
        (mark.time, mark.id)
        for mark in marks(token)
        if mark.kind is MarkKind.NAV and mark.time <= at.time
    ]
    since, id_ = max(navs, default=(at.begun_at, "none"))
    if at.time > since + (rule.older_than or 0) + rule.grace:
        told = {"nav_at": since if navs else None, "mark": id_}
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
