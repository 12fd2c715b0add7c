# SPDX-License-Identifier: MIT
"""`ape run trade`: the same command as `prorata trade`."""

from prorata.cli.commands.trade import cli

__all__ = ["cli"]
