# SPDX-License-Identifier: MIT
"""A database that holds a ledger: opened, checked, and asked or written in one moment.

SQLite keeps it in a file, in write-ahead mode, so that readers never wait for the writer. Nothing
of ours may sum there: SQLite adds blobs as nought, text as floats and integers with 64 bits.
PostgreSQL keeps it in the schema `ledger`, and its numbers of 78 digits come back as integers.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.schema import CreateSchema

from prorata.chain.artifacts import artifacts
from prorata.errors import InputError, StoreError
from prorata.store.schema import METADATA, chain

__all__ = [
    "CONNECT_SECONDS",
    "SCHEMA",
    "Database",
    "only_read",
    "open_engine",
    "place_for",
    "prepare_postgresql",
    "schema_digest",
    "server_address",
]

SCHEMA = "ledger"
"""The tables' schema in PostgreSQL."""

FILE = "ledger.db"
BUSY_SECONDS = 10
CONNECT_SECONDS = 10
CACHE_KIB = 16_384
MAPPED_BYTES = 2**40

# What SQLite would add in 64 bits or in floats.
_SUMS = frozenset({"avg", "sum", "total"})


def place_for(folder: Path, named: str | None) -> str:
    """Where the ledger of a deployment is: what `--database` names, else a file in its folder."""
    return str(folder / FILE) if named is None else named


@cache
def schema_digest() -> str:
    """What a ledger must have been made with to be read by this version: tables and events."""
    tables = [
        [table.name, *([c.name, type(c.type).__name__, c.nullable] for c in table.columns)]
        for table in METADATA.sorted_tables
    ]
    events = {
        json.dumps([e["name"], [[i["type"], i["indexed"]] for i in e["inputs"]]])
        for artifact in artifacts().values()
        for e in artifact.abi
        if e["type"] == "event"
    }
    return hashlib.sha256(json.dumps([tables, sorted(events)]).encode()).hexdigest()


class Database:
    """The ledger's database. `name` is for people, and has no password in it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    @classmethod
    def open(
        cls, place: str, *, create: bool = False, schema: str = SCHEMA, any_version: bool = False
    ) -> Database:
        """The ledger at `place`: the path of a file, `sqlite:///…`, or `postgresql://…`.

        With `create` it is made where there is none. With `any_version` its tables may be those of
        another version of prorata.

        Raises: StoreError when it is missing, is no ledger or another version's, or is out of
            reach; InputError for a place that is neither.
        """
        engine, name = open_engine(place, schema=schema, create=create)
        found = cls(engine, name)
        try:
            with found.refusals():
                found.check(create=create, any_version=any_version)
        except BaseException:
            found.close()
            raise
        return found

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that only reads, and to which nothing changes while it is open.

        Raises: StoreError when the database refuses.
        """
        with self.refusals(), self.engine.connect() as opened:
            if self.dialect == "sqlite":
                only_read(opened, only=True)
                with opened.begin():
                    yield opened
            else:
                options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                with opened.execution_options(**options).begin():
                    yield opened

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """A connection in a transaction that is kept when the block ends without an exception.

        One that is not `durable` may be lost when the power fails, whole, with those after it.

        Raises: StoreError when the database refuses; nothing was written then.
        """
        with self.refusals(), self.engine.connect() as opened:
            if self.dialect == "sqlite":
                only_read(opened, only=False)
                level = "FULL" if durable else "NORMAL"
                opened.connection.driver_connection.execute(f"PRAGMA synchronous = {level}")  # type: ignore[union-attr]
            with opened.execution_options(prorata_writes=True).begin():
                yield opened

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """What the driver raises, as one sentence.

        Raises: StoreError.
        """
        try:
            yield
        except DBAPIError as error:
            raise self._refusal(error.orig or error) from error
        except self.engine.dialect.dbapi.Error as error:  # type: ignore[union-attr]
            raise self._refusal(error) from error

    def _refusal(self, error: BaseException) -> StoreError:
        said = " ".join(str(error).split())
        if "not a database" in said:
            return StoreError(
                f"{self.name} is not a database of SQLite", "name the ledger's file, or a new one"
            )
        if "locked" in said:
            return StoreError(
                f"{self.name} is being written by another process for more than "
                f"{BUSY_SECONDS} seconds",
                "wait until it has ended and run the same command again",
            )
        if "connection" in said and self.dialect == "postgresql":
            return StoreError(
                f"the server of {self.name} cannot be reached ({said[:200]})",
                "start it, or check the address",
            )
        return StoreError(
            f"{self.name} refused: {said[:200]}",
            "nothing of this step was written; remove the cause and run the same command again",
        )

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    # --------------------------------------------------------------------------- what is in it

    def check(self, *, create: bool, any_version: bool) -> None:
        """Whether it is a ledger of this version; with `create`, an empty database becomes one.

        Raises: StoreError.
        """
        present = set(sqlalchemy.inspect(self.engine).get_table_names())
        if chain.name not in present:
            if not create or present:
                raise StoreError(f"{self.name} has no ledger in it", _FOLLOW)
            with self.writing() as connection:
                METADATA.create_all(connection)
        elif not any_version:
            with self.snapshot() as connection:
                made = set(connection.scalars(select(chain.c.schema)))
            if made - {schema_digest()}:
                raise StoreError(
                    f"{self.name} was made by another version of prorata",
                    "run `prorata ledger rebuild`, which derives it anew from the log it holds",
                )


def only_read(opened: Connection, *, only: bool) -> None:
    """Have a connection of SQLite refuse to write, or not.

    It is said only where it changes: SQLite prepares every statement anew after it.
    """
    if opened.info.get(_ONLY_READS, False) is not only:
        switch = "ON" if only else "OFF"
        opened.connection.driver_connection.execute(f"PRAGMA query_only = {switch}")  # type: ignore[union-attr]
        opened.info[_ONLY_READS] = only


_ONLY_READS = "prorata.only_reads"

_FOLLOW = "run `prorata follow`, which makes it, or name another one with --database"


# -------------------------------------------------------------------------------------- opening


def open_engine(place: str, *, schema: str, create: bool) -> tuple[Engine, str]:
    """The engine of a database, by its place, and its name for people.

    `schema` is where PostgreSQL keeps the tables; SQLite has a file for each schema.

    Raises: StoreError when it is missing or out of reach; InputError for no such place.
    """
    if place.startswith(("postgresql:", "postgres:")):
        return _postgresql(place, schema, create=create)
    if "://" in place and not place.startswith("sqlite:///"):
        raise InputError.of(
            "database",
            place,
            "is neither a file nor the address of a PostgreSQL",
            "write a path, or postgresql://user@host/name",
        )
    path = Path(place.removeprefix("sqlite:///"))
    return _sqlite(path, create=create), str(path)


def _sqlite(path: Path, *, create: bool) -> Engine:
    if not create and not path.is_file():
        raise StoreError(f"there is no ledger at {path}", _FOLLOW)
    if path.is_dir() or not path.parent.is_dir():
        raise StoreError(f"{path} is no place for a file", "name a file in a folder that is there")
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if not create:
        event.listen(engine, "connect", _map_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # Transactions begin where we say, not where the driver guesses.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.set_authorizer(_permit)


def _map_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # Whoever only reads takes pages from the system's cache without a copy, which halves the time
    # of ten thousand seeks; a writer's memory stays its own.
    connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")


def _permit(action: int, _: object, function: str | None, *__: object) -> int:
    sums = action == sqlite3.SQLITE_FUNCTION and str(function).lower() in _SUMS
    return sqlite3.SQLITE_DENY if sums else sqlite3.SQLITE_OK


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("prorata_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(place: str, schema: str, *, create: bool) -> tuple[Engine, str]:
    url, name = server_address(place)
    arguments = {"connect_timeout": CONNECT_SECONDS, "options": f"-csearch_path={schema}"}
    with _driver(name):
        engine = sqlalchemy.create_engine(url, connect_args=arguments)
    event.listen(engine, "connect", prepare_postgresql)
    if create:
        with Database(engine, name).refusals(), engine.begin() as connection:
            connection.execute(CreateSchema(schema, if_not_exists=True))
    return engine, name


def server_address(place: str) -> tuple[URL, str]:
    """The address of a PostgreSQL with its driver, and without its password, for people.

    Raises: InputError when it is none.
    """
    try:
        url = make_url(place).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise InputError.of(
            "database", "postgresql:…", "is no address", "write postgresql://user@host/name"
        ) from None
    return url, url.set(drivername="postgresql").render_as_string(hide_password=True)


@contextmanager
def _driver(name: str) -> Iterator[None]:
    """Raises: StoreError when the driver is not installed."""
    try:
        yield
    except ModuleNotFoundError:
        raise StoreError(
            f"{name} needs a driver that is not installed",
            "install it with: pip install 'prorata[store]'",
        ) from None


def prepare_postgresql(connection: Any, _: object) -> None:
    """Have a new connection give NUMERIC as integers."""
    from psycopg.adapt import Loader  # noqa: PLC0415 - SQLite needs no driver

    class WholeNumber(Loader):
        """NUMERIC as an integer: a Decimal would round what is done with it."""

        def load(self, data: bytes | bytearray | memoryview) -> int:
            """Raises: StoreError for what is none."""
            try:
                return int(bytes(data))
            except ValueError:
                raise StoreError(
                    f"the database gave {bytes(data).decode()} where a whole number belongs",
                    "report this: no amount of a ledger is a fraction",
                ) from None

    connection.adapters.register_loader("numeric", WholeNumber)
