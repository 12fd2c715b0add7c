# SPDX-License-Identifier: MIT
"""The ledger's database beside a deployment: its log need not be read from a node again.

Whoever has none notices nothing, and nothing of the extra is imported. A file that is there by
default and cannot be used is told of, and the node is asked; a database that was named must do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prorata.deployments.deployment import LEDGER_FILE, Deployment
from prorata.errors import InputError, StoreError

if TYPE_CHECKING:
    from prorata.store.database import Database

__all__ = ["open_ledger", "with_archive"]


@contextmanager
def with_archive(
    found: Deployment, named: str | None, notice: Callable[[str], None]
) -> Iterator[Database | None]:
    """Let the deployment's chain have the logs of its ledger, if there is one.

    Raises: StoreError, InputError when the database that was named cannot be used.
    """
    if named is None and not (found.folder / LEDGER_FILE).exists():
        yield None
        return
    try:
        database = open_ledger(found.folder, named)
    except (StoreError, InputError) as error:
        if named is not None:
            raise
        notice(f"the ledger's database is not used, and the node is asked: {error}")
        yield None
        return
    try:
        yield _attached(found, database, named, notice)
    finally:
        found.chain.archive = None
        database.close()


def _attached(
    found: Deployment, database: Database, named: str | None, notice: Callable[[str], None]
) -> Database | None:
    from prorata.store.stored_log import StoredLog  # noqa: PLC0415

    try:
        manifest = found.manifest
        created = {
            contract.address: contract.block
            for contract in manifest.contracts.values()
            if contract.transaction is not None
        }
        found.chain.archive = StoredLog(database, manifest.chain_id, manifest.genesis, created)
    except StoreError as error:
        if named is not None:
            raise
        notice(f"the ledger's database is not used, and the node is asked: {error}")
        return None
    return database


def open_ledger(folder: Path, named: str | None) -> Database:
    """The ledger's database of a folder, or that which was named.

    Raises: StoreError when it cannot be used, or the extra is not installed; InputError.
    """
    # Nobody else pays for it: importing it takes a third of a second.
    from prorata.store.database import Database, place_for  # noqa: PLC0415

    return Database.open(place_for(folder, named))
