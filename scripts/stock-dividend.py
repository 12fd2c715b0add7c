# SPDX-License-Identifier: MIT
"""`ape run stock-dividend`: the same command as `prorata stock-dividend`."""

from prorata.cli.commands.stock_dividend import cli

__all__ = ["cli"]
