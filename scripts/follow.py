# SPDX-License-Identifier: MIT
"""`ape run follow`: the same command as `prorata follow`."""

from prorata.cli.commands.follow import cli

__all__ = ["cli"]
