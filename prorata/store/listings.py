# SPDX-License-Identifier: MIT
"""What an asset has besides holders and payments, up to a block: records, documents, alerts.

And what of each distribution has left the vault. Documents are read from the log, where the token
has said each; alerts are what was decided (`prorata.alerts`), and are none before anybody decided.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, inspect, or_, select

from prorata.store import schema
from prorata.store.asof import amount_reader, unread
from prorata.store.log_events import stored_events
from prorata.store.outbox_schema import alert

__all__ = [
    "DocumentSet",
    "Outgoing",
    "RecordDate",
    "Told",
    "alerts_of",
    "documents",
    "outgoings",
    "record_dates",
]

TOKEN, VAULT = "ShareToken", "DividendVault"
PLACE_BITS = 22
PLACE_MASK = 2**PLACE_BITS - 1
"""An alert's place is the second of its decision, and which one of that second it is."""


@dataclass(frozen=True, slots=True)
class RecordDate:
    """A record date; `cancelled_in` is the block in which it was cancelled."""

    number: int
    closes_at: int
    block: int
    cancelled_in: int | None


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """A document as the token has it (ERC-1643); `hash` is empty where nobody gave one."""

    name: str
    uri: str
    hash: str
    block: int
    time: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What of a distribution was paid to holders, swept, carried into a later one, refunded."""

    paid: int = 0
    swept: int = 0
    carried: int = 0
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """An alert, or the withdrawal of one."""

    place: int
    id: str
    kind: str
    withdraws: str | None
    rule: str
    severity: str
    block: int
    time: int
    decided_at: int
    facts: Mapping[str, Any]


# ----------------------------------------------------------------------------------------- records


def record_dates(
    connection: Connection, asset: int, block: int, *, after: int = 0, most: int = 500
) -> list[RecordDate]:
    """Record dates behind a number, by number."""
    found, gone = schema.record, schema.record_cancellation
    cancelled = and_(
        gone.c.asset == found.c.asset, gone.c.number == found.c.number, gone.c.block <= block
    )
    wanted = (
        select(found.c.number, found.c.closes_at, found.c.block, gone.c.block)
        .outerjoin(gone, cancelled)
        .where(found.c.asset == asset, found.c.block <= block, found.c.number > after)
        .order_by(found.c.number)
        .limit(most)
    )
    return [RecordDate(*row) for row in connection.execute(wanted)]


# --------------------------------------------------------------------------------------- documents


def documents(connection: Connection, asset: int, block: int) -> list[DocumentSet]:
    """Every document that is set after a block, by name."""
    found: dict[bytes, DocumentSet] = {}
    names = ("DocumentUpdated", "DocumentRemoved")
    for event, time in stored_events(connection, asset, block, TOKEN, names):
        name = bytes(event.args["name"])
        if event.name == "DocumentRemoved":
            found.pop(name, None)
            continue
        hashed = bytes(event.args["documentHash"])
        found[name] = DocumentSet(
            name=name.rstrip(b"\0").decode(errors="replace"),
            uri=event.args["uri"],
            hash=f"0x{hashed.hex()}" if any(hashed) else "",
            block=event.log.block_number,
            time=time,
        )
    return [found[name] for name in sorted(found)]


# --------------------------------------------------------------------------------- what has left


def outgoings(connection: Connection, asset: int, block: int) -> dict[tuple[str, int], Outgoing]:
    """By vault and number, what of each distribution has left the vault up to a block.

    Every payment is read: amounts are added up as Python's integers.
    """
    totals: dict[tuple[str, int], dict[str, int]] = {}

    def add(vault: str, number: int, what: str, amount: int) -> None:
        total = totals.setdefault((vault, number), {})
        total[what] = total.get(what, 0) + amount

    amount_of = amount_reader(connection)
    source, serving = schema.source, schema.source_asset
    vaults = (
        select(source.c.id, source.c.address)
        .join(serving, serving.c.source == source.c.id)
        .where(serving.c.asset == asset, source.c.kind == VAULT)
    )
    for vault, address in connection.execute(vaults).all():
        paid = schema.settlement
        wanted = select(paid.c.number, unread(paid.c.gross)).where(
            paid.c.source == vault, paid.c.block <= block
        )
        for number, gross in connection.execute(wanted):
            add(address, number, "paid", amount_of(gross))
    for event, _ in stored_events(
        connection, asset, block, VAULT, ("Carried", "Refunded", "Swept")
    ):
        what = event.name.lower()
        add(event.log.address, int(event.args["id"]), what, int(event.args["amount"]))
    return {key: Outgoing(**total) for key, total in totals.items()}


# ------------------------------------------------------------------------------------------ alerts


def alerts_of(
    connection: Connection, chain: str, token: str, *, after: int = 0, most: int = 500
) -> list[Told]:
    """What was decided of an asset, in the order in which it was, behind a `place`.

    `chain` is its number and genesis, as in `31337:0x…`.
    """
    if not inspect(connection).has_table(alert.name):
        return []
    second, passed = after >> PLACE_BITS, after & PLACE_MASK
    a = alert.c
    wanted = (
        select(alert)
        .where(a.chain == chain, or_(a.asset == token, a.asset == ""), a.decided_at >= second)
        .order_by(a.decided_at, a.id)
        .limit(most + passed)
    )
    found: list[Told] = []
    count = 0
    for row in connection.execute(wanted):
        count = count + 1 if row.decided_at == second else 1
        second = row.decided_at
        place = (second << PLACE_BITS) + count
        if place > after:
            found.append(_told(row, place))
    return found[:most]


def _told(row: Any, place: int) -> Told:
    return Told(
        place=place,
        id=row.id,
        kind=row.kind,
        withdraws=row.parent,
        rule=row.name,
        severity=row.severity,
        block=row.block,
        time=row.time,
        decided_at=row.decided_at,
        facts=json.loads(row.body)["data"]["facts"],
    )
