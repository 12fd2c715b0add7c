# SPDX-License-Identifier: MIT
"""`ape run settings`: the same command as `prorata settings`."""

from prorata.cli.commands.settings import cli

__all__ = ["cli"]
