# SPDX-License-Identifier: MIT
"""Who is behind an address: names that people gave, kept in a file beside the deployment.

The file has the columns `address` and `name`, and `kind` if wanted. Other columns are not read, so
that a cap table, a report of ours, or the export of another address book names people too. A name
changes what is shown, never what is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path

from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.files.writer import Row, write_csv_rows
from prorata.register.captable import Holding, check_kind, check_name
from prorata.register.dialects import (
    Dialect,
    find_dialect,
    json_fault,
    plain_address,
    recognise_names,
)
from prorata.values.addresses import parse_address

__all__ = [
    "NAMES_FILE",
    "AddressBook",
    "NameRow",
    "default_names",
    "parse_names",
    "read_names",
    "write_names",
]


NUMBERS = ("shares", "percent")
"""What stands beside names in a cap table, and is not read here."""


NAMES_FILE = "names.csv"
"""The address book of a deployment's folder."""


class NameRow(Row):
    """One address as the file has it."""

    address: str
    name: str
    kind: str


@dataclass(frozen=True)
class AddressBook:
    """Names and kinds by address, in EIP-55; `notices` are for whoever keeps the file.

    Iterated over it gives holdings of no shares: it knows people, not what they hold.
    """

    people: Mapping[str, NameRow] = field(default_factory=dict)
    notices: tuple[str, ...] = field(default=(), compare=False)

    def __iter__(self) -> Iterator[Holding]:
        return (Holding(row.address, 0, row.name, row.kind) for row in self.people.values())

    def __len__(self) -> int:
        return len(self.people)

    def name_of(self, address: str) -> str:
        """The name, or nothing."""
        row = self.people.get(address)
        return "" if row is None else row.name

    def joined(self, rows: Iterable[NameRow]) -> AddressBook:
        """With these in place of what it says of the same addresses."""
        return AddressBook({**self.people, **{row.address: row for row in rows}})

    def without(self, address: str) -> AddressBook:
        """Without this address."""
        return AddressBook({a: row for a, row in self.people.items() if a != address})


def default_names(folder: Path) -> Path | None:
    """The address book of a deployment's folder, where there is one."""
    path = folder / NAMES_FILE
    return path if path.is_file() else None


def read_names(
    path: str | PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    known_as: str | None = None,
    sheet: str | None = None,
) -> AddressBook:
    """Read names from the file at `path`, CSV or a workbook; see `parse_names`.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """

    def parse(content: str | bytes) -> AddressBook:
        return parse_names(content, str(path), columns=columns, known_as=known_as)

    return read_tabular(path, parse, sheet=sheet, ignored=NUMBERS)


def parse_names(
    content: str | bytes,
    subject: str = "the names",
    *,
    columns: Mapping[str, str] | None = None,
    known_as: str | None = None,
) -> AddressBook:
    """Read names from the content of a CSV file.

    `columns` has the file's name of a column of ours, and `known_as` names the program that wrote
    it. Lines of one address must agree; one without a name says nothing.

    Raises: InputError with every fault found, in order of lines.
    """
    if isinstance(content, bytes) and (fault := json_fault(content, subject)) is not None:
        raise fault
    dialect = find_dialect(known_as)
    sheet = Sheet(
        subject,
        ("address", "name"),
        optional=("kind",),
        row="address",
        any_others=True,
        also={"holder": "address"} if dialect is None else dialect.also,
        mapped=columns or {},
        recognise=recognise_names,
    )
    reader = _NamesReader(sheet, dialect)
    for number, row in sheet.rows(content):
        reader.take(number, row)
    sheet.check()
    return AddressBook(reader.people, tuple(sheet.notices))


class _NamesReader:
    """Turns rows into names; a row with a fault makes none."""

    def __init__(self, sheet: Sheet, dialect: Dialect | None) -> None:
        self.sheet = sheet
        self.dialect = dialect
        self.people: dict[str, NameRow] = {}
        self._lines: dict[str, int] = {}

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check one row."""
        if self.dialect is not None and row.get("address") == "":
            self.sheet.remarks.append(f"line {number} has no address, and is left out")
            return
        address = self.sheet.cell(number, row, "address", partial(self._address, row))
        name = self.sheet.cell(number, row, "name", check_name)
        kind = self.sheet.cell(number, row, "kind", check_kind) or ""
        if not address or not name:
            return
        before = self.people.setdefault(address, NameRow(address=address, name=name, kind=kind))
        first = self._lines.setdefault(address, number)
        if before.name != name:
            rule = f"differs from what line {first} says of {address}"
            self.sheet.add(number, "name", name, rule, "make the lines of an address agree")

    def _address(self, row: Mapping[str, str], cell: str) -> str:
        if self.dialect is None:
            if ":" in cell:
                raise InputError.of(None, cell, "names a chain", "`--as address-book` reads that")
            return parse_address(cell)
        return parse_address(plain_address(cell, row.get("chain")))


def write_names(book: AddressBook, path: Path) -> None:
    """Write the names, ordered by name, to where `read_names` reads them back.

    An empty book is no file.

    Raises: InputError when the file cannot be written.
    """
    if not book.people:
        path.unlink(missing_ok=True)
        return
    rows = sorted(book.people.values(), key=lambda row: (row.name.casefold(), row.address))
    write_csv_rows(path, NameRow, rows)
