# SPDX-License-Identifier: MIT
"""`ape run order`: the same command as `prorata order`."""

from prorata.cli.commands.order import cli

__all__ = ["cli"]
