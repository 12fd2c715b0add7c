# SPDX-License-Identifier: MIT
"""`ape run registry`: the same command as `prorata registry`."""

from prorata.cli.commands.registry import cli

__all__ = ["cli"]
