# SPDX-License-Identifier: MIT
"""`ape run alerts`: the same command as `prorata alerts`."""

from prorata.cli.commands.alerts import cli

__all__ = ["cli"]
