# SPDX-License-Identifier: MIT
"""A strict reader for CSV files that people keep: every fault at once, each with its line.

It knows lines, headers and cells; what a cell means is its caller's. Taken silently, because it
changes nothing: a UTF-8 byte-order mark, Windows or old Macintosh line ends, empty lines after the
last row, ordinary spaces around a cell, capitals in the header.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TypeVar

from prorata.errors import InputError, Problem
from prorata.files.old_names import OldNames
from prorata.values.amounts import strange_character

__all__ = ["Sheet"]

LONGEST_LINE = 10_000

_LINE_END = re.compile(r"\r\n|\n|\r")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE = "save the file as CSV UTF-8"
_SEPARATORS = ((";", "semicolons"), ("\t", "tabs"))

T = TypeVar("T")


@dataclass
class Sheet:
    """One file: `columns` are all needed, in any order; `problems` are what was found so far.

    Columns that are `optional` may be left out; `row` says what a line stands for; `renamed` has
    the present names of columns that had another one once.
    """

    subject: str
    columns: Sequence[str]
    problems: list[Problem] = field(default_factory=list)
    optional: Sequence[str] = ()
    row: str = "wallet"
    renamed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look out for old names."""
        self.old_names = OldNames(self.subject, self.renamed)
        self._first_lines: dict[tuple[str, str], int] = {}

    @property
    def notices(self) -> list[str]:
        """What whoever keeps the file should know."""
        return self.old_names.notices

    def rows(self, content: str | bytes) -> Iterator[tuple[int, dict[str, str]]]:
        """The line number and cells of every row whose cells can be told apart.

        That is so under a faulty header too, so that all faults are listed at once; a column that
        the header lacks is not in the row.
        """
        lines = self._lines(content)
        header = self._header(lines[0])
        if not header:
            return
        if len(lines) == 1 and not self.problems:
            self.add(None, None, "the file", "has no rows", f"add a line for each {self.row}")
        for number, line in enumerate(lines[1:], start=2):
            cells = self._cells(number, line)
            if cells is not None and self._fits(number, line, cells, header):
                yield number, dict(zip(header, cells, strict=True))

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

        `noun` is what the column holds, such as a wallet. Raises: InputError.
        """
        first = self._first_lines.setdefault((column, value), line)
        if first != line:
            rule = f"stands on line {first} already"
            raise InputError.of(column, cell, rule, f"give each {noun} one line")
        return value

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
            return Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError.of(
                "file",
                path,
                f"cannot be read ({reason.lower()})",
                f"give the path of a {kind} file",
            ) from None

    def _lines(self, content: str | bytes) -> list[str]:
        if isinstance(content, bytes):
            if content.startswith(_UTF_16):
                self.add(1, None, "UTF-16", "is not UTF-8", _SAVE)
                self.check()
            # Other bytes that are not UTF-8 are named in their cells.
            content = content.decode("utf-8", errors="surrogateescape")
        lines = _LINE_END.split(content.removeprefix("\ufeff"))
        while len(lines) > 1 and lines[-1] == "":
            lines.pop()
        return lines

    def _header(self, line: str) -> list[str]:
        """The names of the columns, or nothing when the rows could not be told apart."""
        if (cells := self._cells(1, line)) is None:
            return []
        known = (*self.columns, *self.optional)
        names = [self.old_names.current(cell.lower()) for cell in cells]
        for separator, called in _SEPARATORS:
            if len(names) == 1 and separator in line:
                self.add(1, "header", line, f"is separated by {called}", "save it with commas")
                return []
        if not set(names) & set(known):
            remedy = f"start with a line {','.join(self.columns)}"
            self.add(1, "header", line, "is no header", remedy)
            return []
        for cell, name in zip(cells, names, strict=True):
            if name not in known:
                rule, _ = strange_character(cell) or ("is no known column", "")
                self.add(1, "header", cell, rule, f"use only {', '.join(known)}")
        for name in self.columns:
            if name not in names:
                self.add(1, "header", line, f"lacks the column {name}", "add it")
        repeated = [name for name in known if names.count(name) > 1]
        for name in repeated:
            self.add(1, "header", name, "is a column twice", "keep one of them")
        return [] if repeated else names

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


def _is_torn(cell: str) -> bool:
    """Whether it has a byte that is not UTF-8."""
    return any("\udc80" <= character <= "\udcff" for character in cell)
