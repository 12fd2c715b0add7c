# SPDX-License-Identifier: MIT
"""`ape run account`: the same command as `prorata account`."""

from prorata.cli.commands.account import cli

__all__ = ["cli"]
