# SPDX-License-Identifier: MIT
"""`ape run auction`: the same command as `prorata auction`."""

from prorata.cli.commands.auction import cli

__all__ = ["cli"]
