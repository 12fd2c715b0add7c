# SPDX-License-Identifier: MIT
"""`ape run split`: the same command as `prorata split`."""

from prorata.cli.commands.split import cli

__all__ = ["cli"]
