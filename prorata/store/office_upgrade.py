# SPDX-License-Identifier: MIT
"""Bring the office's tables to what this version knows: all steps in one transaction, or none.

Before that, what is there is copied: into a file beside the office, or into a schema of PostgreSQL.
Such a copy goes with the next erasure, and after thirty days.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from prorata.errors import StoreError
from prorata.store.copies import copy_file
from prorata.store.database import Database

__all__ = ["HEAD", "SCHEMA", "STEPS", "bring_up_to_date", "copies_in", "drop_copies", "upgrade"]

STEPS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Those in `migrations/versions`; alembic is only loaded where the last one was not taken."""

HEAD = STEPS[-1]

DAYS = 30

SCHEMA = "office"
"""Where PostgreSQL keeps the tables."""

_VERSION = "alembic_version"
_LOCK = 0x70726F72617461  # "prorata"
_FOLDER = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database, folder: Path | None, *, create: bool, now: int) -> None:
    """Take the steps that the tables lack.

    Raises: StoreError when they are no office's, or another version's.
    """
    name = database.name
    with database.snapshot() as connection:
        found = _revision(connection, name)
    if found == HEAD:
        drop_copies(database, folder, before=now - DAYS * 86_400)
        return
    if found is None and not create:
        raise StoreError(
            f"there is no office in {name}", "make one with `prorata ledger people import FILE`"
        )
    if found is not None and found not in STEPS:
        raise StoreError(
            f"the tables of the office {name} are of step {found}, and this version of prorata "
            f"knows {STEPS[0]} to {HEAD} only",
            "use the version that wrote it, or a newer one",
        )
    if found is not None and folder is not None:
        _copy_file(database, folder, found)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            # Another one who opens it waits here, and then finds nothing left to do.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        found = _revision(connection, name)
        if found is not None and connection.dialect.name == "postgresql":
            _copy_tables(connection, found, now)
        if found != HEAD:
            upgrade(connection)


def upgrade(connection: sa.Connection, to: str = HEAD) -> None:
    """Take all steps to `to` in the connection's transaction."""
    # Loaded here only: nine times of ten there is nothing to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _revision(connection: sa.Connection, name: str) -> str | None:
    """The last step that was taken; nothing where there is no table yet.

    Raises: StoreError when there are tables, and they are not an office's.
    """
    there = sa.inspect(connection).get_table_names()
    if _VERSION in there:
        found = connection.scalar(sa.text(f"SELECT version_num FROM {_VERSION}"))  # noqa: S608
        return None if found is None else str(found)
    if there:
        raise StoreError(
            f"{name} is a database of something else: it has the table {min(there)}",
            "name the place of an office, or of none yet",
        )
    return None


# ------------------------------------------------------------------------------------------- copies


def copies_in(folder: Path) -> list[Path]:
    """The copies of a file that were made before its tables were changed."""
    return sorted(folder.glob("office-before-*.db"))


def _copy_file(database: Database, folder: Path, found: str) -> None:
    path = folder / f"office-before-{HEAD}-of-{found}.db"
    path.unlink(missing_ok=True)
    copy_file(database, path)


def _copy_tables(connection: sa.Connection, found: str, now: int) -> None:
    schema = f"office_before_{HEAD}_of_{found}"
    connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
    connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    connection.execute(sa.text(f"COMMENT ON SCHEMA {schema} IS '{now}'"))
    for table in sa.inspect(connection).get_table_names():
        connection.execute(sa.text(f"CREATE TABLE {schema}.{table} AS TABLE {SCHEMA}.{table}"))


def drop_copies(database: Database, folder: Path | None, *, before: int | None = None) -> None:
    """Remove copies: all of them, or those that were made `before` a time."""
    for path in () if folder is None else copies_in(folder):
        if before is None or path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
    if database.dialect == "sqlite":
        return
    named = sa.text(
        "SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace "
        "WHERE nspname LIKE 'office\\_before\\_%'"
    )
    with database.writing() as connection:
        for schema, made_at in connection.execute(named).all():
            if before is None or int(made_at) < before:
                connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
