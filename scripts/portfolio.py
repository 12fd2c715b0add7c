# SPDX-License-Identifier: MIT
"""`ape run portfolio`: the same command as `prorata portfolio`."""

from prorata.cli.commands.portfolio import cli

__all__ = ["cli"]
