# SPDX-License-Identifier: MIT
"""`ape run plan`: the same command as `prorata plan`."""

from prorata.cli.commands.plan import cli

__all__ = ["cli"]
