# SPDX-License-Identifier: MIT
"""`ape run verify`: the same command as `prorata verify`."""

from prorata.cli.commands.verify import cli

__all__ = ["cli"]
