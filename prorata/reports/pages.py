# SPDX-License-Identifier: MIT
"""Pages that an asset publishes: facts and tables in HTML that prints as it is read.

A bar list, a factor page, a report of arrears: each is a title, what there is to know at a glance,
and tables. A page says nothing that its makers have not computed elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prorata.files.writer import write_whole
from prorata.reports.layouts import layout

__all__ = ["Page", "PageTable", "write_page"]

NUMBER = ">"
"""At the end of a column's name: numbers stand in it, written to the right."""


@dataclass(frozen=True)
class PageTable:
    """One table; the names of columns of numbers end in `>`. `total` is its last row."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Every row has a cell for each column."""
        for row in (*self.rows, *((self.total,) if self.total else ())):
            assert len(row) == len(self.columns), f"{self.title}: {row}"

    @property
    def headings(self) -> list[tuple[str, bool]]:
        """The names of the columns, each with whether it is one of numbers."""
        return [(name.removesuffix(NUMBER), name.endswith(NUMBER)) for name in self.columns]


@dataclass(frozen=True)
class Page:
    """One page: `facts` are names and values, `source` says what it was made from."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[PageTable] = field(default=())
    source: str = ""


def write_page(page: Page, path: Path) -> Path:
    """Write a page, whole or not at all; where it is.

    Raises: InputError when it cannot be written.
    """
    write_whole(path, layout("page").render(page=page), column="page")
    return path
