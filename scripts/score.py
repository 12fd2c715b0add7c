# SPDX-License-Identifier: MIT
"""`ape run score`: the same command as `prorata score`."""

from prorata.cli.commands.score import cli

__all__ = ["cli"]
