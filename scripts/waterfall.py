# SPDX-License-Identifier: MIT
"""`ape run waterfall`: the same command as `prorata waterfall`."""

from prorata.cli.commands.waterfall import cli

__all__ = ["cli"]
