# SPDX-License-Identifier: MIT
"""`ape run payee`: the same command as `prorata payee`."""

from prorata.cli.commands.payee import cli

__all__ = ["cli"]
