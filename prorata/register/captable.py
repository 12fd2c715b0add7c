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

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from prorata.errors import InputError, Problem
from prorata.files.csv_reader import Sheet
from prorata.files.writer import Row, csv_text, write_whole
from prorata.register.dialects import (
    DISPERSE,
    MERKLE_DROP,
    Dialect,
    disperse_rows,
    find_dialect,
    json_fault,
    merkle_rows,
    recognise_holders,
)
from prorata.register.share_cells import shares_parser
from prorata.values.addresses import parse_address
from prorata.values.amounts import MAX_SHARES, format_units, percent, strange_character
from prorata.values.words import counted, listed

__all__ = [
    "KINDS",
    "CapTable",
    "Holding",
    "Known",
    "Reading",
    "check_kind",
    "check_name",
    "parse_csv",
    "parse_rows",
    "read_csv",
    "write_csv",
]
KINDS = ("company", "fund", "individual", "treasury")
REQUIRED, OPTIONAL = ("address", "shares"), ("name", "kind")
OURS = "percent"
SHOWN = 20
HEADLESS = {DISPERSE.name: disperse_rows, MERKLE_DROP.name: merkle_rows}
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


Known: TypeAlias = Iterable[Holding]
"""Whose names and kinds are known: a cap table, or an address book, which has no shares."""


@dataclass(frozen=True)
class CapTable:
    """All holdings of one asset in the order given; `decimals` are the token's.

    `notices` are what whoever keeps the file should know: lines added up, columns not read.

    Raises: InputError when an address appears twice in whatever letter case, a holding has no
    shares, or the total exceeds `MAX_SHARES`.
    """

    holdings: tuple[Holding, ...]
    decimals: int = 0
    notices: tuple[str, ...] = field(default=(), compare=False)

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


@dataclass(frozen=True)
class Reading:
    """How a table is to be read, as its keeper says; the file itself is never asked.

    `decimals` are the token's, and `authorised` is the most the shares may add up to, in smallest
    units. `columns` has the file's name of a column of ours; `known_as` names the program that
    wrote it, one of `DIALECTS`. With `merge`, several lines of a holder are added up.
    `decimal_mark` stands before decimals, and then the other one may stand between thousands.
    `units` are `whole` or `smallest`, by default the format's own.
    """

    decimals: int = 0
    authorised: int | None = None
    columns: Mapping[str, str] | None = None
    known_as: str | None = None
    merge: bool = False
    decimal_mark: str | None = None
    units: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether its keeper says what the file does not."""
        told = (self.columns, self.known_as, self.merge, self.decimal_mark, self.units)
        return any(told)

    @property
    def dialect(self) -> Dialect | None:
        """The format that is named.

        Raises: InputError when there is none of that name.
        """
        return find_dialect(self.known_as)


def read_csv(
    path: str | PathLike[str],
    *,
    decimals: int = 0,
    authorised: int | None = None,
    **reading: Any,
) -> CapTable:
    """Read a cap table from the file at `path`; see `parse_csv`.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """
    content = Sheet.read(path)
    return parse_csv(
        content, decimals=decimals, authorised=authorised, subject=str(path), **reading
    )


def parse_csv(
    content: str | bytes,
    *,
    decimals: int = 0,
    authorised: int | None = None,
    subject: str = "the cap table",
    **reading: Any,
) -> CapTable:
    """Read a cap table from the content of a CSV file.

    Shares are written in whole shares with up to `decimals` digits after a point and are returned
    in smallest units; `authorised` is the most they may add up to, in smallest units. `subject`
    names the file in the error; `Reading` has the further arguments.

    Raises: InputError with every fault found, in order of lines, the total last.
    """
    how = Reading(decimals, authorised, **reading)
    written = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if how.known_as in HEADLESS:
        return parse_rows(HEADLESS[how.known_as](written), how, subject)
    if (fault := json_fault(written, subject)) is not None:
        raise fault
    reader = _CapTableReader(subject, how)
    return reader.table(reader.sheet.rows(content))


def parse_rows(
    rows: Iterable[tuple[int, Sequence[str]]], reading: Reading, subject: str = "the cap table"
) -> CapTable:
    """Read a cap table from cells: each row with its line number, the header first.

    Raises: as `parse_csv` does.
    """
    reader = _CapTableReader(subject, reading)
    return reader.table(reader.sheet.rows_of(rows))


class _CapTableReader:
    """Turns rows into holdings; a row with a fault makes none."""

    def __init__(self, subject: str, reading: Reading) -> None:
        self.reading = reading
        self.dialect = reading.dialect
        self.sheet = Sheet(
            subject,
            REQUIRED,
            optional=OPTIONAL,
            row="holder",
            information=(OURS,),
            any_others=self.dialect is not None,
            also={} if self.dialect is None else self.dialect.also,
            mapped=reading.columns or {},
            recognise=recognise_holders,
        )
        self.parse_shares = self._parser(reading.decimal_mark)
        self.holdings: dict[str, Holding] = {}
        self.lines: dict[str, list[tuple[int, int]]] = {}
        self.said: dict[str, tuple[int, str]] = {}
        self.classes: set[str] = set()
        self._total = 0

    def table(self, rows: Iterable[tuple[int, Mapping[str, str]]]) -> CapTable:
        """All of it.

        Raises: InputError with every fault found.
        """
        for number, row in rows:
            if OURS in row and self.reading.decimal_mark is None:
                # Our own reports write a point.
                self.parse_shares = self._parser(".")
            self.take(number, row)
        self.check_total(self.reading.authorised)
        self.sheet.check()
        notices = (*self.sheet.notices, *self._merged(), *self._mixed(), *self._summed())
        return CapTable(tuple(self.holdings.values()), self.reading.decimals, notices)

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check every cell of one row, whatever the others are like."""
        before = len(self.sheet.problems)
        if self.dialect is not None and not self._stands(self.dialect, number, row):
            return
        address = self.sheet.cell(number, row, "address", partial(self._address, number))
        shares = self.sheet.cell(number, row, "shares", self._shares)
        name = self.sheet.cell(number, row, "name", check_name)
        kind = self.sheet.cell(number, row, "kind", check_kind)
        self._total += shares or 0
        if len(self.sheet.problems) == before and address and shares:
            self._add(number, Holding(address, shares, name or "", kind or ""))

    def _stands(self, dialect: Dialect, number: int, row: Mapping[str, str]) -> bool:
        """Whether a row of another program's is a holding at all."""
        for column, guard in dialect.guards.items():
            self.sheet.cell(number, row, column, guard)
        for column in dialect.same:
            first, said = self.said.setdefault(column, (number, row.get(column, "")))
            if row.get(column, "").lower() != said.lower():
                rule = f"differs from what line {first} says"
                self.sheet.add(number, column, row[column], rule, "keep the lines of one token")
        if dialect.cancels and set(row.get("shares", "")) == {"0"}:
            self.sheet.remarks.append(f"line {number} has nothing outstanding, and is left out")
            return False
        self.classes.add(row.get(dialect.classes or "", ""))
        return True

    def _add(self, number: int, holding: Holding) -> None:
        """Take a holding, or add it to what earlier lines say of its holder."""
        earlier = self.holdings.get(holding.address)
        self.lines.setdefault(holding.address, []).append((number, holding.shares))
        if earlier is not None:
            for column, before, now in (
                ("name", earlier.name, holding.name),
                ("kind", earlier.kind, holding.kind),
            ):
                if before != now:
                    rule = f"differs from what line {self.lines[holding.address][0][0]} says"
                    self.sheet.add(number, column, now, rule, "make the lines of a holder agree")
            holding = replace(holding, shares=earlier.shares + holding.shares)
        self.holdings[holding.address] = holding

    def _merged(self) -> Iterator[str]:
        """What was added up, for whoever asked for it to see."""
        merged = {address: lines for address, lines in self.lines.items() if len(lines) > 1}
        for address, lines in list(merged.items())[:SHOWN]:
            parts = " + ".join(self._figure(shares) for _, shares in lines)
            total, where = (
                self._figure(sum(s for _, s in lines)),
                listed([str(n) for n, _ in lines]),
            )
            yield f"{address} holds {total} = {parts}, of lines {where}"
        if len(merged) > SHOWN:
            yield f"and {len(merged) - SHOWN:,} more holders of several lines were added up"

    def _mixed(self) -> Iterator[str]:
        classes = sorted(self.classes - {""})
        if len(classes) > 1:
            yield f"the lines are of several classes of shares, read as one: {', '.join(classes)}"

    def _summed(self) -> Iterator[str]:
        """What it comes to, where the file says so only by its keeper's word."""
        if self.reading.is_told:
            holders = counted(len(self.holdings), "holder")
            yield f"{self.sheet.subject} comes to {self._figure(self._total)} shares of {holders}"

    def _figure(self, shares: int) -> str:
        return format_units(shares, self.reading.decimals, trim=True)

    def check_total(self, authorised: int | None) -> None:
        """Compare the total of all readable shares, those on faulty lines included."""
        limit = MAX_SHARES if authorised is None else authorised
        if self._total > limit:
            self.sheet.add(
                None,
                "total",
                self._figure(self._total),
                f"exceeds the {self._figure(limit)} authorised shares by "
                f"{self._figure(self._total - limit)}",
                "reduce the holdings, or authorise more with `prorata authorise`",
            )

    def _address(self, number: int, cell: str) -> str:
        address = parse_address(cell)
        first = self.sheet.first_line(number, "address", address)
        if first != number and not self.reading.merge:
            rule = f"stands on line {first} already"
            remedy = "give each address one line, or add its lines up with `--merge`"
            raise InputError.of("address", cell, rule, remedy)
        return address

    def _parser(self, mark: str | None) -> Callable[[str], int]:
        return shares_parser(self.reading.decimals, mark, self.reading.units, self.dialect)

    def _shares(self, cell: str) -> int:
        shares = self.parse_shares(cell)
        if not 0 < shares <= MAX_SHARES:
            raise InputError.of("shares", cell, *(_TOO_MANY if shares else _NO_SHARES))
        return shares


def check_name(cell: str) -> str:
    """The name of a holder.

    Raises: InputError for one that hides a character, or that a spreadsheet would run.
    """
    if (hidden := strange_character(cell, printable=True)) is not None:
        raise InputError.of("name", cell, *hidden)
    if cell.startswith(_FORMULA):
        rule = "begins like a spreadsheet formula"
        raise InputError.of("name", cell, rule, f"begin it without {cell[0]}")
    return cell


def check_kind(cell: str) -> str:
    """The kind of a holder, or nothing.

    Raises: InputError when it is none of `KINDS`.
    """
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
    always gives the same bytes, and `parse_csv` with a point as the decimal mark gives the same
    table back.

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
    parse_csv(text, decimals=table.decimals, decimal_mark=".")
    if path is not None:
        write_whole(Path(path), text, make_folder=False)
    return text
