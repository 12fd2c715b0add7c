# SPDX-License-Identifier: MIT
"""Digests: what waits for a receiver is one message, when the time for it is over.

A digest is a message of its own, written down with all that is in it: so it is tried again and
given up as any other, with the same id and the same words. What was withdrawn before is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from prorata.alerts.messages import body_of, delivery
from prorata.alerts.outbox import NO_HASH
from prorata.alerts.rules import SEVERITIES
from prorata.store.outbox_schema import alert, alert_delivery
from prorata.values.words import counted

__all__ = ["MOST", "gather"]

MOST = 500
"""Alerts in one digest; more of them are in several."""

SAID = ("rule", "says", "severity", "asset", "block", "time")


def gather(connection: Connection, receivers: Collection[str], now: int) -> None:
    """Make the digests that are due."""
    d = alert_delivery.c
    waiting = and_(d.state == "waiting", d.due <= now, d.receiver.in_(receivers))
    asked = (
        select(d.receiver, d.due, alert)
        .join(alert, alert.c.id == d.alert)
        .where(waiting)
        .order_by(alert.c.decided_at, alert.c.id)
    )
    groups: dict[tuple[str, int, str], list[Any]] = {}
    for row in connection.execute(asked):
        groups.setdefault((row.receiver, row.due, row.chain), []).append(row)
    for key, rows in groups.items():
        for at in range(0, len(rows), MOST):
            _write(connection, key, rows[at : at + MOST], now)


def _write(
    connection: Connection, key: tuple[str, int, str], rows: Sequence[Any], now: int
) -> None:
    receiver, _, chain = key
    ids = [row.id for row in rows]
    base = hashlib.sha256(json.dumps([key, ids]).encode()).hexdigest()
    own = f"digest_{base[:40]}"
    severity = max((row.severity for row in rows), key=SEVERITIES.index)
    listed = [{"id": row.id, **_said(row)} for row in rows]
    data = {"says": counted(len(rows), "alert"), "severity": severity, "alerts": listed}
    row = {
        "id": own, "chain": chain, "base": base, "life": 0, "kind": "digest", "parent": None,
        "rule": "", "name": "digest", "severity": severity, "asset": "", "hash": NO_HASH,
        "block": max(row.block for row in rows), "time": max(row.time for row in rows),
        "decided_at": now, "silenced": 0, "settled": 1,
        "body": body_of("alerts.digest", own, now, {**data, "facts": {}}),
    }  # fmt: skip
    connection.execute(insert(alert), row)
    d = alert_delivery.c
    # It counts as an attempt: who has the digest hears of a withdrawal.
    ended = {"state": "gathered", "attempts": 1, "said": own, "ended_at": now}
    mine = and_(d.receiver == receiver, d.alert.in_(ids))
    connection.execute(update(alert_delivery).where(mine).values(**ended))
    connection.execute(insert(alert_delivery), delivery(own, receiver, now))


def _said(row: Any) -> dict[str, Any]:
    data = json.loads(row.body)["data"]
    return {name: data[name] for name in SAID}
