# SPDX-License-Identifier: MIT
"""`ape run keys`: the same command as `prorata keys`."""

from prorata.cli.commands.keys import cli

__all__ = ["cli"]
