# SPDX-License-Identifier: MIT
"""`ape run unclaimed`: the same command as `prorata unclaimed`."""

from prorata.cli.commands.unclaimed import cli

__all__ = ["cli"]
