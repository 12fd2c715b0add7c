# SPDX-License-Identifier: MIT
"""`ape run books`: the same command as `prorata books`."""

from prorata.cli.commands.books import cli

__all__ = ["cli"]
