# SPDX-License-Identifier: MIT
"""Many rows at once, by the driver: the one place where the two databases differ in code.

Through SQLAlchemy's own insert a row costs five times as much in SQLite, and twelve in PostgreSQL.
A row that is there already is refused: whoever writes knows what is not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Integer, Table

from prorata.store.columns import AmountColumn, amount_bytes

__all__ = ["Packer", "Row", "insert", "packer"]

Row: TypeAlias = tuple[Any, ...]
"""The values of all columns of a table, in their order; bytes as bytes."""

Packer: TypeAlias = Callable[[int], Any]
"""An amount as the database is given it."""

CHUNK = 1_000


def packer(connection: Connection) -> Packer:
    """How this database is given an amount, which must lie between 0 and 2^256 - 1."""
    return amount_bytes if connection.dialect.name == "sqlite" else int


def insert(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Add rows, whose amounts `packer` has made ready, in the connection's transaction."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.executemany(_statement(table), rows)
        return
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" FROM STDIN') as copy:
        for text in _chunks(map(_line(table), rows)):
            copy.write(text)


@cache
def _statement(table: Table) -> str:
    return f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == CHUNK:
            yield "".join(held)
            held.clear()
    yield "".join(held)


@cache
def _line(table: Table) -> Callable[[Row], str]:
    """What writes one row of the table as PostgreSQL's COPY reads it."""
    if all(isinstance(c.type, Integer | AmountColumn) and not c.nullable for c in table.columns):
        form = "\t".join(["%d"] * len(table.columns)) + "\n"
        return form.__mod__

    def line(row: Row) -> str:
        return "\t".join(map(_text, row)) + "\n"

    return line


def _text(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if value is None:
        return "\\N"
    plain = str(value).replace("\\", "\\\\")
    return plain.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
