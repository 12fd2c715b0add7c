# SPDX-License-Identifier: MIT
"""`ape run run`: the same command as `prorata run`."""

from prorata.cli.commands.run import cli

__all__ = ["cli"]
