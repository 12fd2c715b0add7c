# SPDX-License-Identifier: MIT
"""A ledger derived anew from the log that it holds, without asking a node.

It is made beside the old one and takes its place in one step, so that readers find the one or the
other. Its epoch is another: who follows its changes begins again.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy
from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
    RowMapping,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.schema import DropSchema

from prorata.chain.encoding import hex_of
from prorata.store import bulk, outbox_schema, schema
from prorata.store.database import BUSY_SECONDS, SCHEMA, Database, schema_digest
from prorata.store.pages import Header, Page, split_words
from prorata.store.writer import Writer

__all__ = ["derive", "rebuild"]

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many logs of how many are done."""

BESIDE = f"{SCHEMA}_new"
REPLACED = f"{SCHEMA}_old"
A_PAGE = 50_000


def rebuild(place: str, *, progress: Progress | None = None) -> None:
    """Derive the ledger at `place` anew, whatever version made it.

    What a contract's events cannot be followed into is dropped from there on, and asked of the node
    again by the next `follow`.

    Raises: StoreError when a writer is at work, or the database cannot be read or written; the old
        ledger then stands.
    """
    with ExitStack() as stack:
        old = stack.enter_context(closing(Database.open(place, any_version=True)))
        c = schema.chain.c
        with old.snapshot() as connection:
            chains = connection.execute(select(c.chain_id, c.genesis).order_by(c.id)).all()
        for chain_id, genesis in chains:
            held = Writer.take(old, chain_id, genesis, who="prorata ledger rebuild")
            stack.callback(held.release)
        with _beside(old, place) as new, old.snapshot() as connection:
            total = connection.scalar(select(func.count()).select_from(schema.log)) or 0
            told = progress or (lambda _, __: None)
            done = 0
            for row in connection.execute(select(schema.chain).order_by(c.id)).mappings().all():
                for count in derive(connection, new, row):
                    done += count
                    told(done, total)
            _copy_outbox(connection, new)
        _replace(old)


# ------------------------------------------------------------------------------------- deriving


def derive(kept: Connection, new: Database, chain: RowMapping) -> Iterator[int]:
    """Fill one chain; how many logs each page had."""
    cursors = _copy_places(kept, new, chain)
    writer = Writer.take(new, chain["chain_id"], chain["genesis"], who="prorata ledger rebuild")
    for logs in _pages(kept, chain["id"]):
        sources = {s.id: s for s in writer.sources() if s.stopped is None}
        wanted = [_entry(row, sources[row.source].address) for row in logs if row.source in sources]
        if wanted:
            after = next(iter(sources.values())).done_to
            until = logs[-1].block
            headers = _headers(kept, chain["id"], after, until)
            writer.commit(Page(tuple(sources.values()), after, until, wanted, headers))
        yield len(logs)
    s = schema.source.c
    with new.writing() as connection:
        for number, done_to in cursors.items():
            going = update(schema.source).where(s.id == number, s.stopped.is_(None))
            connection.execute(going.values(done_to=done_to))
    writer.release()


def _copy_places(kept: Connection, new: Database, chain: RowMapping) -> Mapping[int, int]:
    """Everything that is no event: chain, assets, sources, blocks. Where each source stood."""
    s = schema.source.c
    sources = kept.execute(select(schema.source).where(s.chain == chain["id"])).mappings().all()
    start = min((row["first_block"] for row in sources), default=1) - 1
    places: Mapping[str, Any] = {
        **chain,
        "epoch": uuid.uuid4().hex,
        "seq": 0,
        "undone": 0,
        "writer": None,
        "beat": 0,
        "schema": schema_digest(),
    }
    assets = select(schema.asset).where(schema.asset.c.chain == chain["id"])
    with new.writing() as connection:
        connection.execute(insert(schema.chain).values(**places))
        for row in kept.execute(assets).mappings():
            connection.execute(insert(schema.asset).values(**row))
        for row in sources:
            begun = {**row, "done_to": start, "stopped": None}
            connection.execute(insert(schema.source).values(**begun))
        numbers = [row["id"] for row in sources]
        served = select(schema.source_asset).where(schema.source_asset.c.source.in_(numbers))
        for row in kept.execute(served).mappings():
            connection.execute(insert(schema.source_asset).values(**row))
        b = schema.block.c
        columns = [
            type_coerce(column, LargeBinary) if column.name in ("hash", "parent") else column
            for column in b
        ]
        blocks = select(*columns).where(b.chain == chain["id"]).order_by(b.number)
        bulk.insert(connection, schema.block, map(tuple, kept.execute(blocks)))
    return {row["id"]: row["done_to"] for row in sources}


def _copy_outbox(kept: Connection, new: Database) -> None:
    """What was decided and is to be delivered: no log says it."""
    there = set(sqlalchemy.inspect(kept).get_table_names())
    if not there >= set(outbox_schema.METADATA.tables):
        return
    with new.writing() as connection:
        outbox_schema.METADATA.create_all(connection)
        for table in outbox_schema.METADATA.sorted_tables:
            rows = kept.execute(select(*table.columns))
            bulk.insert(connection, table, map(tuple, rows))


def _pages(kept: Connection, chain: int) -> Iterator[list[Row[Any]]]:
    """The kept log in whole blocks, so many at once as one transaction takes."""
    g = schema.log.c
    after = -1
    while True:
        rows = (
            select(g.block, g.log_index, g.source, _hash, g.topics, g.data)
            .where(g.chain == chain, g.block > after)
            .order_by(g.block, g.log_index)
        )
        found = list(kept.execute(rows.limit(A_PAGE)))
        if not found:
            return
        after = found[-1].block
        if len(found) == A_PAGE:
            # The rest of the last block.
            rest = rows.where(g.block == after, g.log_index > found[-1].log_index)
            found += kept.execute(rest)
        yield found


_hash = type_coerce(schema.log.c.transaction_hash, LargeBinary).label("transaction_hash")


def _entry(row: Row[Any], address: str) -> dict[str, Any]:
    """The log as a node gave it."""
    return {
        "address": address.lower(),
        "topics": [hex_of(topic) for topic in split_words(row.topics)],
        "data": hex_of(row.data),
        "blockNumber": hex(row.block),
        "transactionHash": hex_of(row.transaction_hash),
        "logIndex": hex(row.log_index),
    }


def _headers(kept: Connection, chain: int, after: int, until: int) -> dict[int, Header]:
    b = schema.block.c
    asked = select(b.number, type_coerce(b.hash, LargeBinary), b.time).where(
        b.chain == chain, b.number > after, b.number <= until
    )
    return {row[0]: Header(*row) for row in kept.execute(asked)}


# ---------------------------------------------------------------------- beside, and in its place


@contextmanager
def _beside(old: Database, place: str) -> Iterator[Database]:
    """An empty database to fill; what an earlier attempt has left is removed."""
    if old.dialect == "sqlite":
        path = _new_file(old)
        _remove(path)
        with closing(Database.open(str(path), create=True)) as new:
            yield new
        return
    with old.writing() as connection:
        connection.execute(DropSchema(BESIDE, cascade=True, if_exists=True))
    with closing(Database.open(place, create=True, schema=BESIDE)) as new:
        yield new


def _replace(old: Database) -> None:
    """Put the new one in the old one's place, in one transaction."""
    if old.dialect == "sqlite":
        path = _new_file(old)
        # By SQLite's own copy: a file put over one that readers have open would take its log of
        # writes for its own.
        with (
            old.refusals(),
            closing(sqlite3.connect(path)) as new,
            closing(sqlite3.connect(old.name, timeout=BUSY_SECONDS)) as there,
        ):
            new.backup(there)
        _remove(path)
        return
    with old.writing() as connection:
        connection.execute(DropSchema(REPLACED, cascade=True, if_exists=True))
        connection.execute(text(f"ALTER SCHEMA {SCHEMA} RENAME TO {REPLACED}"))
        connection.execute(text(f"ALTER SCHEMA {BESIDE} RENAME TO {SCHEMA}"))
    with old.writing() as connection:
        connection.execute(DropSchema(REPLACED, cascade=True))


def _new_file(old: Database) -> Path:
    path = Path(old.name)
    return path.with_name(f"{path.name}.new")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
