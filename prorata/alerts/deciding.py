# SPDX-License-Identifier: MIT
"""Decides what is to be told: every change once, in order, from a cursor of each rule's own.

An alert, its deliveries and the cursor are one transaction: so a kill between any two of them is
as if it had not begun. A rule decides at finality, or at the head, where what a reorganisation
takes back is withdrawn by a message of its own. A new rule begins now, and what was history when
its contract was added alarms nobody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from prorata.alerts.absences import moment_findings
from prorata.alerts.facts import Facts, Moment, Stood
from prorata.alerts.judging import event_findings
from prorata.alerts.mark_thresholds import Marks, mark_threshold
from prorata.alerts.outbox import Addressee, Finding, Outbox, Quiet, alone, prepare
from prorata.alerts.rules import (
    OF_NOW,
    AbsentRule,
    EventRule,
    Rule,
    ThresholdRule,
    digest_of_rule,
)
from prorata.alerts.thresholds import threshold
from prorata.alerts.watches import Drifts, Looked, drift_findings, to_look, watch_findings
from prorata.store import schema
from prorata.store.database import Database

__all__ = ["Decided", "Decider"]

PAGE = 1_000


@dataclass
class Decided:
    """What a step has decided."""

    alerts: int = 0
    withdrawals: int = 0
    begun: list[str] = field(default_factory=list)
    # Rules of a token that the ledger does not have.
    not_followed: list[str] = field(default_factory=list)


@dataclass
class Decider:
    """Decides for one chain of a ledger; whoever runs two of them decides nothing twice."""

    database: Database
    chain_id: int
    genesis: str
    rules: Sequence[Rule]
    addressees: Sequence[Addressee] = ()
    quiets: Callable[[], Sequence[Quiet]] = tuple
    marks: Marks | None = None
    drifts: Drifts | None = None
    clock: Callable[[], float] = time.time
    page: int = PAGE

    def __post_init__(self) -> None:
        prepare(self.database)

    def step(self) -> Decided:
        """Decide all that there is to decide.

        Raises: StoreError.
        """
        decided, quiets = Decided(), self.quiets()
        self._withdraw(decided, quiets)
        looked = self._look(quiets)
        for rule in self.rules:
            while self._step_rule(rule, decided, quiets, looked.get(rule.name)):
                pass
        return decided

    def _look(self, quiets: Sequence[Quiet]) -> dict[str, Looked]:
        """Ask for drift, if a rule is due: once for all of them, and in no transaction."""
        rules = [one for one in self.rules if isinstance(one, AbsentRule) and one.what == "drift"]
        if self.drifts is None or not rules:
            return {}
        with self._open(quiets) as (_, outbox, _):
            states = {rule.name: to_look(outbox, rule) for rule in rules}
        due = {name: state for name, state in states.items() if state is not None}
        found = self.drifts() if due else None
        return {} if found is None else {name: Looked(due[name], *found) for name in due}

    @contextmanager
    def _open(self, quiets: Sequence[Quiet]) -> Iterator[tuple[Facts, Outbox, Stood]]:
        with self.database.writing() as connection:
            alone(connection)
            facts = Facts(connection, self.chain_id, self.genesis)
            chain = f"{self.chain_id}:{self.genesis}"
            now = int(self.clock())
            yield facts, Outbox(connection, chain, self.addressees, quiets, now), facts.stood()

    def _withdraw(self, decided: Decided, quiets: Sequence[Quiet]) -> None:
        """First of all, and whatever the rules are now: what was told may no longer be so."""
        with self._open(quiets) as (facts, outbox, stood):
            unsettled = outbox.unsettled()
            current = facts.current(sorted({block for _, block, _ in unsettled}))
            final = []
            for id_, block, hashed in unsettled:
                if current.get(block, ("",))[0] != hashed:
                    outbox.withdraw(id_)
                    decided.withdrawals += 1
                elif block <= stood.final:
                    final.append(id_)
            outbox.settle(final)

    def _step_rule(
        self, rule: Rule, decided: Decided, quiets: Sequence[Quiet], looked: Looked | None
    ) -> bool:
        """One transaction; whether there is more."""
        with self._open(quiets) as (facts, outbox, stood):
            digest = digest_of_rule(rule)
            cursor = outbox.cursor(digest)
            if cursor is None:
                outbox.begin(digest, stood, facts.with_events(stood.final + 1))
                decided.begun.append(rule.name)
                cursor = outbox.cursor(digest)
            elif cursor.epoch != stood.epoch:
                # The changes have other numbers: look at all since the rule began. What was
                # decided is known by its key.
                again = {"epoch": stood.epoch, "seq": 0}
                if isinstance(rule, ThresholdRule):
                    # Where it stands is kept, and was found in what is final.
                    again["begun_final"] = cursor.judged
                outbox.advance(digest, **again)
                cursor = outbox.cursor(digest)
            if rule.token not in (None, *facts.tokens.values()):
                decided.not_followed.append(rule.name)
                return False
            more = False
            if isinstance(rule, EventRule) or (
                isinstance(rule, ThresholdRule) and not rule.by_marks
            ):
                given, more = self._follow(facts, outbox, rule, cursor=cursor, stood=stood)
                decided.alerts += given
            if not more:
                at = Moment(stood.final, stood.final_hash, stood.final_time, cursor.begun_at)
                found = self._at_moment(facts, outbox, rule, at, stood)
                if looked is not None and isinstance(rule, AbsentRule):
                    found += drift_findings(outbox, rule, looked)
                decided.alerts += outbox.decide(found)
                if cursor.judged != stood.final:
                    outbox.advance(digest, judged=stood.final)
            return more

    def _at_moment(
        self, facts: Facts, outbox: Outbox, rule: Rule, at: Moment, stood: Stood
    ) -> list[Finding]:
        tokens = rule.among(facts.tokens.values())
        if isinstance(rule, ThresholdRule) and rule.by_marks:
            given = [] if self.marks is None else [(token, self.marks(token)) for token in tokens]
            return [f for of in given for f in mark_threshold(outbox, rule, of[0], at, of[1])]
        if isinstance(rule, ThresholdRule):
            return [f for token in tokens for f in threshold(facts, outbox, rule, token, at)]
        if not isinstance(rule, AbsentRule) or rule.what == "drift":
            return []
        if rule.what in OF_NOW:
            return list(watch_findings(outbox, rule, stood))
        return [f for token in tokens for f in moment_findings(facts, rule, token, at, self.marks)]

    def _follow(
        self,
        facts: Facts,
        outbox: Outbox,
        rule: EventRule | ThresholdRule,
        *,
        cursor: Any,
        stood: Stood,
    ) -> tuple[int, bool]:
        """A page of changes: how many alerts, and whether there may be another page."""
        c = schema.change.c
        asked = (
            select(c.seq, c.kind, c.block, c.hash, c.historic)
            .where(c.chain == facts.chain, c.seq > cursor.seq)
            .order_by(c.seq)
            .limit(self.page)
        )
        rows = facts.connection.execute(asked).all()
        current = facts.current(sorted({row.block for row in rows}))
        at_head = isinstance(rule, EventRule) and rule.decided_at == "head"
        done, found = cursor.seq, list[Finding]()
        begun_with = frozenset(json.loads(cursor.begun_hashes))
        stopped = False
        for row in rows:
            hashed, when = current.get(row.block, ("", 0))
            if row.kind == "block" and hashed == row.hash:
                if row.block > stood.final and not at_head:
                    stopped = True
                    break
                old = row.block <= cursor.begun_final or row.hash in begun_with
                if not (old or row.historic):
                    at = Moment(row.block, hashed, when, cursor.begun_at)
                    found += _of_block(facts, outbox, rule, at, stood.final, live=True)
            done = row.seq
        given = outbox.decide(found)
        if done != cursor.seq:
            outbox.advance(cursor.rule, seq=done)
        return given, not stopped and len(rows) == self.page


def _of_block(
    facts: Facts,
    outbox: Outbox,
    rule: EventRule | ThresholdRule,
    at: Moment,
    final: int,
    *,
    live: bool,
) -> list[Finding]:
    if isinstance(rule, EventRule):
        settled = at.block <= final
        return list(
            event_findings(facts, rule, at.block, at.hash, at.time, live=live, settled=settled)
        )
    tokens = rule.among(facts.tokens.values())
    return [f for token in tokens for f in threshold(facts, outbox, rule, token, at)]
