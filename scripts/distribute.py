# SPDX-License-Identifier: MIT
"""`ape run distribute`: the same command as `prorata distribute`."""

from prorata.cli.commands.distribute import cli

__all__ = ["cli"]
