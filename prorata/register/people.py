# SPDX-License-Identifier: MIT
"""Who people are, read from a file: a cap table, a register of investors, a file of names.

The columns are `address` and `name`, and `kind`, `country` and `person` if wanted; others are not
read. Wallets with the same number of a `person` are one person's. A line without a name says
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike

from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.register.captable import check_kind, check_name
from prorata.register.dialects import recognise_names
from prorata.values.addresses import parse_address
from prorata.values.countries import find_country

__all__ = ["PersonRow", "parse_people", "read_people"]

IGNORED = ("shares", "percent", "class", "eligible_until")
"""What stands beside people in our other tables, and is not read here."""


@dataclass(frozen=True)
class PersonRow:
    """A wallet as the file has it; the country is a numeric code, the person the file's number."""

    address: str
    name: str
    kind: str = ""
    country: int | None = None
    person: str = ""


def read_people(
    path: str | PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> list[PersonRow]:
    """Read people from the file at `path`, CSV or a workbook; see `parse_people`.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """

    def parse(content: str | bytes) -> list[PersonRow]:
        return parse_people(content, str(path), columns=columns)

    return read_tabular(path, parse, sheet=sheet, ignored=IGNORED)


def parse_people(
    content: str | bytes,
    subject: str = "the people",
    *,
    columns: Mapping[str, str] | None = None,
) -> list[PersonRow]:
    """The wallets of the people in a CSV file, each once, in its order.

    Raises: InputError with every fault found: lines of one address, or of one person, must agree.
    """
    sheet = Sheet(
        subject,
        ("address", "name"),
        optional=("kind", "country", "person"),
        row="address",
        any_others=True,
        also={"holder": "address"},
        mapped=columns or {},
        recognise=recognise_names,
    )
    reader = _PeopleReader(sheet)
    for number, row in sheet.rows(content):
        reader.take(number, row)
    sheet.check()
    return list(reader.people.values())


class _PeopleReader:
    """Turns rows into wallets; a row with a fault makes none."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.people: dict[str, PersonRow] = {}
        self._said: dict[tuple[str, str, str], tuple[int, object]] = {}

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check one row."""
        address = self.sheet.cell(number, row, "address", parse_address)
        name = self.sheet.cell(number, row, "name", check_name)
        kind = self.sheet.cell(number, row, "kind", check_kind) or ""
        country = self.sheet.cell(number, row, "country", _country)
        person = row.get("person", "")
        if not address or not name:
            return
        told = {"name": name, "kind": kind, "country": country}
        self._agree(number, row, "address", address, {**told, "person": person})
        if person:
            self._agree(number, row, "person", person, told)
        self.people.setdefault(address, PersonRow(address, name, kind, country, person))

    def _agree(
        self, number: int, row: Mapping[str, str], what: str, whose: str, told: Mapping[str, object]
    ) -> None:
        """Note what differs from an earlier line of the same address or person."""
        for column, value in told.items():
            if value in ("", None):
                continue
            line, before = self._said.setdefault((what, whose, column), (number, value))
            if before != value:
                rule = f"differs from what line {line} says of {what} {whose}"
                remedy = "make the lines agree"
                self.sheet.add(number, column, row[column], rule, remedy)


def _country(cell: str) -> int | None:
    return find_country(cell).code if cell else None
