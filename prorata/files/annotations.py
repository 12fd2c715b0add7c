# SPDX-License-Identifier: MIT
"""A workbook with its faults marked in it, to be mended there and read again.

It is the keeper's own file: each faulty cell is red and has a comment with the rule and the remedy;
a first sheet lists all faults with links. That sheet is not read again, and neither colours nor
comments are, so that the file passes as soon as its cells do. Marks of an earlier run go first.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from prorata.errors import InputError, Problem
from prorata.files.workbook_cells import CellProblem
from prorata.files.workbook_files import opened
from prorata.files.workbook_reader import FAULTS, filled_cells
from prorata.files.workbook_writer import put

__all__ = ["annotated"]

AUTHOR = "prorata"
RED = "FFFFC7CE"
COLUMNS = ("place", "column", "what it says", "what is wrong", "what to do")
WIDTHS = (24, 16, 46, 60, 60)
HEADING = 3
_LINK = Font(color="FF0563C1", underline="single")


def annotated(content: bytes, refusal: InputError) -> bytes:
    """The workbook in these bytes with the faults of its `refusal` marked.

    Raises: InputError when the bytes are no workbook, or one that cannot be written again.
    """
    book = opened(content)
    for sheet in book.worksheets:
        _clean(book, sheet)
    placed = [p for p in refusal.problems if isinstance(p, CellProblem) and p.line is not None]
    for title in {problem.sheet for problem in placed}:
        rows = filled_cells(book[title])
        for problem in placed:
            if problem.sheet == title:
                _mark(book[title], rows.get(problem.line or 1, {}), problem)
    _list(book, refusal)
    file = io.BytesIO()
    try:
        book.save(file)
    except Exception as error:  # noqa: BLE001 - a cell that is no value raises what it happens to
        rule = f"cannot be copied ({type(error).__name__}: {error})"
        remedy = "clear the cells that are named without --annotate"
        raise InputError.of("annotate", "the workbook", rule, remedy) from None
    return file.getvalue()


def _clean(book: Workbook, sheet: Worksheet) -> None:
    """Remove what an earlier run has left."""
    if sheet["A1"].value == FAULTS:
        book.remove(sheet)
        return
    for cell in list(sheet._cells.values()):  # noqa: SLF001 - the empty ones too
        if cell.comment is not None and cell.comment.author == AUTHOR:
            cell.comment = None
        if isinstance(cell, Cell) and cell.fill.fgColor.rgb == RED:
            cell.fill = PatternFill()


def _mark(sheet: Worksheet, row: Mapping[int, Cell], problem: CellProblem) -> None:
    """Colour a cell, or the whole of a row, and say why."""
    first = sheet[problem.cell or f"A{problem.line}"]
    for cell in (first, *([] if problem.cell else row.values())):
        cell.fill = PatternFill("solid", fgColor=RED)
    # A comment of the keeper's stays as it is; the list says it all.
    if isinstance(first, Cell) and (first.comment is None or first.comment.author == AUTHOR):
        said = "" if first.comment is None else f"{first.comment.text}\n"
        text = _printable(f"It {problem.rule}: {problem.remedy}.")
        first.comment = Comment(f"{said}{text}", AUTHOR, height=120, width=320)


def _list(book: Workbook, refusal: InputError) -> None:
    """The first sheet: every fault, with a link to its cell."""
    sheet = book.create_sheet(_free_title(book), 0)
    count = len(refusal.problems)
    note = "mend the red cells, and read this file again; this sheet is not read"
    put(sheet["A1"], FAULTS)
    put(sheet["A2"], f"{count} fault{'' if count == 1 else 's'}: {note}")
    for column, head in enumerate(COLUMNS, start=1):
        put(sheet.cell(HEADING, column), head)
        sheet.cell(HEADING, column).font = Font(bold=True)
        sheet.column_dimensions[sheet.cell(HEADING, column).column_letter].width = WIDTHS[
            column - 1
        ]
    sheet["A1"].font = Font(bold=True)
    for number, problem in enumerate(refusal.problems, start=HEADING + 1):
        _write(sheet, number, problem)
    sheet.freeze_panes = f"A{HEADING + 1}"
    book.active = 0
    for other in book.worksheets[1:]:
        # Two selected sheets would be edited together.
        other.sheet_view.tabSelected = False


def _write(sheet: Worksheet, number: int, problem: Problem) -> None:
    row = (_place(problem), problem.column or "", problem.value, problem.rule, problem.remedy)
    for column, text in enumerate(row, start=1):
        put(sheet.cell(number, column), _printable(text))
    if isinstance(problem, CellProblem) and problem.line is not None:
        title = problem.sheet.replace("'", "''")
        first = sheet.cell(number, 1)
        target = f"'{title}'!{problem.cell or f'A{problem.line}'}"
        first.hyperlink = Hyperlink(ref=first.coordinate, location=target)
        first.font = _LINK


def _place(problem: Problem) -> str:
    """Where it stands, without the column."""
    return problem.place.removesuffix(problem.column or "").removesuffix(", ")


def _printable(text: str) -> str:
    """The text as XML can have it, cut where a cell would be too long."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown[:1000]


def _free_title(book: Workbook) -> str:
    """`faults`, or with a number where the keeper has a sheet of that name."""
    taken = {title.lower() for title in book.sheetnames}
    titles = ("faults", *(f"faults {number}" for number in range(2, len(taken) + 3)))
    return next(title for title in titles if title not in taken)
