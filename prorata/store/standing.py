# SPDX-License-Identifier: MIT
"""How a ledger stands: how far each contract is read, who writes, and how large it is."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from prorata.store import schema
from prorata.store.asof import FollowedAsset
from prorata.store.database import SCHEMA, Database
from prorata.store.lease import lives, shown

__all__ = ["SourceStanding", "Standing", "read_sources", "read_standing"]


@dataclass(frozen=True)
class SourceStanding:
    """A contract that an asset's ledger is made of; `stopped` is why it is not read on."""

    address: str
    kind: str
    ours: bool
    first_block: int
    done_to: int
    stopped: str | None


@dataclass(frozen=True)
class Standing:
    """Where the ledger of an asset stands.

    `head` is the newest block that the writer has seen, at `head_time`; `writer` is None while
    nobody writes, and `silent_seconds` since when whoever does has given no sign of life.
    """

    database: str
    epoch: str
    changes: int
    undone: int
    head: int
    head_time: int
    final: int
    verified_to: int
    writer: str | None
    silent_seconds: int
    size: int
    sources: tuple[SourceStanding, ...]

    @property
    def done_to(self) -> int:
        """The block to which the asset answers."""
        return min((source.done_to for source in self.sources), default=0)

    @property
    def stopped(self) -> bool:
        """Whether a contract is not read on."""
        return any(source.stopped is not None for source in self.sources)


def read_standing(database: Database, connection: Connection, asset: FollowedAsset) -> Standing:
    """Where an asset stands in a snapshot."""
    chain = connection.execute(select(schema.chain).where(schema.chain.c.id == asset.chain)).one()
    writes = chain.writer is not None and lives(chain.writer, chain.beat)
    writer = shown(chain.writer) if writes else None
    return Standing(
        database=database.name,
        epoch=chain.epoch,
        changes=chain.seq,
        undone=chain.undone,
        head=chain.head,
        head_time=chain.head_time,
        final=chain.final,
        verified_to=chain.verified_to,
        writer=writer,
        silent_seconds=0 if writer is None else max(0, int(time.time()) - chain.beat),
        size=_size(connection),
        sources=tuple(read_sources(connection, asset)),
    )


def read_sources(connection: Connection, asset: FollowedAsset) -> list[SourceStanding]:
    """The contracts that serve an asset, in the order in which they were added."""
    source, serving = schema.source, schema.source_asset
    wanted = (
        select(source)
        .join(serving, serving.c.source == source.c.id)
        .where(serving.c.asset == asset.id)
        .order_by(source.c.id)
    )
    return [
        SourceStanding(
            row.address, row.kind, bool(row.ours), row.first_block, row.done_to, row.stopped
        )
        for row in connection.execute(wanted)
    ]


def _size(connection: Connection) -> int:
    """Bytes of all tables and indexes."""
    if connection.dialect.name == "sqlite":
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    sized = text(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :name AND c.relkind = 'r'"
    )
    return int(connection.execute(sized, {"name": SCHEMA}).scalar_one() or 0)
