# SPDX-License-Identifier: MIT
"""Copy a file of SQLite while others read and write it, and have it forget what was deleted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prorata.errors import StoreError
from prorata.store.database import Database, only_read

__all__ = ["copy_file", "purge_file"]


def copy_file(database: Database, path: Path) -> None:
    """Write a copy of SQLite's file to `path`, of one moment, which only its owner can read.

    Raises: StoreError when it is there already, or cannot be written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise StoreError(
            f"the copy {path} cannot be written ({reason})", "give another folder"
        ) from None
    with database.refusals(), database.engine.connect() as connection:
        # Into an empty file, which SQLite allows.
        _driver(connection).execute("VACUUM INTO ?", (str(path),))
    with path.open("rb") as file:
        os.fsync(file.fileno())


def purge_file(database: Database) -> bool:
    """Have no byte left of rows that were deleted; whether no reader was in the way."""
    with database.refusals(), database.engine.connect() as connection:
        driver = _driver(connection)
        # The log that is written ahead has the rows as they were; it is cut to nothing twice, since
        # the vacuum writes all that stays through it.
        for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM"):
            driver.execute(statement).fetchall()
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _driver(connection: Any) -> Any:
    """The connection of `sqlite3` itself, in which no transaction is begun; it may write."""
    only_read(connection, only=False)
    return connection.connection.driver_connection
