# SPDX-License-Identifier: MIT
"""What a rule says of the events of a block: the same for what comes and for what has been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prorata.alerts.facts import Contract, Facts
from prorata.alerts.outbox import Finding
from prorata.alerts.predicates import Predicate
from prorata.alerts.rules import EventRule
from prorata.chain.abi import plain
from prorata.chain.calls import Event

__all__ = ["event_findings"]


def event_findings(
    facts: Facts, rule: EventRule, number: int, hashed: str, time: int, *, live: bool, settled: bool
) -> Iterator[Finding]:
    """What a rule finds in a block."""
    for contract, event in facts.events(number, rule.event, hashed, time, live=live):
        if rule.of not in (None, contract.kind):
            continue
        tokens = _tokens(facts, contract, event)
        if rule.token is not None and rule.token not in tokens:
            continue
        if all(_is_true(facts, one, event, tokens, time) for one in rule.where):
            told = {
                "event": event.name,
                "contract": contract.address,
                "transaction": event.log.transaction_hash,
                "arguments": plain(event.args),
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
