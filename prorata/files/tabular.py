# SPDX-License-Identifier: MIT
"""Tables that people keep, whatever program they keep them in: CSV files and Excel workbooks.

What a file is, its content says, never its name. A reader of CSV reads workbooks too, through
`read_tabular`: it is given the rows of a sheet as lines, and its faults come back with their cells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from os import PathLike
from typing import TypeVar

from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.workbook_files import is_workbook

__all__ = ["read_tabular", "tabular"]

T = TypeVar("T")


def read_tabular(
    path: str | PathLike[str],
    parse: Callable[[str | bytes], T],
    *,
    sheet: str | None = None,
    dates: Collection[str] = (),
    ignored: Collection[str] = (),
) -> T:
    """What `parse` makes of the file at `path`; see `tabular`.

    Raises: InputError when it cannot be read, or for every fault in it.
    """
    content = Sheet.read(path)
    return tabular(content, parse, str(path), sheet=sheet, dates=dates, ignored=ignored)


def tabular(
    content: bytes,
    parse: Callable[[str | bytes], T],
    subject: str,
    *,
    sheet: str | None = None,
    dates: Collection[str] = (),
    ignored: Collection[str] = (),
) -> T:
    """What `parse` makes of a CSV file, or of a sheet of a workbook.

    `sheet` names one of several; `dates` and `ignored` are columns of a workbook in which dates are
    welcome, and which are not looked at. `subject` names the file in the error.

    Raises: InputError for every fault.
    """
    if is_workbook(content):
        # Loaded here only: commands that read no workbook shall not wait for it.
        from prorata.files.workbook_reader import read_cells  # noqa: PLC0415

        return read_cells(
            content, parse, subject=subject, sheet=sheet, dates=dates, ignored=ignored
        )
    if sheet is not None:
        rule = "is the name of a sheet, and the file is no workbook"
        raise InputError.of("sheet", sheet, rule, "leave out --sheet")
    return parse(content)
