# SPDX-License-Identifier: MIT
"""`ape run check-table`: the same command as `prorata check-table`."""

from prorata.cli.commands.check_table import cli

__all__ = ["cli"]
