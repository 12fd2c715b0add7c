# SPDX-License-Identifier: MIT
"""Cap tables in whatever file they are kept: CSV or an Excel workbook.

What a file is, its content says, never its name. The same checks hold for all of them, and every
fault is reported at once: with its line, or in a workbook with its cell.
"""

from __future__ import annotations

from os import PathLike
from typing import Any

from prorata.files.tabular import read_tabular
from prorata.register.captable import CapTable, parse_csv

__all__ = ["read_table"]

SHOWN_ONLY = ("percent",)
"""Columns of our own reports, which are not read back."""


def read_table(
    path: str | PathLike[str],
    *,
    decimals: int = 0,
    authorised: int | None = None,
    sheet: str | None = None,
    **reading: Any,
) -> CapTable:
    """Read a cap table from the file at `path`.

    Shares are whole ones with up to `decimals` digits after a point, and are returned in smallest
    units; `authorised` is the most they may add up to, in smallest units. `sheet` names one of
    several sheets of a workbook. `parse_csv` has the further arguments.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """

    def parse(content: str | bytes) -> CapTable:
        return parse_csv(
            content, decimals=decimals, authorised=authorised, subject=str(path), **reading
        )

    return read_tabular(path, parse, sheet=sheet, ignored=SHOWN_ONLY)
