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

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from eth_utils.address import to_checksum_address

from prorata.errors import InputError, Problem
from prorata.values.addresses import address_fault
from prorata.values.amounts import MAX_SHARES, format_units, parse_units, percent, strange_character

__all__ = ["KINDS", "CapTable", "Holding", "parse_csv", "read_csv", "write_csv"]
KINDS = ("company", "fund", "individual", "treasury")
COLUMNS = ("address", "shares", "name", "kind")
REQUIRED = ("address", "shares")
LONGEST_LINE = 10_000
_LINE_END = re.compile(r"\r\n|\n|\r")
_FORMULA = ("=", "+", "-", "@")


# ---------------------------------------------------------------------------- the table


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
                problems.append(_problem(None, "address", holding.address, *_TWICE))
            if holding.shares <= 0:
                problems.append(_problem(None, "shares", str(holding.shares), *_NO_SHARES))
            seen.add(holding.address.lower())
        if self.total > MAX_SHARES:
            problems.append(_problem(None, "total", str(self.total), *_TOO_MANY))
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
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.of(
            "file", path, f"cannot be read ({reason.lower()})", "give the path of a CSV file"
        ) from None
    return parse_csv(content, decimals=decimals, authorised=authorised, subject=str(path))


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
    if isinstance(content, bytes):
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError(
                [_problem(1, None, "UTF-16", "is not UTF-8", "save the file as CSV UTF-8")], subject
            )
        content = content.decode("utf-8", errors="surrogateescape")
    lines = _LINE_END.split(content.removeprefix("\ufeff"))
    while len(lines) > 1 and lines[-1] == "":
        lines.pop()
    reader = _CapTableReader(decimals)
    reader.read_header(lines[0])
    if reader.columns:
        for number, line in enumerate(lines[1:], start=2):
            reader.read_row(number, line)
        reader.check_total(len(lines) > 1, authorised)
    if reader.problems:
        raise InputError(reader.problems, subject)
    return CapTable(tuple(reader.holdings), decimals)


class _CapTableReader:
    """Collects holdings and problems line by line; a line with a problem makes no holding."""

    def __init__(self, decimals: int) -> None:
        self.decimals = decimals
        self.columns: list[str] = []
        self.holdings: list[Holding] = []
        self.problems: list[Problem] = []
        self._lines: dict[str, int] = {}  # where each address was first seen
        self._total = 0

    def read_header(self, line: str) -> None:
        """Set `columns`, or leave them empty when the rows could not be told apart."""
        cells = self._cells(1, line)
        if cells is None:
            return
        names = [cell.lower() for cell in cells]
        known = [name for name in names if name in COLUMNS]
        for separator, called in ((";", "semicolons"), ("\t", "tabs")):
            if len(names) == 1 and separator in line:
                self._add(1, "header", line, f"is separated by {called}", "save it with commas")
                return
        if not known:
            self._add(1, "header", line, "is no header", "start with a line address,shares")
            return
        for cell, name in zip(cells, names, strict=True):
            if name not in COLUMNS:
                rule, _ = strange_character(cell) or ("is no known column", "")
                self._add(1, "header", cell, rule, f"use only {', '.join(COLUMNS)}")
        for name in REQUIRED:
            if name not in known:
                self._add(1, "header", line, f"lacks the column {name}", "add it")
        repeated = [name for name in COLUMNS if known.count(name) > 1]
        for name in repeated:
            self._add(1, "header", name, "is a column twice", "keep one of them")
        # Rows are checked under a faulty header too, so that all faults are listed at once.
        self.columns = [] if repeated else names

    def read_row(self, number: int, line: str) -> None:
        """Check every cell of one line, whatever the others are like."""
        cells = self._cells(number, line)
        if cells is None:
            return
        if not any(cells):
            self._add(number, None, line, "is a blank row", "remove it")
            return
        if len(cells) != len(self.columns):
            rule = f"has {len(cells)} cells where the header has {len(self.columns)}"
            more = "remove what is too much, and any comma inside a number"
            remedy = more if len(cells) > len(self.columns) else "add what is missing"
            self._add(number, None, line, rule, remedy)
            return
        before = len(self.problems)
        row = dict(zip(self.columns, cells, strict=True))
        address = self._address(number, row["address"]) if "address" in row else ""
        shares = self._shares(number, row["shares"]) if "shares" in row else 0
        name = self._name(number, row.get("name", ""))
        kind = self._kind(number, row.get("kind", ""))
        self._total += shares
        if len(self.problems) == before:
            self.holdings.append(Holding(address, shares, name, kind))

    def check_total(self, any_rows: bool, authorised: int | None) -> None:
        """Compare the total of all readable shares, those on faulty lines included."""
        if not any_rows:
            self.problems.append(
                _problem(None, None, "the file", "has no holders", "add a line for each holder")
            )
        limit = MAX_SHARES if authorised is None else authorised
        if self._total > limit:
            excess = format_units(self._total - limit, self.decimals, trim=True)
            allowed = format_units(limit, self.decimals, trim=True)
            self.problems.append(
                _problem(
                    None,
                    "total",
                    format_units(self._total, self.decimals, trim=True),
                    f"exceeds the {allowed} authorised shares by {excess}",
                    "reduce the holdings or authorise more shares",
                )
            )

    def _cells(self, number: int, line: str) -> list[str] | None:
        """The cells of one physical line without the ordinary spaces around them."""
        if "\0" in line or len(line) > LONGEST_LINE:
            rule = "has a NUL byte" if "\0" in line else f"is over {LONGEST_LINE} characters long"
            self._add(number, None, line, rule, "write the row again")
            return None
        try:
            rows = list(csv.reader([line], strict=True, skipinitialspace=True))
        except csv.Error:
            rule, remedy = "has unbalanced quotes or a line break in a cell", "close the quotes"
            self._add(number, None, line, rule, remedy)
            return None
        return [cell.strip(" ") for cell in rows[0]] if rows else [""]

    def _address(self, number: int, cell: str) -> str:
        if (fault := address_fault(cell)) is not None:
            self._add(number, "address", cell, *fault)
            return cell
        address = to_checksum_address(cell)
        first = self._lines.setdefault(address, number)
        if first != number:
            rule = f"stands on line {first} already"
            self._add(number, "address", cell, rule, "give each address one line")
        return address

    def _shares(self, number: int, cell: str) -> int:
        try:
            shares = parse_units(cell, self.decimals, grouping=False, noun="shares")
        except InputError as error:
            fault = replace(error.problems[0], line=number, column="shares")
            self.problems.append(fault)
            return 0
        if shares == 0:
            self._add(number, "shares", cell, *_NO_SHARES)
        elif shares > MAX_SHARES:
            self._add(number, "shares", cell, *_TOO_MANY)
            return 0
        return shares

    def _name(self, number: int, cell: str) -> str:
        if (hidden := strange_character(cell, printable=True)) is not None:
            self._add(number, "name", cell, *hidden)
        if cell.startswith(_FORMULA):
            rule = "begins like a spreadsheet formula"
            self._add(number, "name", cell, rule, f"begin it without {cell[0]}")
        return cell

    def _kind(self, number: int, cell: str) -> str:
        if cell and cell not in KINDS:
            self._add(number, "kind", cell, "is no kind of holder", f"use {', '.join(KINDS)}")
        return cell

    def _add(self, line: int, column: str | None, value: str, rule: str, remedy: str) -> None:
        self.problems.append(_problem(line, column, value, rule, remedy))


def _problem(line: int | None, column: str | None, value: str, rule: str, remedy: str) -> Problem:
    return Problem(line, column, value, rule, remedy)


_TWICE = ("stands in the table already", "give each address one holding")
_NO_SHARES = ("is not a holding", "write 1 or more, or remove the row")
_TOO_MANY = (f"exceeds the {MAX_SHARES} shares a token can count", "write fewer shares")


# ---------------------------------------------------------------------------- writing


def write_csv(table: CapTable, path: str | PathLike[str] | None = None) -> str:
    """The table as CSV text, also written to `path` if one is given.

    All four columns, the given order, UTF-8 without a byte-order mark, line feeds: the same table
    always gives the same bytes, and `parse_csv` gives the same table back.

    Raises: InputError, and then nothing is written, when the table could not be read back: a name
    or kind that `parse_csv` refuses.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for holding in table:
        shares = format_units(holding.shares, table.decimals, grouping=False, trim=True)
        writer.writerow((holding.address, shares, holding.name, holding.kind))
    parse_csv(text.getvalue(), decimals=table.decimals)
    if path is not None:
        Path(path).write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return text.getvalue()
