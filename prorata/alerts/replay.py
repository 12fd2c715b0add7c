# SPDX-License-Identifier: MIT
"""Plays rules over what has been: the same judgement, an outbox in memory, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import select

from prorata.alerts.absences import moment_findings
from prorata.alerts.facts import Facts, Moment
from prorata.alerts.judging import event_findings
from prorata.alerts.mark_thresholds import Marks, mark_threshold
from prorata.alerts.outbox import Finding, Outbox
from prorata.alerts.rules import OF_NOW, AbsentRule, EventRule, Rule, ThresholdRule
from prorata.alerts.thresholds import threshold
from prorata.errors import InputError
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.outbox_schema import METADATA, alert

__all__ = ["Replayed", "replay"]


@dataclass(frozen=True)
class Replayed:
    """What the rules would have told, and which of them only the present can answer."""

    alerts: tuple[dict[str, Any], ...]
    blocks: int
    until: int
    not_played: tuple[str, ...]
    not_followed: tuple[str, ...]


def replay(
    database: Database,
    chain_id: int,
    genesis: str,
    rules: Sequence[Rule],
    *,
    first: int,
    marks: Marks | None = None,
) -> Replayed:
    """Play rules over the final blocks with an event, from `first` on.

    Whether a node was behind is in no block; whether a NAV was old is asked at blocks only.

    Raises: StoreError; InputError for a block that is not final yet.
    """
    kept = sqlalchemy.create_engine("sqlite://")
    METADATA.create_all(kept)
    # They are asked for at each block, and are all of now.
    known = None if marks is None else cache(marks)
    played = [rule for rule in rules if not _is_of_now(rule)]
    with database.snapshot() as connection, kept.begin() as memory:
        facts = Facts(connection, chain_id, genesis)
        stood = facts.stood()
        if first > stood.final:
            fault = f"is after the last final block, {stood.final:,}"
            raise InputError.of("from", first, fault, "name an earlier one")
        outbox = Outbox(memory, f"{chain_id}:{genesis}")
        b = schema.block.c
        asked = select(b.number, b.hash, b.time).where(
            b.chain == facts.chain, b.number >= first, b.number <= stood.final
        )
        blocks = connection.execute(asked.order_by(b.number)).all()
        begun_at = blocks[0].time if blocks else stood.final_time
        moments = [Moment(row.number, row.hash, row.time, begun_at) for row in blocks]
        moments.append(Moment(stood.final, stood.final_hash, stood.final_time, begun_at))
        for at in moments:
            for rule in played:
                last = at is moments[-1]
                outbox.decide(_found(facts, outbox, rule, at, known, last=last))
        c = alert.c
        told = memory.execute(select(c.body).order_by(c.time, c.block, c.id))
        alerts = tuple(json.loads(row.body)["data"] for row in told)
    kept.dispose()
    left = tuple(rule.name for rule in rules if _is_of_now(rule))
    followed = (None, *facts.tokens.values())
    unknown = tuple(rule.name for rule in rules if rule.token not in followed)
    return Replayed(alerts, len(blocks), stood.final, left, unknown)


def _is_of_now(rule: Rule) -> bool:
    return isinstance(rule, AbsentRule) and rule.what in OF_NOW


def _found(
    facts: Facts, outbox: Outbox, rule: Rule, at: Moment, marks: Marks | None, *, last: bool
) -> list[Finding]:
    if isinstance(rule, EventRule):
        if last:
            return []
        return list(
            event_findings(facts, rule, at.block, at.hash, at.time, live=False, settled=True)
        )
    tokens = rule.among(facts.tokens.values())
    if isinstance(rule, ThresholdRule) and rule.by_marks:
        if marks is None or not last:
            return []
        return [f for one in tokens for f in mark_threshold(outbox, rule, one, at, marks(one))]
    if isinstance(rule, ThresholdRule):
        return [f for token in tokens for f in threshold(facts, outbox, rule, token, at)]
    return [f for token in tokens for f in moment_findings(facts, rule, token, at, marks)]
