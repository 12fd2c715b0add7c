# SPDX-License-Identifier: MIT
"""`ape run agents`: the same command as `prorata agents`."""

from prorata.cli.commands.agents import cli

__all__ = ["cli"]
