# SPDX-License-Identifier: MIT
"""Credits with serial numbers, such as carbon credits: what was issued, and which were retired.

A token has the credits of one project, one vintage and one set of labels, none of which can be
divided. They are issued in batches, each a range of serial numbers, in a CSV file with the columns
`token,project,vintage,labels,prefix,first,last,buffer`, in any order, all needed:

    labels      what a registry says of them, several as in CCP+SDG, or none
    prefix      before the number of each serial, such as VR-1187-2024
    buffer      how many of the batch, the last ones, the registry keeps against reversals

No serial is in two batches, so that no credit is issued twice. A token cannot tell its credits
apart, so that they are retired in the order of their serials, first in, first out, and those of the
buffer are cancelled in the same way: the log of both says which serials they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prorata.errors import InputError, Problem
from prorata.files.csv_reader import Sheet
from prorata.values.amounts import parse_units, strange_character

__all__ = ["Batch", "Serials", "overlap", "parse_batches", "read_batches", "serials_between"]

COLUMNS = ("token", "project", "vintage", "labels", "prefix", "first", "last", "buffer")

LONGEST = 64
MOST_SERIAL = 10**15

_VINTAGE = re.compile(r"(19|20)[0-9]{2}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,31}", re.ASCII)


@dataclass(frozen=True)
class Serials:
    """A range of serial numbers of one prefix, both ends included."""

    prefix: str
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def text(self) -> str:
        """For people: `VR-1187-2024-000001 to 000400`, or one serial alone."""
        beginning = f"{self.prefix}-{self.first:06d}"
        return beginning if self.first == self.last else f"{beginning} to {self.last:06d}"

    def common(self, other: Serials) -> Serials | None:
        """What two ranges have in common."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        if self.prefix != other.prefix or first > last:
            return None
        return Serials(self.prefix, first, last)


@dataclass(frozen=True)
class Batch:
    """Credits that were issued together; the last `buffer` of them are the buffer's."""

    token: str
    project: str
    vintage: int
    labels: tuple[str, ...]
    serials: Serials
    buffer: int

    @property
    def name(self) -> str:
        """What tells it from other batches."""
        return f"{self.serials.prefix}-{self.serials.first}"

    @property
    def sold(self) -> Serials:
        """The serials that holders can have; there is one at least."""
        return Serials(self.serials.prefix, self.serials.first, self.serials.last - self.buffer)

    @property
    def kept(self) -> Serials | None:
        """The serials of the buffer."""
        if not self.buffer:
            return None
        return Serials(self.serials.prefix, self.sold.last + 1, self.serials.last)

    @property
    def nature(self) -> tuple[str, int, tuple[str, ...]]:
        """What all credits of a token have in common."""
        return self.project, self.vintage, self.labels


def overlap(batches: Sequence[Batch], new: Serials) -> Serials | None:
    """Serials of a range that were issued before."""
    return next((both for one in batches if (both := one.serials.common(new))), None)


def serials_between(ranges: Iterable[Serials], before: int, count: int) -> tuple[Serials, ...]:
    """Which serials come after the first `before` of some ranges: so many, in their order.

    Raises: InputError when there are not so many.
    """
    found, skip, left = [], before, count
    for one in ranges:
        if skip >= len(one):
            skip -= len(one)
            continue
        taken = min(len(one) - skip, left)
        if taken:
            first = one.first + skip
            found.append(Serials(one.prefix, first, first + taken - 1))
        skip, left = 0, left - taken
    if left:
        rule = f"are {left} more than there are serials"
        raise InputError.of("credits", before + count, rule, "give the file of every batch")
    return tuple(found)


# ---------------------------------------------------------------------------------------- the file


def read_batches(path: Path) -> tuple[Batch, ...]:
    """The batches in a file, in its order.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return parse_batches(Sheet.read(path), str(path))


def parse_batches(content: str | bytes, subject: str) -> tuple[Batch, ...]:
    """The batches in the text of a file.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(subject, COLUMNS, row="batch")
    found: list[Batch] = []
    for line, row in sheet.rows(content):
        batch = _batch(sheet, line, row)
        if batch is None:
            continue
        for problem in _conflicts(found, batch, line):
            sheet.problems.append(problem)
        found.append(batch)
    sheet.check()
    return tuple(found)


def _batch(sheet: Sheet, line: int, row: dict[str, str]) -> Batch | None:
    """One line of the file; None where it has a fault, which is noted."""
    token = sheet.cell(line, row, "token", _text)
    project = sheet.cell(line, row, "project", _text)
    vintage = sheet.cell(line, row, "vintage", _vintage)
    labels = sheet.cell(line, row, "labels", _labels)
    prefix = sheet.cell(line, row, "prefix", _prefix)
    first = sheet.cell(line, row, "first", _serial)
    last = sheet.cell(line, row, "last", _serial)
    buffer = sheet.cell(line, row, "buffer", _count)
    if token is None or project is None or vintage is None or labels is None:
        return None
    if prefix is None or first is None or last is None or buffer is None:
        return None
    if last < first:
        rule = f"is below the first serial, {first}"
        sheet.add(line, "last", str(last), rule, "give both ends of the range")
        return None
    if buffer > last - first:
        rule = f"leaves nothing to sell of the {last - first + 1} serials"
        sheet.add(line, "buffer", str(buffer), rule, "keep fewer")
        return None
    return Batch(token, project, vintage, labels, Serials(prefix, first, last), buffer)


def _conflicts(before: Sequence[Batch], batch: Batch, line: int) -> Iterator[Problem]:
    both = overlap(before, batch.serials)
    if both is not None:
        rule = "were issued before, and no credit is issued twice"
        yield Problem(line, "first", both.text, rule, "give the range that is new")
    for one in before:
        if one.token == batch.token and one.nature != batch.nature:
            rule = (
                f"has credits of {one.project}, {one.vintage}, {'+'.join(one.labels) or 'none'}, "
                "and these are others"
            )
            yield Problem(line, "token", batch.token, rule, "give them a token of their own")
            return


def _text(cell: str) -> str:
    if not 0 < len(cell) <= LONGEST:
        rule = f"is not 1 to {LONGEST} characters long"
        raise InputError.of("text", cell, rule, "write a name")
    if (strange := strange_character(cell, printable=True)) is not None:
        raise InputError.of("text", cell, *strange)
    return cell


def _vintage(cell: str) -> int:
    if not _VINTAGE.fullmatch(cell):
        raise InputError.of("vintage", cell, "is no year", "write one, such as 2024")
    return int(cell)


def _labels(cell: str) -> tuple[str, ...]:
    if cell == "none":
        return ()
    labels = cell.split("+")
    if not all(_WORD.fullmatch(label) for label in labels) or len(set(labels)) < len(labels):
        rule = "is no set of labels"
        raise InputError.of("labels", cell, rule, "write each once, as in CCP+SDG, or none")
    return tuple(sorted(labels))


def _prefix(cell: str) -> str:
    if not _WORD.fullmatch(cell):
        rule = "is no beginning of a serial"
        raise InputError.of("prefix", cell, rule, "write letters, digits, points and hyphens")
    return cell


def _count(cell: str) -> int:
    return parse_units(cell, 0, noun="serials")


def _serial(cell: str) -> int:
    number = _count(cell)
    if not 0 < number < MOST_SERIAL:
        raise InputError.of("serial", cell, "is no serial number", "write 1 or more")
    return number
