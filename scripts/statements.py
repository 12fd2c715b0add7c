# SPDX-License-Identifier: MIT
"""`ape run statements`: the same command as `prorata statements`."""

from prorata.cli.commands.statements import cli

__all__ = ["cli"]
