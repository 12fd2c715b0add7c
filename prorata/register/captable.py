# SPDX-License-Identifier: MIT
"""The cap table: who holds how many shares, read strictly from a CSV file and written back.

The file has a header with `address` and `shares` and, if wanted, `name` and `kind`, in any order.
It is read whole and every fault in it is reported at once, with its physical line; a table is
made only from a file without faults.

Taken silently, because it changes nothing: a UTF-8 byte-order mark, Windows or old Macintosh line
ends, empty lines after the last row, ordinary spaces around a cell, capitals in the header, an
address in one letter case only (it is normalised to EIP-55).

Refused, because it may change who gets what: an address that fails its EIP-55 checksum, appears
twice, is zero, or has look-alike letters; shares that are blank, zero, negative, fractional, in
exponent notation or with thousands separators (`1,450` is one and a half in some countries); a
total over the authorised shares; unknown, missing or repeated columns; blank rows; unbalanced
quotes; cells with line breaks; hidden characters; bytes that are not UTF-8; names that a
spreadsheet would run as a formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

from prorata.errors import InputError, Problem
from prorata.files.csv_reader import Sheet
from prorata.files.writer import Row, csv_text, write_whole
from prorata.values.addresses import parse_address
from prorata.values.amounts import MAX_SHARES, format_units, parse_units, percent, strange_character

__all__ = ["KINDS", "CapTable", "Holding", "parse_csv", "read_csv", "write_csv"]
KINDS = ("company", "fund", "individual", "treasury")
REQUIRED, OPTIONAL = ("address", "shares"), ("name", "kind")
_FORMULA = ("=", "+", "-", "@")


# ---------------------------------------------------------------------------- the table


class HoldingRow(Row):
    """One holder as the file has it: shares are whole ones, as text."""

    address: str
    shares: str
    name: str
    kind: str


@dataclass(frozen=True)
class Holding:
    """One holder: an EIP-55 `address`, `shares` in the token's smallest unit, and who it is.

    `kind` is one of `KINDS`, or empty when the file does not say.
    """

    address: str
    shares: int
    name: str = ""
    kind: str = ""


@dataclass(frozen=True)
class CapTable:
    """All holdings of one asset in the order given; `decimals` are the token's.

    Raises: InputError when an address appears twice in whatever letter case, a holding has no
    shares, or the total exceeds `MAX_SHARES`.
    """

    holdings: tuple[Holding, ...]
    decimals: int = 0

    def __post_init__(self) -> None:
        seen: set[str] = set()
        problems = []
        for holding in self.holdings:
            if holding.address.lower() in seen:
                problems.append(Problem(None, "address", holding.address, *_TWICE))
            if holding.shares <= 0:
                problems.append(Problem(None, "shares", str(holding.shares), *_NO_SHARES))
            seen.add(holding.address.lower())
        if self.total > MAX_SHARES:
            problems.append(Problem(None, "total", str(self.total), *_TOO_MANY))
        if problems:
            raise InputError(problems, "the cap table")

    def __iter__(self) -> Iterator[Holding]:
        return iter(self.holdings)

    def __len__(self) -> int:
        return len(self.holdings)

    @property
    def total(self) -> int:
        """All shares, in smallest units."""
        return sum(holding.shares for holding in self.holdings)

    @property
    def balances(self) -> dict[str, int]:
        """Shares by address, as `apportion` takes them."""
        return {holding.address: holding.shares for holding in self.holdings}

    @property
    def by_kind(self) -> dict[str, int]:
        """Shares by kind, kinds in order of first appearance; the sum is `total`."""
        shares: dict[str, int] = {}
        for holding in self.holdings:
            shares[holding.kind] = shares.get(holding.kind, 0) + holding.shares
        return shares

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The addresses of one kind: `of_kind("treasury")` is what a distribution leaves out."""
        return tuple(holding.address for holding in self.holdings if holding.kind == kind)

    def share_of(self, address: str, places: int = 2) -> str:
        """The holder's part of the total such as `8.00%`, rounded down; `0.00%` for a stranger.

        Raises: InputError when the table is empty or `places` is outside 0 to 18.
        """
        held = sum(h.shares for h in self.holdings if h.address.lower() == address.lower())
        return percent(held, self.total, places)


# ---------------------------------------------------------------------------- reading


def read_csv(
    path: str | PathLike[str], *, decimals: int = 0, authorised: int | None = None
) -> CapTable:
    """Read a cap table from the file at `path`; see `parse_csv`.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """
    return parse_csv(Sheet.read(path), decimals=decimals, authorised=authorised, subject=str(path))


def parse_csv(
    content: str | bytes,
    *,
    decimals: int = 0,
    authorised: int | None = None,
    subject: str = "the cap table",
) -> CapTable:
    """Read a cap table from the content of a CSV file.

    Shares are written in whole shares with up to `decimals` digits after a point and are returned
    in smallest units; `authorised` is the most they may add up to, in smallest units. `subject`
    names the file in the error.

    Raises: InputError with every fault found, in order of lines, the total last.
    """
    sheet = Sheet(subject, REQUIRED, optional=OPTIONAL, row="holder")
    reader = _CapTableReader(sheet, decimals)
    for number, row in sheet.rows(content):
        reader.take(number, row)
    reader.check_total(authorised)
    sheet.check()
    return CapTable(tuple(reader.holdings), decimals)


class _CapTableReader:
    """Turns rows into holdings; a row with a fault makes none."""

    def __init__(self, sheet: Sheet, decimals: int) -> None:
        self.sheet = sheet
        self.decimals = decimals
        self.holdings: list[Holding] = []
        self._total = 0

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check every cell of one row, whatever the others are like."""
        before = len(self.sheet.problems)
        address = self.sheet.cell(number, row, "address", partial(self._address, number))
        shares = self.sheet.cell(number, row, "shares", self._shares)
        name = self.sheet.cell(number, row, "name", _name)
        kind = self.sheet.cell(number, row, "kind", _kind)
        self._total += shares or 0
        if len(self.sheet.problems) == before and address and shares:
            self.holdings.append(Holding(address, shares, name or "", kind or ""))

    def check_total(self, authorised: int | None) -> None:
        """Compare the total of all readable shares, those on faulty lines included."""
        limit = MAX_SHARES if authorised is None else authorised
        if self._total > limit:
            excess = format_units(self._total - limit, self.decimals, trim=True)
            allowed = format_units(limit, self.decimals, trim=True)
            self.sheet.add(
                None,
                "total",
                format_units(self._total, self.decimals, trim=True),
                f"exceeds the {allowed} authorised shares by {excess}",
                "reduce the holdings, or authorise more with `prorata authorise`",
            )

    def _address(self, number: int, cell: str) -> str:
        return self.sheet.once(number, "address", cell, parse_address(cell), "address")

    def _shares(self, cell: str) -> int:
        shares = parse_units(cell, self.decimals, grouping=False, noun="shares")
        if not 0 < shares <= MAX_SHARES:
            raise InputError.of("shares", cell, *(_TOO_MANY if shares else _NO_SHARES))
        return shares


def _name(cell: str) -> str:
    if (hidden := strange_character(cell, printable=True)) is not None:
        raise InputError.of("name", cell, *hidden)
    if cell.startswith(_FORMULA):
        rule = "begins like a spreadsheet formula"
        raise InputError.of("name", cell, rule, f"begin it without {cell[0]}")
    return cell


def _kind(cell: str) -> str:
    if cell and cell not in KINDS:
        raise InputError.of("kind", cell, "is no kind of holder", f"use {', '.join(KINDS)}")
    return cell


_TWICE = ("stands in the table already", "give each address one holding")
_NO_SHARES = ("is not a holding", "write 1 or more, or remove the row")
_TOO_MANY = (f"exceeds the {MAX_SHARES} shares a token can count", "write fewer shares")


# ---------------------------------------------------------------------------- writing


def write_csv(table: CapTable, path: str | PathLike[str] | None = None) -> str:
    """The table as CSV text, also written to `path` if one is given.

    All four columns, the given order, UTF-8 without a byte-order mark, line feeds: the same table
    always gives the same bytes, and `parse_csv` gives the same table back.

    Raises: InputError, and then nothing is written, when the table could not be read back: a name
    or kind that `parse_csv` refuses; InputError when the file cannot be written.
    """
    rows = [
        HoldingRow(
            address=holding.address,
            shares=format_units(holding.shares, table.decimals, grouping=False, trim=True),
            name=holding.name,
            kind=holding.kind,
        )
        for holding in table
    ]
    text = csv_text(HoldingRow, rows)
    parse_csv(text, decimals=table.decimals)
    if path is not None:
        write_whole(Path(path), text, make_folder=False)
    return text
