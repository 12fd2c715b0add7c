# SPDX-License-Identifier: MIT
"""`ape run subscribe`: the same command as `prorata subscribe`."""

from prorata.cli.commands.subscribe import cli

__all__ = ["cli"]
