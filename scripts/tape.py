# SPDX-License-Identifier: MIT
"""`ape run tape`: the same command as `prorata tape`."""

from prorata.cli.commands.tape import cli

__all__ = ["cli"]
