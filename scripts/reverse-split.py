# SPDX-License-Identifier: MIT
"""`ape run reverse-split`: the same command as `prorata reverse-split`."""

from prorata.cli.commands.reverse_split import cli

__all__ = ["cli"]
