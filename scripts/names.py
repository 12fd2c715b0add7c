# SPDX-License-Identifier: MIT
"""`ape run names`: the same command as `prorata names`."""

from prorata.cli.commands.names import cli

__all__ = ["cli"]
