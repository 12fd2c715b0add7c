# SPDX-License-Identifier: MIT
"""The options of commands that read a table, whatever file it is kept in."""

from __future__ import annotations

import click

__all__ = ["sheet_option"]

sheet_option = click.option(
    "--sheet", help="The sheet to read, where a workbook has several that can be seen."
)
