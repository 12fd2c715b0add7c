# SPDX-License-Identifier: MIT
"""The outbox: alerts that were decided, each once, and to whom they are still to be delivered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, select, text, update

from prorata.alerts.facts import Stood
from prorata.alerts.rules import SEVERITIES, Rule, digest_of_rule
from prorata.store.database import Database
from prorata.store.outbox_schema import (
    METADATA,
    alert,
    alert_cursor,
    alert_delivery,
    alert_state,
)

__all__ = [
    "Addressee",
    "Finding",
    "Outbox",
    "Quiet",
    "State",
    "alone",
    "listed_alerts",
    "plain",
    "prepare",
]

NO_HASH = ""


def prepare(database: Database) -> None:
    """Make the outbox's tables where they are missing.

    Raises: StoreError when the database refuses.
    """
    with database.refusals():
        METADATA.create_all(database.engine)


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
    """Somebody who is told of alerts that are at least so severe."""

    name: str
    least: str = SEVERITIES[0]

    def wants(self, severity: str) -> bool:
        """Whether it is severe enough."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.least)


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
    """The outbox of one chain, in one transaction."""

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
                deliveries += self._deliveries(row["id"], finding.rule.severity)
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
            "time": _iso(finding.time),
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
            "body": _body("alert", id_, self.now, data),
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

    def _deliveries(self, id_: str, severity: str) -> Iterable[dict[str, Any]]:
        for one in self.addressees:
            if one.wants(severity):
                yield _delivery(id_, one.name, self.now)

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
            "body": _body("alert.withdrawn", own, self.now, {"withdraws": id_, **said}),
        }
        self.connection.execute(insert(alert), row)
        d = alert_delivery.c
        tried = self.connection.scalars(
            select(d.receiver).where(d.alert == id_, d.attempts > 0).order_by(d.receiver)
        ).all()
        ended = {"state": "cancelled", "claim": None, "ended_at": self.now}
        open_ = and_(d.alert == id_, d.state.in_(("pending", "claimed")))
        self.connection.execute(update(alert_delivery).where(open_).values(**ended))
        for receiver in tried:
            self.connection.execute(insert(alert_delivery), _delivery(own, receiver, self.now))

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


def _delivery(id_: str, receiver: str, due: int) -> dict[str, Any]:
    return {
        "alert": id_,
        "receiver": receiver,
        "state": "pending",
        "attempts": 0,
        "due": due,
        "claim": None,
        "claimed_until": 0,
        "said": "",
        "ended_at": None,
    }


def _body(kind: str, id_: str, now: int, data: Mapping[str, Any]) -> str:
    said = {"type": kind, "id": id_, "timestamp": _iso(now), "data": data}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)


def plain(value: Any) -> Any:
    """As JSON has it. Integers of any size are text: readers of JSON would round some."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value if isinstance(value, str | bool) else str(value)


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, tz=timezone.utc).isoformat().replace("+00:00", "Z")


def listed_alerts(database: Database, chain: str, *, dead: bool = False) -> list[dict[str, Any]]:
    """What was decided, the newest first, each with what became of its deliveries.

    Raises: StoreError when the database refuses.
    """
    prepare(database)
    a, d = alert.c, alert_delivery.c
    with database.snapshot() as connection:
        asked = select(alert).where(a.chain == chain).order_by(a.decided_at.desc(), a.id)
        rows = connection.execute(asked).all()
        states: dict[str, list[dict[str, Any]]] = {}
        joined = select(alert_delivery).join(alert, a.id == d.alert).where(a.chain == chain)
        for row in connection.execute(joined.order_by(d.receiver)):
            told = {"receiver": row.receiver, "state": row.state, "attempts": row.attempts}
            states.setdefault(row.alert, []).append({**told, "said": row.said})
    found = [
        {
            "id": row.id,
            "kind": row.kind,
            "withdraws": row.parent,
            "rule": row.name,
            "severity": row.severity,
            "asset": row.asset or None,
            "block": row.block,
            "time": row.time,
            "silenced": bool(row.silenced),
            "facts": json.loads(row.body)["data"]["facts"],
            "deliveries": states.get(row.id, []),
        }
        for row in rows
    ]
    if not dead:
        return found
    return [one for one in found if any(each["state"] == "dead" for each in one["deliveries"])]
