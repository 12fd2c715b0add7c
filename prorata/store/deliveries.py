# SPDX-License-Identifier: MIT
"""What became of the messages to one receiver, the newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, inspect, or_, select

from prorata.store.outbox_schema import alert, alert_delivery

__all__ = ["Delivery", "deliveries_to"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a receiver. `due` is None where no attempt is to come."""

    id: str
    kind: str
    rule: str
    severity: str
    asset: str
    decided_at: int
    state: str
    attempts: int
    due: int | None
    ended_at: int | None
    said: str

    @property
    def place(self) -> str:
        """Where it stands in the list."""
        return f"{self.decided_at}:{self.id}"


def deliveries_to(
    connection: Connection, receiver: str, *, after: str | None = None, most: int = 500
) -> list[Delivery]:
    """The messages to a receiver behind a `place`, or from the newest on."""
    if not inspect(connection).has_table(alert_delivery.name):
        return []
    a, d = alert.c, alert_delivery.c
    wanted = (
        select(
            a.id, a.kind, a.name, a.severity, a.asset, a.decided_at,
            d.state, d.attempts, d.due, d.ended_at, d.said,
        )
        .join(alert_delivery, d.alert == a.id)
        .where(d.receiver == receiver)
        .order_by(a.decided_at.desc(), a.id.desc())
        .limit(most)
    )  # fmt: skip
    if after is not None:
        second, _, id_ = after.partition(":")
        older = and_(a.decided_at == int(second), a.id < id_)
        wanted = wanted.where(or_(a.decided_at < int(second), older))
    return [
        Delivery(
            row.id, row.kind, row.name, row.severity, row.asset, row.decided_at, row.state,
            row.attempts, row.due if row.ended_at is None else None, row.ended_at, row.said,
        )
        for row in connection.execute(wanted)
    ]  # fmt: skip
