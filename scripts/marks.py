# SPDX-License-Identifier: MIT
"""`ape run marks`: the same command as `prorata marks`."""

from prorata.cli.commands.marks import cli

__all__ = ["cli"]
