# SPDX-License-Identifier: MIT
"""`ape run captable`: the same command as `prorata captable`."""

from prorata.cli.commands.captable import cli

__all__ = ["cli"]
