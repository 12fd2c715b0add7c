# SPDX-License-Identifier: MIT
"""`ape run pause`: the same command as `prorata pause`."""

from prorata.cli.commands.pause import cli

__all__ = ["cli"]
