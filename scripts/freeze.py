# SPDX-License-Identifier: MIT
"""`ape run freeze`: the same command as `prorata freeze`."""

from prorata.cli.commands.freeze import cli

__all__ = ["cli"]
