# SPDX-License-Identifier: MIT
"""`ape run loans`: the same command as `prorata loans`."""

from prorata.cli.commands.loans import cli

__all__ = ["cli"]
