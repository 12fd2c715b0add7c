# SPDX-License-Identifier: MIT
"""`ape run mature`: the same command as `prorata mature`."""

from prorata.cli.commands.mature import cli

__all__ = ["cli"]
