# SPDX-License-Identifier: MIT
"""`ape run schedule`: the same command as `prorata schedule`."""

from prorata.cli.commands.schedule import cli

__all__ = ["cli"]
