# SPDX-License-Identifier: MIT
"""`ape run hold`: the same command as `prorata hold`."""

from prorata.cli.commands.hold import cli

__all__ = ["cli"]
