# SPDX-License-Identifier: MIT
"""Cap tables in whatever file they are kept: CSV, an Excel workbook, or the Open Cap Format.

What a file is, its content says, never its name. The same checks hold for all of them, and every
fault is reported at once: with its line, in a workbook with its cell, in a package with its object.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from prorata.errors import InputError
from prorata.files.garbage import uncollected
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
    wallets: str | PathLike[str] | None = None,
    stock_class: str | None = None,
    **reading: Any,
) -> CapTable:
    """Read a cap table from what is at `path`.

    Shares are whole ones with up to `decimals` digits after a point, and are returned in smallest
    units; `authorised` is the most they may add up to, in smallest units. `sheet` names one of
    several sheets of a workbook; `wallets` is a table of the wallets of a package's stakeholders,
    and `stock_class` one of its classes. `parse_csv` has the further arguments, for tables.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """
    # Loaded here only: commands that read no package shall not wait for it.
    from prorata.register.ocf.packages import find_package  # noqa: PLC0415

    with uncollected():
        package = find_package(Path(path))
        if package is not None:
            from prorata.register.ocf.reader import table_of  # noqa: PLC0415
            from prorata.register.ocf.wallets import read_wallets  # noqa: PLC0415

            _refuse({"sheet": sheet, **reading}, "is for tables, and this is a package")
            known = None if wallets is None else read_wallets(wallets)
            return table_of(
                package,
                decimals=decimals,
                authorised=authorised,
                stock_class=stock_class,
                wallets=known,
            )
    rule = "is for packages of the Open Cap Format, and this is a table"
    _refuse({"wallets": wallets, "class": stock_class}, rule)

    def parse(content: str | bytes) -> CapTable:
        return parse_csv(
            content, decimals=decimals, authorised=authorised, subject=str(path), **reading
        )

    return read_tabular(path, parse, sheet=sheet, ignored=SHOWN_ONLY)


def _refuse(options: dict[str, Any], rule: str) -> None:
    """Raises: InputError for the first option that is given."""
    for name, value in options.items():
        if value:
            option = {"known_as": "as"}.get(name, name).replace("_", "-")
            raise InputError.of(option, value, rule, f"leave out --{option}")
