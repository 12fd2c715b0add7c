# SPDX-License-Identifier: MIT
"""The office: the database of what is not on the chain, and cannot be read from a node again.

With SQLite it is the file `office.db` beside the ledger's, with PostgreSQL the schema `office` of
the same database. What is in it is of one tenant at a time. Whoever writes, or reads what is known
of people, does so in a transaction whose last row is an entry of the trail: there is no other way.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from prorata.errors import StoreError
from prorata.store import office_schema as tables
from prorata.store.database import Database, open_engine
from prorata.store.office_upgrade import SCHEMA, bring_up_to_date

__all__ = [
    "OFFICE_FILE",
    "Entry",
    "Office",
    "Transaction",
    "has_office",
    "is_postgresql",
    "office_place",
]

OFFICE_FILE = "office.db"

_PRAGMAS = (
    "foreign_keys = ON",
    # What is deleted is overwritten, and no copy of it is made in a folder for temporary files.
    "secure_delete = ON",
    "temp_store = MEMORY",
)
_MAKE = "make one with `prorata ledger people import FILE`"


def office_place(ledger: str) -> str:
    """Where the office of a ledger is: the file beside its file, or the same PostgreSQL."""
    if is_postgresql(ledger):
        return ledger
    return str(Path(ledger.removeprefix("sqlite:///")).with_name(OFFICE_FILE))


def has_office(place: str) -> bool:
    """Whether there is an office at `place`.

    Raises: StoreError when its server cannot be reached; InputError for no such place.
    """
    if _is_file(place):
        return Path(place.removeprefix("sqlite:///")).is_file()
    engine, name = open_engine(place, schema=SCHEMA, create=False)
    with closing(Database(engine, name)) as database, database.refusals():
        return bool(sa.inspect(engine).has_table(tables.party.name))


def is_postgresql(place: str) -> bool:
    """Whether a place is the address of a PostgreSQL, and no file."""
    return place.startswith(("postgresql:", "postgres:"))


@dataclass(frozen=True)
class Entry:
    """One line of the trail."""

    number: int
    time: int
    who: str
    action: str
    subject: str
    rows: int


@dataclass
class Transaction:
    """What is done to the office at once; whoever does it says to how many `rows`."""

    connection: sa.Connection
    now: int
    subject: str = ""
    rows: int = 0


class Office:
    """An office that is open, for one tenant; `who` is the account that the trail names."""

    def __init__(
        self,
        database: Database,
        *,
        who: str,
        tenant: str = tables.OWN,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`folder` is where its file is, and copies of it may be; PostgreSQL has none."""
        self.database = database
        self.who = who
        self.tenant = tenant
        self.folder = folder
        self.clock = clock
        self.erasures_at: Path | None = None

    @classmethod
    def open(
        cls,
        place: str,
        *,
        who: str,
        create: bool = False,
        tenant: str = tables.OWN,
        clock: Callable[[], float] = time.time,
    ) -> Office:
        """The office at `place`, whose tables are brought up to date first.

        `place` is the path of a file, or the address of a PostgreSQL.

        Raises: StoreError when there is none and none is to be made, it is no office, or a newer
        version of prorata has written it; InputError for no such place.
        """
        folder = _find_file(place, create=create) if _is_file(place) else None
        engine, name = open_engine(place, schema=SCHEMA, create=create)
        if folder is not None:
            event.listen(engine, "connect", _prepare)
        opened = cls(Database(engine, name), who=who, tenant=tenant, folder=folder, clock=clock)
        try:
            with opened.database.refusals():
                bring_up_to_date(opened.database, folder, create=create, now=int(clock()))
            opened._admit()
        except BaseException:
            opened.close()
            raise
        return opened

    def _admit(self) -> None:
        """Have the tenant's row, on which all of its writers wait for each other."""
        named = sa.select(tables.tenant.c.name).where(tables.tenant.c.name == self.tenant)
        with self.database.snapshot() as connection:
            known = connection.scalar(named) is not None
        if not known:
            # Somebody else may be admitting it at this moment.
            admitted = sa.text(
                "INSERT INTO tenant (name, seq, entries) VALUES (:name, 0, 0) "
                "ON CONFLICT DO NOTHING"
            )
            with self.database.writing() as connection:
                connection.execute(admitted, {"name": self.tenant})

    @property
    def name(self) -> str:
        """Of the database, for people."""
        return self.database.name

    @property
    def seq(self) -> int:
        """How many writes there were: what was answered before is true while it stays."""
        named = sa.select(tables.tenant.c.seq).where(tables.tenant.c.name == self.tenant)
        with self.database.snapshot() as connection:
            return int(connection.execute(named).scalar_one())

    @contextmanager
    def writing(self, action: str) -> Iterator[Transaction]:
        """A transaction that ends with an entry of the trail, and counts as a write."""
        with self._transaction(action, writes=1) as transaction:
            yield transaction

    @contextmanager
    def reading(self, action: str) -> Iterator[Transaction]:
        """The same for whoever reads what is known of people: if the trail fails, so does it."""
        with self._transaction(action, writes=0) as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, action: str, *, writes: int) -> Iterator[Transaction]:
        with self.database.writing() as connection:
            # First, since whoever has this row is alone with the tenant's tables.
            row = tables.tenant.c
            number = connection.execute(
                sa.update(tables.tenant)
                .where(row.name == self.tenant)
                .values(seq=row.seq + writes, entries=row.entries + 1)
                .returning(row.entries)
            ).scalar_one()
            transaction = Transaction(connection, int(self.clock()))
            yield transaction
            entry = {
                "tenant": self.tenant,
                "number": number,
                "time": transaction.now,
                "who": self.who,
                "action": action,
                "subject": transaction.subject,
                "rows": transaction.rows,
            }
            connection.execute(sa.insert(tables.trail), entry)

    def trail(self, after: int = 0) -> list[Entry]:
        """The entries after number `after`, in their order."""
        found = tables.trail.c
        columns = (found.number, found.time, found.who, found.action, found.subject, found.rows)
        chosen = (
            sa.select(*columns)
            .where(found.tenant == self.tenant, found.number > after)
            .order_by(found.number)
        )
        with self.database.snapshot() as connection:
            return [Entry(*row) for row in connection.execute(chosen)]

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def _is_file(place: str) -> bool:
    return "://" not in place or place.startswith("sqlite:///")


def _find_file(place: str, *, create: bool) -> Path:
    """The folder of the office's file, which only its owner can read if it is made now.

    Raises: StoreError when there is none, or it cannot be made.
    """
    path = Path(place.removeprefix("sqlite:///"))
    if not path.is_file():
        if not create:
            raise StoreError(f"there is no office at {path}", _MAKE)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            reason = str(error.strerror or error).lower()
            sentence = f"the office {path} cannot be made ({reason})"
            raise StoreError(sentence, "give another folder") from None
    return path.parent


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
