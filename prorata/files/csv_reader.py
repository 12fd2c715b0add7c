# SPDX-License-Identifier: MIT
"""A strict reader for CSV files that people keep: every fault at once, each with its line.

It knows lines, headers and cells; what a cell means is its caller's. The file is UTF-8; a
byte-order mark, Windows line ends, empty lines at the end and ordinary spaces around a cell are
taken silently, because they change nothing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from prorata.errors import InputError, Problem
from prorata.values.amounts import strange_character

__all__ = ["Sheet"]

LONGEST_LINE = 10_000

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass
class Sheet:
    """One file: `columns` are all needed, in any order; `problems` are what was found so far.

    Columns that are `optional` may be left out; `row` says what a line stands for.
    """

    subject: str
    columns: Sequence[str]
    problems: list[Problem] = field(default_factory=list)
    optional: Sequence[str] = ()
    row: str = "wallet"

    def rows(self, content: str | bytes) -> Iterator[tuple[int, dict[str, str]]]:
        """The line number and cells of every row whose cells can be told apart."""
        lines = self._lines(content)
        header = self._header(lines[0])
        if not header:
            return
        if len(lines) == 1:
            self.add(None, None, "the file", "has no rows", f"add a line for each {self.row}")
        for number, line in enumerate(lines[1:], start=2):
            cells = self._cells(number, line)
            if cells is None:
                continue
            if not any(cells):
                self.add(number, None, line, "is a blank row", "remove it")
            elif len(cells) != len(header):
                rule = f"has {len(cells)} cells where the header has {len(header)}"
                self.add(number, None, line, rule, "give each column one cell")
            else:
                yield number, dict(zip(header, cells, strict=True))

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
            try:
                content = content.decode("utf-8")
            except UnicodeDecodeError:
                rule, remedy = "is not UTF-8", "save the file as CSV UTF-8"
                raise InputError(
                    [Problem(None, None, "the file", rule, remedy)], self.subject
                ) from None
        lines = _LINE_END.split(content.removeprefix("\ufeff"))
        while len(lines) > 1 and lines[-1] == "":
            lines.pop()
        return lines

    def _header(self, line: str) -> list[str]:
        known = (*self.columns, *self.optional)
        names = [cell.lower() for cell in self._cells(1, line) or ()]
        for name in names:
            if name not in known:
                rule, _ = strange_character(name) or ("is no known column", "")
                self.add(1, "header", name, rule, f"use {', '.join(known)}")
        for name in known:
            if name not in names:
                if name in self.columns:
                    self.add(1, "header", line, f"lacks the column {name}", "add it")
            elif names.count(name) > 1:
                self.add(1, "header", name, "is a column twice", "keep one of them")
        return [] if self.problems else names

    def _cells(self, number: int, line: str) -> list[str] | None:
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
