# SPDX-License-Identifier: MIT
"""`ape run claim`: the same command as `prorata claim`."""

from prorata.cli.commands.claim import cli

__all__ = ["cli"]
