# SPDX-License-Identifier: MIT
"""`ape run recover`: the same command as `prorata recover`."""

from prorata.cli.commands.recover import cli

__all__ = ["cli"]
