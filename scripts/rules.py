# SPDX-License-Identifier: MIT
"""`ape run rules`: the same command as `prorata rules`."""

from prorata.cli.commands.rules import cli

__all__ = ["cli"]
