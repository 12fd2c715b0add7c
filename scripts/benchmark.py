# SPDX-License-Identifier: MIT
"""`ape run benchmark`: the same command as `prorata benchmark`."""

from prorata.cli.commands.benchmark import cli

__all__ = ["cli"]
