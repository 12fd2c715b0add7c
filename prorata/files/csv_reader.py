# SPDX-License-Identifier: MIT
"""A strict reader for tables that people keep: every fault at once, each with its line.

It knows lines, headers and cells; what a cell means is its caller's. Taken silently, because it
changes nothing: a UTF-8 byte-order mark, Windows or old Macintosh line ends, empty lines after the
last row, ordinary spaces around a cell, capitals in the header.

Columns have our names, or those that `mapped` says. What another program wrote is recognised by
its header, and refused with the option that reads it: nothing is decided by a likeness.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TypeAlias, TypeVar

from prorata.errors import InputError, Problem
from prorata.files.contents import kind_of
from prorata.files.old_names import OldNames
from prorata.values.amounts import strange_character

__all__ = ["Recognise", "Sheet"]

LONGEST_LINE = 10_000
LARGEST_BYTES = 64_000_000

_LINE_END = re.compile(r"\r\n|\n|\r")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE = "save the file as CSV UTF-8"
_SAVE_TABLE = "save the table as CSV UTF-8"
_SEPARATORS = ((";", "semicolons"), ("\t", "tabs"))

T = TypeVar("T")


Recognise: TypeAlias = Callable[[Sequence[str]], tuple[str, str] | None]
"""The rule and the remedy for a header, in lower case, that another program is known by."""


@dataclass
class Sheet:
    """One file: `columns` are all needed, in any order; `problems` are what was found so far.

    Columns that are `optional` may be left out; those for `information` are not read, and of
    `any_others` there may be more; `row` says what a line stands for; `renamed` has the present
    names of columns that had another one once, `also` those that another program has other names
    for. `mapped` has the file's name of a column, as its keeper says: then other columns are not
    read, and the keeper is told.
    """

    subject: str
    columns: Sequence[str]
    problems: list[Problem] = field(default_factory=list)
    optional: Sequence[str] = ()
    row: str = "wallet"
    renamed: Mapping[str, str] = field(default_factory=dict)
    information: Sequence[str] = ()
    any_others: bool = False
    also: Mapping[str, str] = field(default_factory=dict)
    mapped: Mapping[str, str] = field(default_factory=dict)
    recognise: Recognise = lambda _: None
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look out for old names.

        Raises: InputError for a mapped column that there is not.
        """
        self.old_names = OldNames(self.subject, self.renamed)
        self._first_lines: dict[tuple[str, str], int] = {}
        known = (*self.columns, *self.optional)
        for name, theirs in self.mapped.items():
            if name not in known:
                remedy = f"map {', '.join(known)} only"
                raise InputError.of("columns", f"{name}={theirs}", "maps no column of ours", remedy)

    @property
    def notices(self) -> list[str]:
        """What whoever keeps the file should know."""
        return [*self.old_names.notices, *self.remarks]

    def rows(self, content: str | bytes) -> Iterator[tuple[int, dict[str, str]]]:
        """The line number and cells of every row whose cells can be told apart.

        That is so under a faulty header too, so that all faults are listed at once; a column that
        the header lacks is not in the row.
        """
        lines = self._lines(content)
        return self._rows(
            (number, line, self._cells(number, line)) for number, line in enumerate(lines, start=1)
        )

    def rows_of(
        self, rows: Iterable[tuple[int, Sequence[str]]]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """The same of cells that were told apart before; the first row is the header."""
        return self._rows(
            (number, ",".join(cells), [cell.strip(" ") for cell in cells]) for number, cells in rows
        )

    def _rows(
        self, lines: Iterable[tuple[int, str, list[str] | None]]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        following = iter(lines)
        number, line, cells = next(following, (1, "", [""]))
        header = [] if cells is None else self._header(number, line, cells)
        if not header:
            return
        empty = not self.problems
        for number, line, cells in following:
            empty = False
            if cells is not None and self._fits(number, line, cells, header):
                yield number, dict(zip(header, cells, strict=True))
        if empty:
            self.add(None, None, "the file", "has no rows", f"add a line for each {self.row}")

    def cell(
        self, line: int, row: Mapping[str, str], column: str, parse: Callable[[str], T]
    ) -> T | None:
        """What a cell says; None where it has a fault, which is noted, or there is no such column.

        `parse` raises InputError for a fault.
        """
        if column not in row:
            return None
        try:
            return parse(row[column])
        except InputError as error:
            fault = error.problems[0]
            self.add(line, column, row[column], fault.rule, fault.remedy)
            return None

    def once(self, line: int, column: str, cell: str, value: str, noun: str) -> str:
        """What `cell` says, `value`, which no line before may say in its column.

        `noun` is what the column holds, such as a wallet.

        Raises: InputError.
        """
        if (first := self.first_line(line, column, value)) != line:
            rule = f"stands on line {first} already"
            raise InputError.of(column, cell, rule, f"give each {noun} one line")
        return value

    def first_line(self, line: int, column: str, value: str) -> int:
        """The first line that says `value` in its column: `line`, when none before did."""
        return self._first_lines.setdefault((column, value), line)

    def add(self, line: int | None, column: str | None, value: str, rule: str, remedy: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(line, column, value, rule, remedy))

    def check(self) -> None:
        """Raises: InputError with every fault noted."""
        if self.problems:
            raise InputError(self.problems, self.subject)

    @staticmethod
    def read(path: str | PathLike[str], kind: str = "CSV") -> bytes:
        """The bytes of a file; `kind` says what it should be.

        Raises: InputError when it cannot be read.
        """
        try:
            with Path(path).open("rb") as file:
                # A device may have no end.
                content = file.read(LARGEST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError.of(
                "file",
                path,
                f"cannot be read ({reason.lower()})",
                f"give the path of a {kind} file",
            ) from None
        if len(content) > LARGEST_BYTES:
            rule = f"is over {LARGEST_BYTES:,} bytes long"
            raise InputError.of("file", path, rule, f"give the path of a {kind} file")
        return content

    def _lines(self, content: str | bytes) -> list[str]:
        if isinstance(content, bytes):
            if content.startswith(_UTF_16):
                self.add(1, None, "UTF-16", "is not UTF-8", _SAVE)
                self.check()
            if (kind := kind_of(content)) is not None:
                self.add(None, "file", self.subject, f"is {kind}, not CSV", _SAVE_TABLE)
                self.check()
            # Other bytes that are not UTF-8 are named in their cells.
            content = content.decode("utf-8", errors="surrogateescape")
        lines = _LINE_END.split(content.removeprefix("\ufeff"))
        while len(lines) > 1 and lines[-1] == "":
            lines.pop()
        return lines

    def _header(self, number: int, line: str, cells: Sequence[str]) -> list[str]:
        """The names of the columns, or nothing when the rows could not be told apart."""
        known = (*self.columns, *self.optional)
        names = [self._name(cell) for cell in cells]
        for separator, called in _SEPARATORS:
            if len(names) == 1 and separator in line:
                self.add(number, "header", line, f"is separated by {called}", "save it with commas")
                return []
        foreign = None if self._is_ours(names) else self.recognise([c.lower() for c in cells])
        if foreign is not None:
            self.add(number, "header", line, *foreign)
            return []
        if not set(names) & set(known):
            remedy = f"start with a line {','.join(self.columns)}"
            self.add(number, "header", line, "is no header", remedy)
            return []
        self._check_names(number, line, cells, names)
        repeated = [name for name in known if names.count(name) > 1]
        for name in repeated:
            self.add(number, "header", name, "is a column twice", "keep one of them")
        return [] if repeated else names

    def _name(self, cell: str) -> str:
        """Our name of a column; of one that is mapped, no other has it."""
        theirs = {header.lower(): name for name, header in self.mapped.items()}
        if (name := theirs.get(cell.lower())) is not None:
            return name
        name = self.old_names.current(self.also.get(cell.lower(), cell.lower()))
        return f"({name})" if name in self.mapped else name

    def _is_ours(self, names: Sequence[str]) -> bool:
        known = {*self.columns, *self.optional, *self.information}
        return set(self.columns) <= set(names) and (self._takes_others or set(names) <= known)

    @property
    def _takes_others(self) -> bool:
        return self.any_others or bool(self.mapped)

    def _check_names(
        self, number: int, line: str, cells: Sequence[str], names: Sequence[str]
    ) -> None:
        known = (*self.columns, *self.optional)
        others = [
            cell
            for cell, name in zip(cells, names, strict=True)
            if name not in (*known, *self.information)
        ]
        if self.mapped and others:
            self.remarks.append(f"{self.subject} has columns that are not read: {_listed(others)}")
        for cell in [] if self._takes_others else others:
            rule, _ = strange_character(cell) or ("is no known column", "")
            self.add(number, "header", cell, rule, f"use only {', '.join(known)}")
        for name in known:
            if name in self.mapped and name not in names:
                remedy = f"map one of {_listed(cells)}"
                self.add(number, "columns", self.mapped[name], "is in no header", remedy)
            elif name in self.columns and name not in names:
                self.add(number, "header", line, f"lacks the column {name}", "add it")

    def _cells(self, number: int, line: str) -> list[str] | None:
        """The cells of one physical line without the ordinary spaces around them."""
        if "\0" in line or len(line) > LONGEST_LINE:
            rule = "has a NUL byte" if "\0" in line else f"is over {LONGEST_LINE} characters long"
            self.add(number, None, line, rule, "write the row again")
            return None
        try:
            rows = list(csv.reader([line], strict=True, skipinitialspace=True))
        except csv.Error:
            rule, remedy = "has unbalanced quotes or a line break in a cell", "close the quotes"
            self.add(number, None, line, rule, remedy)
            return None
        return [cell.strip(" ") for cell in rows[0]] if rows else [""]

    def _fits(self, number: int, line: str, cells: Sequence[str], header: Sequence[str]) -> bool:
        """Whether each column has one cell, which is text."""
        if not any(cells):
            self.add(number, None, line, "is a blank row", "remove it")
        elif (torn := next(filter(_is_torn, cells), None)) is not None:
            column = header[cells.index(torn)] if len(cells) == len(header) else None
            rule, remedy = strange_character(torn, printable=True) or ("is not UTF-8", _SAVE)
            self.add(number, column, torn, rule, remedy)
        elif len(cells) != len(header):
            rule = f"has {len(cells)} cells where the header has {len(header)}"
            more = "remove what is too much, and any comma inside a number"
            remedy = more if len(cells) > len(header) else "add what is missing"
            self.add(number, None, line, rule, remedy)
        else:
            return True
        return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _is_torn(cell: str) -> bool:
    """Whether it has a byte that is not UTF-8."""
    return not cell.isascii() and any("\udc80" <= character <= "\udcff" for character in cell)
