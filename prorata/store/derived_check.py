# SPDX-License-Identifier: MIT
"""What follows from the stored log, derived once more beside it and compared by digests."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, select

from prorata.errors import ChainError, StoreError
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.digest import digests
from prorata.store.rebuild import derive

__all__ = ["derived_differences"]


def derived_differences(database: Database, chain_id: int, genesis: str) -> list[str]:
    """The tables that are not what the log says, and why where the log makes no sense; in words.

    Raises: StoreError when the chain is not in the database.
    """
    c = schema.chain.c
    named = select(schema.chain).where(c.chain_id == chain_id, c.genesis == genesis)
    with (
        tempfile.TemporaryDirectory(prefix="prorata-") as folder,
        closing(Database.open(str(Path(folder) / "ledger.db"), create=True)) as new,
        database.snapshot() as kept,
    ):
        row = kept.execute(named).mappings().one_or_none()
        if row is None:
            raise StoreError(f"{database.name} has no chain {chain_id} of that genesis")
        try:
            for _ in derive(kept, new, row):
                pass
        except (StoreError, ChainError) as error:
            return [f"nothing follows from the log: {error.sentence}"]
        ours = digests(kept, row["id"])
        with new.snapshot() as fresh:
            law = digests(fresh, row["id"])
            stopped = _stops(fresh) - _stops(kept)
    tables = (table.name for table in schema.FACTS if table is not schema.log)
    return sorted(stopped) + [
        f"{name}: other rows follow from the log" for name in tables if ours[name] != law[name]
    ]


def _stops(connection: Connection) -> set[str]:
    """Why contracts are not read on."""
    s = schema.source.c
    rows = connection.execute(select(s.kind, s.stopped).where(s.stopped.is_not(None)))
    return {f"{kind}: {why}" for kind, why in rows}
