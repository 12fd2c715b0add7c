# SPDX-License-Identifier: MIT
"""What two ledgers of a chain must agree on, as one digest for each table.

Each row is told by addresses instead of a database's own numbers, and in the order of its key, so
that it does not matter how many pages a ledger was filled in, nor what was undone on the way.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    Select,
    Table,
    exists,
    select,
    type_coerce,
)

from prorata.errors import StoreError
from prorata.store import schema
from prorata.store.columns import AddressColumn, HashColumn
from prorata.store.database import Database

__all__ = ["digest_of", "digests"]

ACCOUNTS = frozenset({"account", "giver", "holder", "lost", "payee", "receiver", "successor"})
"""Columns with the number of an account."""

AT_ONCE = 10_000


def digest_of(database: Database, chain_id: int, genesis: str) -> dict[str, str]:
    """The SHA-256 of each table's rows of a chain, and of the blocks that have an event.

    Raises: StoreError when the chain is not in the database.
    """
    c = schema.chain.c
    with database.snapshot() as connection:
        chain = connection.scalar(select(c.id).where(c.chain_id == chain_id, c.genesis == genesis))
        if chain is None:
            raise StoreError(f"{database.name} has no chain {chain_id} of that genesis")
        return digests(connection, chain)


def digests(connection: Connection, chain: int) -> dict[str, str]:
    """The same of a chain by its number, in a snapshot."""
    found = {schema.block.name: _hashed(connection, _blocks(chain))}
    for table in schema.FACTS:
        found[table.name] = _hashed(connection, _facts(table, chain))
    return found


def _hashed(connection: Connection, asked: Select[Any]) -> str:
    hashed = hashlib.sha256()
    for row in connection.execution_options(yield_per=AT_ONCE).execute(asked):
        hashed.update(f"{tuple(map(_plain, row))!r}\n".encode())
    return hashed.hexdigest()


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _blocks(chain: int) -> Select[Any]:
    b, g = schema.block.c, schema.log.c
    told = exists().where(g.chain == b.chain, g.block == b.number)
    return select(b.number, _raw(b.hash), b.time).where(b.chain == chain, told).order_by(b.number)


def _facts(table: Table, chain: int) -> Select[Any]:
    """The table's rows with addresses in place of numbers, in the order of its key."""
    source: FromClause = table
    told: dict[str, ColumnElement[Any]] = {}
    of_chain: list[ColumnElement[bool]] = [table.c.chain == chain] if "chain" in table.c else []
    for column in table.columns:
        if column.name == "chain":
            continue
        if column.name in ("asset", "source"):
            owner = schema.asset if column.name == "asset" else schema.source
            source = source.join(owner, column == owner.c.id)
            of_chain.append(owner.c.chain == chain)
            told[column.name] = _raw(owner.c.token if owner is schema.asset else owner.c.address)
        elif column.name in ACCOUNTS:
            named = schema.account.alias(f"{column.name}_of")
            source = source.join(named, column == named.c.id)
            told[column.name] = _raw(named.c.address)
        else:
            told[column.name] = _raw(column)
    key = [told[column.name] for column in table.primary_key if column.name in told]
    return select(*told.values()).select_from(source).where(*of_chain).order_by(*key)


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    """Bytes as they are kept; a checksum for each would cost more than the rest."""
    kept = isinstance(column.type, AddressColumn | HashColumn)
    return type_coerce(column, LargeBinary) if kept else column
