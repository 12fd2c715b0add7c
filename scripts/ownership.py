# SPDX-License-Identifier: MIT
"""`ape run ownership`: the same command as `prorata ownership`."""

from prorata.cli.commands.ownership import cli

__all__ = ["cli"]
