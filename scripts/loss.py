# SPDX-License-Identifier: MIT
"""`ape run loss`: the same command as `prorata loss`."""

from prorata.cli.commands.loss import cli

__all__ = ["cli"]
