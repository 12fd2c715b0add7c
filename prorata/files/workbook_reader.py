# SPDX-License-Identifier: MIT
"""A strict reader for Excel workbooks: one sheet as lines of text, or every reason why not.

A workbook can show one thing and hold another. What is read here is what a person sees: a text
cell is its text, a number cell is taken only if it is whole and below 10^15, which a spreadsheet
keeps exactly. Refused by name, each with its cell: formulas, booleans, error marks, dates outside
columns of dates, number formats that scale or add to a number, hidden and filtered rows, hidden
columns, merged cells. Of several visible sheets one must be named; sheets that prorata wrote itself
(`OURS`) do not count.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from prorata.errors import InputError, Problem
from prorata.files.garbage import uncollected
from prorata.files.workbook_cells import CellProblem, cell_text
from prorata.files.workbook_files import opened

__all__ = ["FAULTS", "OURS", "SUMMARY", "Grid", "read_cells"]

FAULTS, SUMMARY = "Faults, found by prorata", "Summary, written by prorata"
OURS = (FAULTS, SUMMARY)
"""What stands in the first cell of a sheet that prorata wrote and does not read."""

MOST_ROWS = 100_000

_ROWS = "show all rows, and remove what does not belong there"
_LINE = re.compile(r"\bline (?=\d)")

T = TypeVar("T")


def read_cells(
    content: bytes,
    parse: Callable[[str], T],
    *,
    subject: str,
    sheet: str | None = None,
    dates: Collection[str] = (),
    ignored: Collection[str] = (),
) -> T:
    """What `parse` makes of a sheet that is given to it as CSV: its lines are the sheet's rows.

    `dates` are columns in which dates are welcome, as ISO text; what stands in `ignored` columns is
    not looked at. `subject` names the file in the error.

    Raises: InputError with every fault found, of the cells and of what `parse` says of them, in
    reading order, each with its cell.
    """
    with uncollected():
        grid = Grid.of(opened(content), subject, sheet, dates=dates, ignored=ignored)
    try:
        parsed = parse(grid.csv)
    except InputError as error:
        raise grid.refusal(error.problems) from None
    if grid.problems:
        raise grid.refusal([])
    return parsed


@dataclass
class Grid:
    """The cells of one sheet as text, by row and column, and what is wrong with them."""

    subject: str
    sheet: str
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    blank: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        book: Workbook,
        subject: str,
        named: str | None = None,
        *,
        dates: Collection[str] = (),
        ignored: Collection[str] = (),
    ) -> Grid:
        """The sheet of that name, or the only one that can be seen.

        Raises: InputError when there is no such sheet, or several, or it has no end.
        """
        sheet = _chosen(book, named)
        grid = cls(subject, sheet.title)
        grid._take(sheet, dates, ignored)
        grid._find_what_misleads(sheet)
        grid._find_gaps()
        return grid

    @property
    def csv(self) -> str:
        """The rows as lines of CSV: the number of a line is the number of its row."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = sorted({column for row in self.rows.values() for column in row})
        for number in range(1, max(self.rows, default=0) + 1):
            row = self.rows.get(number, {})
            if any(row.values()):
                writer.writerow([row.get(column, "") for column in columns])
            else:
                text.write("\n")
        return text.getvalue()

    def refusal(self, problems: Iterable[Problem]) -> InputError:
        """The grid's own problems and these, which have lines, as one error of cells."""
        cells = {problem.cell for problem in self.problems if problem.cell}
        rows = {problem.line for problem in self.problems} | self.blank
        placed = [
            fault
            for fault in map(self._placed, problems)
            # What has been said of a cell, or of a whole row, is not said twice.
            if not (isinstance(fault, CellProblem) and fault.cell in cells)
            and not (fault.column is None and fault.line in rows)
        ]
        return InputError(sorted([*self.problems, *placed], key=_reading_order), self.subject)

    # ------------------------------------------------------------------------ what the sheet has

    def _take(self, sheet: Worksheet, dates: Collection[str], ignored: Collection[str]) -> None:
        cells = filled_cells(sheet)
        last = max(cells, default=1)
        if last > MOST_ROWS:
            where = next(iter(cells[last].values())).coordinate
            raise InputError.of("file", where, "is a cell far below the table", "clear it")
        first = cells.get(1, {})
        heads = {column: str(cell.value).strip(" ").lower() for column, cell in first.items()}
        for number, row in cells.items():
            self.rows[number] = {
                column: self._text(cell, heads.get(column, ""), dates)
                for column, cell in row.items()
                if number == 1 or heads.get(column) not in ignored
            }

    def _text(self, cell: Cell, head: str, dates: Collection[str]) -> str:
        """What the cell says, or nothing where it has a fault, which is noted."""
        try:
            return cell_text(cell, dates=head in dates)
        except InputError as error:
            fault = error.problems[0]
            self._add(
                cell.row, cell.column, fault.value, fault.rule, fault.remedy, head=head or None
            )
            return ""

    def _find_what_misleads(self, sheet: Worksheet) -> None:
        """Note what is there and cannot be seen, and what is seen and is not there."""
        rule = "is hidden by a filter" if sheet.auto_filter.filterColumn else "is hidden"
        for number in self.rows:
            shape = sheet.row_dimensions.get(number)
            if shape is not None and (shape.hidden or shape.height == 0):
                self._add(number, None, f"row {number}", rule, _ROWS)
        for column, head in self.rows.get(1, {}).items():
            if column in _hidden_columns(sheet):
                self._add(1, column, head, "is a hidden column", "show the column, or remove it")
        for merged in sheet.merged_cells.ranges:
            fault = "are merged cells", "unmerge them"
            self._add(merged.min_row, merged.min_col, merged.coord, *fault)
        for shown in sheet.conditional_formatting:
            if any(rule.dxf is not None and rule.dxf.numFmt for rule in shown.rules):
                fault = "has a number format by condition", "remove the conditional format"
                self._add(None, None, str(shown.sqref), *fault)

    def _find_gaps(self) -> None:
        """Note each stretch of blank rows above the last row, once."""
        before = 0
        for number in self.rows:
            first, last, before = before + 1, number - 1, number
            if first <= last:
                self.blank.update(range(first, last + 1))
                rows = f"row {first}" if first == last else f"rows {first} to {last}"
                rule = "is blank" if first == last else "are blank"
                self._add(first, None, rows, rule, "remove what is blank")

    def _add(
        self, row: int | None, column: int | None, *fault: str, head: str | None = None
    ) -> None:
        """Note a value, the rule that it breaks and the remedy."""
        value, rule, remedy = fault
        cell = f"{get_column_letter(column)}{row}" if column and row else ""
        self.problems.append(CellProblem(row, head, value, rule, remedy, self.sheet, cell))

    # ------------------------------------------------------------------------- what was said of it

    def _placed(self, problem: Problem) -> Problem:
        if problem.line is None:
            return problem
        column, rule = self._column_of(problem), _LINE.sub("row ", problem.rule)
        cell = f"{get_column_letter(column)}{problem.line}" if column else ""
        return CellProblem(
            problem.line, problem.column, problem.value, rule, problem.remedy, self.sheet, cell
        )

    def _column_of(self, problem: Problem) -> int | None:
        """The column that a problem is about: by its header, or else by what the cell says."""
        named = [c for c, head in self.rows.get(1, {}).items() if head.lower() == problem.column]
        row = self.rows.get(problem.line or 0, {})
        named = named or [c for c, text in row.items() if text.strip(" ") == problem.value]
        return named[0] if len(named) == 1 else None


def _reading_order(problem: Problem) -> tuple[bool, int, str]:
    cell = problem.cell if isinstance(problem, CellProblem) else ""
    return problem.line is None, problem.line or 0, cell


# ------------------------------------------------------------------------------------- the sheet


def _chosen(book: Workbook, named: str | None) -> Worksheet:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    seen = [title for title, sheet in sheets.items() if _is_table(sheet)]
    if named is None and len(seen) == 1:
        return sheets[seen[0]]
    names = ", ".join(seen)
    if named is None and seen:
        remedy = "name one of them with --sheet"
        raise InputError.of("sheet", names, "are visible sheets with something in them", remedy)
    if named is None:
        rule = "has no visible sheet with something in it"
        raise InputError.of("sheet", "the workbook", rule, "show the sheet with the table")
    if named not in sheets:
        raise InputError.of("sheet", named, "is no sheet of the workbook", f"name one of {names}")
    if sheets[named].sheet_state != "visible":
        raise InputError.of("sheet", named, "is a hidden sheet", "show it, and save the workbook")
    return sheets[named]


def _is_table(sheet: Worksheet) -> bool:
    """Whether a person can see it, and find something there that prorata did not write."""
    ours = sheet["A1"].value in OURS
    return sheet.sheet_state == "visible" and not ours and bool(filled_cells(sheet))


def filled_cells(sheet: Worksheet) -> dict[int, dict[int, Cell]]:
    """Every cell with something in it, by row and column, in their order.

    Whole rows may be formatted to the edge of the sheet, which is no reason to walk through them.
    """
    found: dict[int, dict[int, Cell]] = {}
    for (row, column), cell in sorted(sheet._cells.items()):  # noqa: SLF001
        if cell.value not in (None, ""):
            found.setdefault(row, {})[column] = cell
    return found


def _hidden_columns(sheet: Worksheet) -> set[int]:
    found: set[int] = set()
    for shape in sheet.column_dimensions.values():
        if shape.hidden or shape.width == 0:
            found.update(range(shape.min or 0, (shape.max or -1) + 1))
    return found
