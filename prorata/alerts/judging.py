# SPDX-License-Identifier: MIT
"""What rules say of a block, and of a moment: the same for what comes and for what has been."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.alerts.facts import Contract, Facts
from prorata.alerts.outbox import NO_HASH, Finding, Outbox, State
from prorata.alerts.rules import AbsentRule, EventRule, Predicate, ThresholdRule, digest_of_rule
from prorata.chain.calls import Event

__all__ = ["Moment", "Navs", "event_findings", "moment_findings", "node_findings", "threshold"]

Navs = Callable[[str], Sequence[tuple[str, int]]]
"""The marks of the kind NAV of an asset: id and time of each, in the order of time."""


@dataclass(frozen=True)
class Moment:
    """A time, and the last block of which all is known by then; `begun_at` is the rule's start."""

    block: int
    hash: str
    time: int
    begun_at: int


# ------------------------------------------------------------------------------------------ events


def event_findings(
    facts: Facts, rule: EventRule, number: int, hashed: str, time: int, *, live: bool, settled: bool
) -> Iterator[Finding]:
    """What a rule finds in a block."""
    for contract, event in facts.events(number, rule.event, hashed, time, live=live):
        if rule.of not in (None, contract.kind):
            continue
        tokens = _tokens(facts, contract, event)
        if all(_is_true(facts, one, event, tokens, time) for one in rule.where):
            told = {
                "event": event.name,
                "contract": contract.address,
                "transaction": event.log.transaction_hash,
                "arguments": _plain(event.args),
            }
            asset = tokens[0] if len(tokens) == 1 else ""
            subject = f"log:{event.log.log_index}"
            yield Finding(rule, asset, number, hashed, time, subject, told, settled)


def _tokens(facts: Facts, contract: Contract, event: Event) -> tuple[str, ...]:
    """The assets that an event concerns: that which it names, else all that its contract serves."""
    named = event.args.get("token")
    if named in contract.tokens:
        return (str(named),)
    if contract.address in facts.tokens.values():
        return (contract.address,)
    return contract.tokens


def _is_true(facts: Facts, one: Predicate, event: Event, tokens: Sequence[str], time: int) -> bool:
    value, operator = event.args[one.argument], one.operator
    if operator == "outside":
        place = event.log.block_number, event.log.log_index
        known = {
            who for token in tokens for had in facts.powers(token, place).values() for who in had
        }
        return value not in known
    limit = getattr(one, operator)
    if operator == "one_of":
        return _folded(value) in {_folded(other) for other in limit}
    if operator in ("equals", "differs_from"):
        return (_folded(value) == _folded(limit)) == (operator == "equals")
    if operator == "later_than":
        return bool(value > time + limit)
    compared: Mapping[str, bool] = {
        "above": value > limit,
        "at_least": value >= limit,
        "below": value < limit,
        "at_most": value <= limit,
    }
    return compared[operator]


def _folded(value: object) -> object:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value.lower() if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """As JSON has it. Integers of any size are text: readers of JSON would round some."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value if isinstance(value, str | bool) else str(value)


# -------------------------------------------------------------------------------------- thresholds


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
        yield from _lasted(rule, token, state, at.time, value)
    if state != before:
        outbox.keep(digest, token, state)


def _lasted(
    rule: ThresholdRule, token: str, state: State, now: int, value: int | None = None
) -> Iterator[Finding]:
    if state.since is None or state.told or now < state.since + rule.lasting:
        return
    state.told = True
    told: dict[str, Any] = {"value": rule.value, "since": state.since, "episode": state.episode}
    if value is not None:
        told["was"] = _plain(value)
    time = state.since + rule.lasting
    subject = f"episode:{state.episode}"
    yield Finding(rule, token, state.block, state.hash, time, subject, told)


# ---------------------------------------------------------------------------------------- absences


def moment_findings(
    facts: Facts, rule: AbsentRule, token: str, at: Moment, navs: Navs | None
) -> Iterator[Finding]:
    """What a rule finds missing of an asset at a moment; what is not known, it does not find."""
    if rule.what == "nav":
        yield from _old_nav(rule, token, at, navs)
    elif rule.what != "node" and facts.complete_to(token, at.block):
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


def node_findings(
    outbox: Outbox, rule: AbsentRule, head: int, head_time: int, now: int
) -> Iterator[Finding]:
    """By the wall clock: the newest block is too old. Told once until a new one is young enough."""
    digest = digest_of_rule(rule)
    state = outbox.state(digest, "")
    before = State(**vars(state))
    if now <= head_time + (rule.older_than or 0) + rule.grace:
        state.told, state.since = False, None
    elif not state.told:
        state.told, state.since, state.block = True, head_time, head
        state.episode += 1
        told = {"head": head, "head_time": head_time, "seconds": now - head_time}
        yield Finding(rule, "", head, NO_HASH, now, f"episode:{state.episode}", told)
    if state != before:
        outbox.keep(digest, "", state)
