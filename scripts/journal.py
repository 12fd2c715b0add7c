# SPDX-License-Identifier: MIT
"""`ape run journal`: the same command as `prorata journal`."""

from prorata.cli.commands.journal import cli

__all__ = ["cli"]
