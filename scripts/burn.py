# SPDX-License-Identifier: MIT
"""`ape run burn`: the same command as `prorata burn`."""

from prorata.cli.commands.burn import cli

__all__ = ["cli"]
