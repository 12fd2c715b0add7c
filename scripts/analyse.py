# SPDX-License-Identifier: MIT
"""`ape run analyse`: the same command as `prorata analyse`."""

from prorata.cli.commands.analyse import cli

__all__ = ["cli"]
