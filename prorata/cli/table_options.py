# SPDX-License-Identifier: MIT
"""How a command is told to read a table that other people wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.cli.tables import sheet_option
from prorata.errors import InputError
from prorata.register.dialects import DIALECTS
from prorata.register.share_cells import MARKS, UNITS

__all__ = ["columns_option", "parse_columns", "table_options", "table_reading"]

F = TypeVar("F", bound=Callable[..., Any])

_PAIRS = re.compile(r",(?=\s*\w+=)")


def parse_columns(texts: Sequence[str]) -> dict[str, str]:
    """The file's name of each column of ours, from `address=HolderAddress,shares=Balance`.

    Raises: InputError for what is no such pair, or maps a column twice.
    """
    columns: dict[str, str] = {}
    for pair in (pair for text in texts for pair in _PAIRS.split(text)):
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not (ours and equals and theirs):
            remedy = "write address=HolderAddress,shares=Balance"
            raise InputError.of("columns", pair, "maps no column", remedy)
        if ours.lower() in columns:
            raise InputError.of("columns", pair, f"maps {ours} a second time", "map it once")
        columns[ours.lower()] = theirs
    return columns


_COLUMNS = click.option(
    "--columns",
    multiple=True,
    metavar="OURS=THEIRS,…",
    help="The file's name of a column, such as address=HolderAddress,shares=Balance; others are "
    "not read.",
)
_AS = click.option(
    "--as",
    "known_as",
    metavar="NAME",
    help=f"Who wrote the file, to read it by that program's rules: {', '.join(DIALECTS)}.",
)


def columns_option(function: F) -> F:
    """The option of a command that reads a table of columns only."""
    return _COLUMNS(function)


def table_options(function: F) -> F:
    """The options of every command that reads a table of shares."""
    options = (
        _AS,
        _COLUMNS,
        click.option("--merge", is_flag=True, help="Add up several lines of one holder."),
        click.option(
            "--decimal-mark",
            metavar="MARK",
            help=f"What stands before decimals, {' or '.join(MARKS)}: 1.000 is one or a thousand.",
        ),
        click.option(
            "--units",
            metavar="UNITS",
            help=f"What the file counts: {' or '.join(UNITS)} units.  [default: the format's own, "
            "or whole]",
        ),
        sheet_option,
        click.option(
            "--wallets",
            type=click.Path(dir_okay=False, path_type=Path),
            help="For a package of the Open Cap Format: a table stakeholder_id,address.",
        ),
        click.option(
            "--class",
            "stock_class",
            metavar="ID",
            help="For a package of the Open Cap Format: the class of stock, if several are held.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def table_reading(options: dict[str, Any]) -> dict[str, Any]:
    """The values of `table_options`, as the arguments that readers of tables take.

    Raises: InputError for columns that cannot be meant.
    """
    return {
        "known_as": options["known_as"],
        "columns": parse_columns(options["columns"]),
        "merge": options["merge"],
        "decimal_mark": options["decimal_mark"],
        "units": options["units"],
        "sheet": options["sheet"],
        "wallets": options["wallets"],
        "stock_class": options["stock_class"],
    }
