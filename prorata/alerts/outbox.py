# SPDX-License-Identifier: MIT
"""The outbox: alerts that were decided, each once, and to whom they are still to be delivered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, and_, exists, func, insert, select, text, update

from prorata.alerts.facts import Stood
from prorata.alerts.messages import body_of, delivery
from prorata.alerts.rules import SEVERITIES, Rule, digest_of_rule
from prorata.store.database import Database
from prorata.store.outbox_schema import (
    METADATA,
    alert,
    alert_cursor,
    alert_delivery,
    alert_state,
)
from prorata.values.times import moment

__all__ = [
    "Addressee",
    "Finding",
    "Outbox",
    "Quiet",
    "State",
    "alone",
    "prepare",
]

NO_HASH = ""


def prepare(database: Database) -> None:
    """Make the outbox's tables where they are missing.

    Raises: StoreError when the database refuses.
    """
    with database.snapshot() as connection:
        there = set(sqlalchemy.inspect(connection).get_table_names())
    if not there >= {table.name for table in METADATA.sorted_tables}:
        with database.writing() as connection:
            METADATA.create_all(connection)


def alone(connection: Connection) -> None:
    """Be the only one at the outbox, and see one moment of a ledger that another process writes.

    SQLite gives nothing else.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        # Before the first query, so that what is seen is after whoever was here before.
        connection.execute(text("LOCK TABLE alert_delivery IN SHARE ROW EXCLUSIVE MODE"))


@dataclass(frozen=True)
class Addressee:
    """Somebody who is told of alerts that are at least so severe.

    With `digest`, in seconds, of those that are not critical in one message for each such time.
    With `assets`, by chain and token, of these and of nothing else.
    """

    name: str
    least: str = SEVERITIES[0]
    digest: int = 0
    assets: frozenset[tuple[int, str]] | None = None

    def wants(self, severity: str) -> bool:
        """Whether it is severe enough."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.least)

    def may_hear(self, chain_id: int, asset: str) -> bool:
        """Whether it may know of an asset; of what is of no asset, only who may know all."""
        return self.assets is None or (chain_id, asset) in self.assets


@dataclass(frozen=True)
class Quiet:
    """A rule that is silent between two seconds, for one asset or, without one, for all."""

    rule: str
    asset: str
    begins_at: int
    ends_at: int


@dataclass(frozen=True)
class Finding:
    """What a rule has found: `subject` tells it from others of the same block."""

    rule: Rule
    asset: str
    block: int
    hash: str
    time: int
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    settled: bool = True

    def base(self, chain: str) -> str:
        """The key under which it is decided once."""
        said = [chain, digest_of_rule(self.rule), self.asset, self.hash, self.subject]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass
class State:
    """Where a threshold or a watch stands; `since` is None while all is within the limit."""

    since: int | None = None
    block: int = 0
    hash: str = NO_HASH
    episode: int = 0
    told: bool = False


@dataclass
class Outbox:
    """The outbox of one chain, which is its number and its genesis, in one transaction."""

    connection: Connection
    chain: str
    addressees: Sequence[Addressee] = ()
    quiets: Sequence[Quiet] = ()
    now: int = 0

    # --------------------------------------------------------------------------------- decisions

    def decide(self, findings: Sequence[Finding]) -> int:
        """Write down what was not decided before; how many that were."""
        by_base = {finding.base(self.chain): finding for finding in findings}
        lives = self._lives(list(by_base))
        rows: list[dict[str, Any]] = []
        deliveries: list[dict[str, Any]] = []
        for base, finding in by_base.items():
            given, taken = lives.get(base, (0, 0))
            if given > taken:
                continue
            row = self._row(base, taken, finding, rows)
            rows.append(row)
            if not row["silenced"]:
                deliveries += self._deliveries(row["id"], finding)
        if rows:
            self.connection.execute(insert(alert), rows)
        if deliveries:
            self.connection.execute(insert(alert_delivery), deliveries)
        return len(rows)

    def _lives(self, bases: Sequence[str]) -> dict[str, tuple[int, int]]:
        """How often each was given, and how often it was taken back."""
        found: dict[str, list[int]] = {}
        for at in range(0, len(bases), 500):
            part = bases[at : at + 500]
            asked = (
                select(alert.c.base, alert.c.kind, func.count())
                .where(alert.c.base.in_(part))
                .group_by(alert.c.base, alert.c.kind)
            )
            for base, kind, times in self.connection.execute(asked):
                found.setdefault(base, [0, 0])[kind == "withdrawal"] = times
        return {base: (given, taken) for base, (given, taken) in found.items()}

    def _row(
        self, base: str, life: int, finding: Finding, before: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        rule = finding.rule
        id_ = "alert_" + hashlib.sha256(f"{base}/{life}".encode()).hexdigest()[:40]
        digest = digest_of_rule(rule)
        data = {
            "rule": rule.name,
            "rule_digest": digest,
            "says": rule.says,
            "severity": rule.severity,
            "asset": finding.asset or None,
            "block": finding.block,
            "block_hash": finding.hash or None,
            "time": moment(finding.time),
            "final": finding.settled,
            "facts": finding.facts,
        }
        return {
            "id": id_,
            "chain": self.chain,
            "base": base,
            "life": life,
            "kind": "alert",
            "parent": None,
            "rule": digest,
            "name": rule.name,
            "severity": rule.severity,
            "asset": finding.asset,
            "block": finding.block,
            "hash": finding.hash,
            "time": finding.time,
            "decided_at": self.now,
            "silenced": int(self._is_silenced(finding, digest, before)),
            "settled": int(finding.settled),
            "body": body_of("alert", id_, self.now, data),
        }

    def _is_silenced(
        self, finding: Finding, digest: str, before: Sequence[Mapping[str, Any]]
    ) -> bool:
        for quiet in self.quiets:
            named = quiet.rule == finding.rule.name and quiet.asset in ("", finding.asset)
            if named and quiet.begins_at <= self.now < quiet.ends_at:
                return True
        if not finding.rule.silence:
            return False
        c = alert.c
        asked = select(func.max(c.time)).where(
            c.chain == self.chain,
            c.rule == digest,
            c.asset == finding.asset,
            c.kind == "alert",
            c.silenced == 0,
        )
        last = self.connection.scalar(asked)
        here = [
            row["time"]
            for row in before
            if not row["silenced"] and (row["rule"], row["asset"]) == (digest, finding.asset)
        ]
        last = max([*here, *([] if last is None else [last])], default=None)
        return last is not None and finding.time < last + finding.rule.silence

    def times(self, rule: str, asset: str) -> list[int]:
        """Of what time each alert of a rule and an asset is."""
        c = alert.c
        asked = select(c.time).where(
            c.chain == self.chain, c.rule == rule, c.asset == asset, c.kind == "alert"
        )
        return list(self.connection.scalars(asked))

    def _deliveries(self, id_: str, finding: Finding) -> Iterable[dict[str, Any]]:
        severity, chain_id = finding.rule.severity, int(self.chain.partition(":")[0])
        is_urgent = severity == SEVERITIES[-1]
        for one in self.addressees:
            if one.wants(severity) and one.may_hear(chain_id, finding.asset):
                yield delivery(id_, one.name, self.now, 0 if is_urgent else one.digest)

    # ------------------------------------------------------------------------------- withdrawals

    def unsettled(self) -> list[tuple[str, int, str]]:
        """Id, block and hash of alerts whose block was not final."""
        c, w = alert.c, alert.alias().c
        taken = exists().where(w.parent == c.id)
        asked = (
            select(c.id, c.block, c.hash)
            .where(c.chain == self.chain, c.settled == 0, c.kind == "alert", ~taken)
            .order_by(c.block, c.id)
        )
        return [tuple(row) for row in self.connection.execute(asked)]

    def settle(self, ids: Sequence[str]) -> None:
        """Their blocks are final."""
        for at in range(0, len(ids), 500):
            part = ids[at : at + 500]
            self.connection.execute(update(alert).where(alert.c.id.in_(part)).values(settled=1))

    def withdraw(self, id_: str) -> None:
        """The cause of an alert is gone: who may have heard of it hears of that."""
        parent = self.connection.execute(select(alert).where(alert.c.id == id_)).mappings().one()
        own = "withdrawal_" + hashlib.sha256(f"withdrawal/{id_}".encode()).hexdigest()[:40]
        said = json.loads(parent["body"])["data"]
        row = {
            **parent,
            "id": own,
            "kind": "withdrawal",
            "parent": id_,
            "decided_at": self.now,
            "settled": 1,
            "body": body_of("alert.withdrawn", own, self.now, {"withdraws": id_, **said}),
        }
        self.connection.execute(insert(alert), row)
        d = alert_delivery.c
        tried = self.connection.scalars(
            select(d.receiver).where(d.alert == id_, d.attempts > 0).order_by(d.receiver)
        ).all()
        ended = {"state": "cancelled", "claim": None, "ended_at": self.now}
        open_ = and_(d.alert == id_, d.state.in_(("waiting", "pending", "claimed")))
        self.connection.execute(update(alert_delivery).where(open_).values(**ended))
        for receiver in tried:
            self.connection.execute(insert(alert_delivery), delivery(own, receiver, self.now))

    # ------------------------------------------------------------------------------------ states

    def state(self, rule: str, asset: str) -> State:
        """Where a rule stands with an asset."""
        row = self.connection.execute(select(alert_state).where(self._place(rule, asset))).first()
        if row is None:
            return State()
        return State(row.since, row.block, row.hash, row.episode, bool(row.told))

    def states(self, rule: str) -> dict[str, State]:
        """All of a rule."""
        c = alert_state.c
        asked = select(alert_state).where(c.chain == self.chain, c.rule == rule)
        return {
            row.asset: State(row.since, row.block, row.hash, row.episode, bool(row.told))
            for row in self.connection.execute(asked)
        }

    def keep(self, rule: str, asset: str, state: State) -> None:
        """Write it down."""
        values = {
            "since": state.since,
            "block": state.block,
            "hash": state.hash,
            "episode": state.episode,
            "told": int(state.told),
        }
        changed = update(alert_state).where(self._place(rule, asset)).values(**values)
        if not self.connection.execute(changed).rowcount:
            row = {"chain": self.chain, "rule": rule, "asset": asset, **values}
            self.connection.execute(insert(alert_state), row)

    def _place(self, rule: str, asset: str) -> Any:
        c = alert_state.c
        return and_(c.chain == self.chain, c.rule == rule, c.asset == asset)

    # ----------------------------------------------------------------------------------- cursors

    def cursor(self, rule: str) -> Any:
        """Where a rule's decisions stand, or None for a new one."""
        c = alert_cursor.c
        asked = select(alert_cursor).where(c.chain == self.chain, c.rule == rule)
        return self.connection.execute(asked.with_for_update()).first()

    def begin(self, rule: str, stood: Stood, history: Sequence[str]) -> None:
        """A new rule begins; `history` is the hashes of blocks that are there and not final."""
        row = {
            "chain": self.chain,
            "rule": rule,
            "epoch": stood.epoch,
            "seq": stood.seq,
            "begun_at": stood.final_time,
            "begun_final": stood.final,
            "begun_hashes": json.dumps(history),
            "judged": stood.final,
        }
        self.connection.execute(insert(alert_cursor), row)

    def advance(self, rule: str, **values: Any) -> None:
        """Move a cursor."""
        c = alert_cursor.c
        here = and_(c.chain == self.chain, c.rule == rule)
        self.connection.execute(update(alert_cursor).where(here).values(**values))

    def rules(self) -> Collection[str]:
        """The digests of all rules that have begun."""
        c = alert_cursor.c
        return set(self.connection.scalars(select(c.rule).where(c.chain == self.chain)))
