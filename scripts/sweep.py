# SPDX-License-Identifier: MIT
"""`ape run sweep`: the same command as `prorata sweep`."""

from prorata.cli.commands.sweep import cli

__all__ = ["cli"]
