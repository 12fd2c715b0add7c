"""Workbooks as spreadsheets save them, made cell by cell."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["packed", "repacked", "saved", "workbook"]


def workbook(rows: Sequence[Sequence[object]], title: str = "Holders") -> Workbook:
    """A workbook of one sheet; text is text, whatever it begins with."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    fill(sheet, rows)
    return book


def fill(sheet: Worksheet, rows: Sequence[Sequence[object]]) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column, value)
            if isinstance(value, str):
                cell.data_type = "s"


def saved(book: Workbook) -> bytes:
    """The bytes of its file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def packed(rows: Sequence[Sequence[object]]) -> bytes:
    return saved(workbook(rows))


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The same file with its parts changed, as another program might write them."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
    return file.getvalue()
