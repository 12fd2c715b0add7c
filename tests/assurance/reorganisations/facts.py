"""The chain's facts in a ledger, as whoever has no numbers of its own reads them."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, select

from prorata.store import schema
from prorata.store.database import Database

__all__ = ["facts_of"]

NUMBERED = {"giver", "receiver", "account", "lost", "successor", "holder", "payee"}
# Whether a block was read in a range, which tells no parents, is no fact of the chain.
OWN = {"chain", "added_at", "parent"}


def facts_of(database: Database) -> dict[str, str]:
    """A digest of each table of facts and of blocks, with addresses in the place of numbers."""
    with database.snapshot() as connection:
        accounts = dict(map(tuple, _rows(connection, schema.account, "id", "address")))
        assets = dict(map(tuple, _rows(connection, schema.asset, "id", "token")))
        sources = dict(map(tuple, _rows(connection, schema.source, "id", "address")))
        found = {}
        for table in (*schema.FACTS, schema.block, schema.source):
            columns = [c.name for c in table.columns if c.name not in OWN]
            if table is schema.source:
                columns.remove("id")
            lines = []
            for row in _rows(connection, table, *columns):
                facts = dict(zip(columns, row, strict=True))
                for name, value in facts.items():
                    if name in NUMBERED:
                        facts[name] = accounts[value]
                    elif name == "asset":
                        facts[name] = assets[value]
                    elif name == "source":
                        facts[name] = sources[value]
                lines.append(repr(sorted(facts.items())))
            said = "\n".join(sorted(lines)).encode()
            found[table.name] = f"{len(lines)} {hashlib.sha256(said).hexdigest()[:16]}"
    return found


def _rows(connection: Connection, table: Any, *names: str) -> list[Any]:
    return list(connection.execute(select(*(table.c[name] for name in names))))
