# SPDX-License-Identifier: MIT
"""`ape run issue`: the same command as `prorata issue`."""

from prorata.cli.commands.issue import cli

__all__ = ["cli"]
