# SPDX-License-Identifier: MIT
"""`ape run market`: the same command as `prorata market`."""

from prorata.cli.commands.market import cli

__all__ = ["cli"]
