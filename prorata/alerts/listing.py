# SPDX-License-Identifier: MIT
"""What was decided, and what became of its deliveries."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from prorata.alerts.outbox import prepare
from prorata.store.database import Database
from prorata.store.outbox_schema import alert, alert_delivery

__all__ = ["listed_alerts"]


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
