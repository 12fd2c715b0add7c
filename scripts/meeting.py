# SPDX-License-Identifier: MIT
"""`ape run meeting`: the same command as `prorata meeting`."""

from prorata.cli.commands.meeting import cli

__all__ = ["cli"]
