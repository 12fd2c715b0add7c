# SPDX-License-Identifier: MIT
"""`ape run apply`: the same command as `prorata apply`."""

from prorata.cli.commands.apply import cli

__all__ = ["cli"]
