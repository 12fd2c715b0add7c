# SPDX-License-Identifier: MIT
"""`ape run index`: the same command as `prorata index`."""

from prorata.cli.commands.index import cli

__all__ = ["cli"]
