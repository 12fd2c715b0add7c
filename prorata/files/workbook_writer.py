# SPDX-License-Identifier: MIT
"""Excel workbooks that prorata writes: text stays text, and the same content gives the same bytes.

A number is written as a number only where a spreadsheet keeps it exactly, else as text. Text is
never taken for a formula, whatever it begins with. A formula is live, and the value that it has now
is kept beside it, for programs that do not calculate.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from html import unescape
from pathlib import Path
from typing import TypeAlias

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from prorata.files.garbage import uncollected
from prorata.files.workbook_cells import MOST_NUMBER
from prorata.files.writer import written_whole
from prorata.values.amounts import format_units

__all__ = ["Formula", "Page", "figure", "put", "workbook_bytes", "write_workbook"]

TEXT, LIKE_FORMULAS = "@", ("=", "+", "-", "@")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_UNCALCULATED = re.compile(rb"<f>([^<]*)</f><v(?: ?/>|></v>)")


@dataclass(frozen=True)
class Formula:
    """A live formula, without its `=`, and what it comes to now."""

    text: str
    value: int | Decimal


Value: TypeAlias = str | int | Decimal | Formula | None


@dataclass(frozen=True)
class Page:
    """One sheet: its first `heading` rows are bold and stay in sight.

    `formats` has the number formats of columns, counted from 1; `widths` are in characters.
    """

    title: str
    rows: Sequence[Sequence[Value]]
    widths: Sequence[int]
    formats: Mapping[int, str] = field(default_factory=dict)
    heading: int = 1


def figure(units: int, decimals: int) -> int | str:
    """An amount as a cell has it: a number if whole and short enough, else every digit as text."""
    whole, rest = divmod(units, 10**decimals)
    if rest == 0 and whole < MOST_NUMBER:
        return int(whole)
    return format_units(units, decimals, grouping=False, trim=True)


def write_workbook(path: Path, pages: Sequence[Page]) -> None:
    """Write the pages, in one step, to a folder that there is.

    Raises: InputError when the file cannot be written.
    """
    with written_whole(path, make_folder=False) as part:
        part.write_bytes(workbook_bytes(pages))


def workbook_bytes(pages: Sequence[Page]) -> bytes:
    """The file: the same pages always give the same bytes."""
    file = io.BytesIO()
    with uncollected():
        book = Workbook()
        book.remove(book.worksheets[0])
        for page in pages:
            _add(book, page)
        book.save(file)
    return _settled(file.getvalue(), [_values(page) for page in pages])


def put(cell: Cell | MergedCell, value: Value, number_format: str | None = None) -> None:
    """Set a cell: text as text."""
    if isinstance(value, Formula):
        cell.value = f"={value.text}"
    elif isinstance(value, str):
        cell.value = value
        cell.data_type = "s"
        if value.startswith(LIKE_FORMULAS) or number_format is not None:
            # So that it stays text when somebody edits it.
            cell.number_format = TEXT
    else:
        cell.value = value
    if number_format is not None and not isinstance(value, str):
        cell.number_format = number_format


def _add(book: Workbook, page: Page) -> None:
    sheet = book.create_sheet(page.title)
    bold = Font(bold=True)
    for number, row in enumerate(page.rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is None or value == "":
                continue
            cell = sheet.cell(number, column)
            put(cell, value, page.formats.get(column))
            if number <= page.heading:
                cell.font = bold
            elif isinstance(value, str) and column in page.formats:
                cell.alignment = Alignment(horizontal="right")
    for column, width in enumerate(page.widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"A{page.heading + 1}"


def _values(page: Page) -> dict[str, int | Decimal]:
    """What the formulas of a page come to."""
    return {v.text: v.value for row in page.rows for v in row if isinstance(v, Formula)}


def _settled(content: bytes, values: Sequence[Mapping[str, int | Decimal]]) -> bytes:
    """The same file with the values of its formulas, page by page, without the time of day."""
    sheets = {f"xl/worksheets/sheet{number}.xml": of for number, of in enumerate(values, start=1)}
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            part = _STAMP.sub(rb"\g<1>2000-01-01T00:00:00Z\3", before.read(name))
            if name in sheets:
                part = _UNCALCULATED.sub(partial(_calculated, values=sheets[name]), part)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            after.writestr(entry, part)
    return file.getvalue()


def _calculated(found: re.Match[bytes], values: Mapping[str, int | Decimal]) -> bytes:
    value = values[unescape(found[1].decode())]
    return b"<f>%s</f><v>%s</v>" % (found[1], f"{Decimal(value):f}".encode())
