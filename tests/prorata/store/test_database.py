"""Databases are opened, refused in a sentence, and never sum."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

import prorata.store
from prorata.errors import InputError, StoreError
from prorata.store import bulk, schema
from prorata.store.database import Database, place_for, schema_digest
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import GENESIS, MadeChain, follow, move, read


def test_the_ledger_is_beside_its_deployment(tmp_path: Path) -> None:
    """Unless it is named."""
    assert place_for(tmp_path, None) == str(tmp_path / "ledger.db")
    assert place_for(tmp_path, "postgresql://me@here/books") == "postgresql://me@here/books"


def test_a_file_is_named_in_two_ways(sqlite: str) -> None:
    Database.open(f"sqlite:///{sqlite}", create=True).close()
    with closing(Database.open(sqlite)) as database:
        assert (database.name, database.dialect) == (sqlite, "sqlite")


def test_what_is_missing_is_not_made(place: str) -> None:
    """Whoever asks does not want an empty answer."""
    with pytest.raises(StoreError, match=r"no ledger.*; run `prorata follow`, which makes it"):
        Database.open(place)


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    written = tmp_path / "notes.txt"
    written.write_text("shares and other things " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt is not a database of SQLite; name the ledge"):
        Database.open(str(written))
    assert written.read_text() == "shares and other things " * 100
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (id INTEGER)")
    for create in (False, True):
        with pytest.raises(StoreError, match=r"other\.db has no ledger in it"):
            Database.open(str(tmp_path / "other.db"), create=create)
    with pytest.raises(StoreError, match="is no place for a file"):
        Database.open(str(tmp_path / "nowhere" / "ledger.db"), create=True)
    with pytest.raises(StoreError, match=r"there is no ledger at"):
        Database.open(str(tmp_path))


@pytest.mark.parametrize("place", ["mysql://me@here/books", "http://here", "postgresql:books"])
def test_places_of_other_kinds_are_refused(place: str) -> None:
    with pytest.raises(InputError, match=r"postgresql://user@host/name|path"):
        Database.open(place)


def test_a_server_out_of_reach_is_said_without_its_password() -> None:
    with pytest.raises(StoreError, match="cannot be reached") as refused:
        Database.open("postgresql://me:secret@127.0.0.1:9/books", create=True)
    assert "secret" not in str(refused.value)
    assert "postgresql://me:***@127.0.0.1:9/books" in str(refused.value)


def test_a_ledger_of_another_version_is_refused(database: Database, place: str) -> None:
    writer = Writer.take(database, 1, GENESIS, who="the tests")
    assert writer.stand.seq == 0
    Database.open(place).close()
    with database.writing() as connection:
        connection.execute(text("UPDATE chain SET schema = 'older'"))
    with pytest.raises(StoreError, match="made by another version of prorata; run `prorata ledger"):
        Database.open(place)
    Database.open(place, any_version=True).close()
    assert len(schema_digest()) == 64


def test_packages_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, postgresql: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"needs a driver .*; install it with: pip install 'pror"):
        Database.open(postgresql, create=True)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delitem(sys.modules, "sqlalchemy")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.delitem(sys.modules, "prorata.store")
    with pytest.raises(StoreError, match=r"are not installed; install them with: pip install 'pr"):
        __import__("prorata.store")


# -------------------------------------------------------------------------------- in one moment


def test_a_snapshot_is_one_moment_and_only_reads(database: Database) -> None:
    """Law 89: the writer does not wait for it, nor it for the writer."""
    count = select(func.count()).select_from(schema.asset)
    chain = MadeChain([[move(0, 1, 1)]])
    writer = Writer.take(database, 1, GENESIS, who="the tests")
    with database.snapshot() as connection:
        assert connection.scalar(count) == 0
        follow(writer, chain)
        read(writer, chain)
        assert connection.scalar(count) == 0
    with database.snapshot() as connection:
        assert connection.scalar(count) == 2
    with pytest.raises(StoreError, match=r"read-?only"), database.snapshot() as connection:
        connection.execute(text("DELETE FROM source_asset"))
    with database.writing() as connection:
        connection.execute(text("DELETE FROM source_asset"))


def test_two_that_write_wait_for_each_other(sqlite: str, monkeypatch) -> None:
    """And say so when it takes too long."""
    monkeypatch.setattr("prorata.store.database.BUSY_SECONDS", 0.05)
    with (
        closing(Database.open(sqlite, create=True)) as one,
        closing(Database.open(sqlite)) as other,
        one.writing(),
        pytest.raises(StoreError, match=r"is being written by another process for more than 0\.05"),
        other.writing(),
    ):
        pass


# -------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("function", ["sum", "SUM", "total", "avg"])
def test_sqlite_sums_nothing(sqlite: str, function: str) -> None:
    """Blobs would be nought, and integers wrap at 2^63 or become floats."""
    with (
        closing(Database.open(sqlite, create=True)) as database,
        pytest.raises(StoreError, match=rf"not authorized to use function: {function}"),
        database.snapshot() as connection,
    ):
        connection.execute(text(f"SELECT {function}(total) FROM supply"))


@pytest.mark.parametrize("largest", [2**63, 2**127, 2**255])
def test_postgresql_sums_exactly(postgresql: str, largest: int) -> None:
    """Past what fits 256 bits, too."""
    rows = [(1, block, largest, 1) for block in range(3)]
    with closing(Database.open(postgresql, create=True)) as database:
        with database.writing() as connection:
            bulk.insert(connection, schema.supply, rows)
        with database.snapshot() as connection:
            assert connection.scalar(text("SELECT sum(total) FROM supply")) == 3 * largest
        with (
            pytest.raises(StoreError, match="the database gave NaN where a whole number belongs"),
            database.snapshot() as connection,
        ):
            connection.scalar(text("SELECT 'NaN'::numeric"))


def test_a_row_that_is_there_is_refused(database: Database) -> None:
    """A conflict stops: nobody writes anything twice."""

    def add() -> None:
        with database.writing() as connection:
            row = (1, 1, bulk.packer(connection)(5), 1)
            bulk.insert(connection, schema.supply, [row])

    add()
    with pytest.raises(StoreError, match=r"refused: .*supply.*; nothing of this step was written"):
        add()


def test_text_is_kept_as_it_is(database: Database) -> None:
    """Tabs and backslashes among it, by rows and by the driver."""
    name = "a\tb\\c\nd\r\\N"
    with database.writing() as connection:
        log = (1, 1, 0, 1, b"\1" * 32, name, b"", b"\\x\t")
        bulk.insert(connection, schema.log, [log])
        connection.execute(insert(schema.log).values(**dict(zip(
            schema.log.columns.keys(), (1, 1, 1, *log[3:]), strict=True))))  # fmt: skip
    with database.snapshot() as connection:
        found = connection.execute(select(schema.log.c.name, schema.log.c.data)).all()
    assert found == [(name, b"\\x\t")] * 2


assert prorata.store
