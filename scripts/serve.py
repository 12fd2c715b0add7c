# SPDX-License-Identifier: MIT
"""`ape run serve`: the same command as `prorata serve`."""

from prorata.cli.commands.serve import cli

__all__ = ["cli"]
