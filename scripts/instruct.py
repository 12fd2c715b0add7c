# SPDX-License-Identifier: MIT
"""`ape run instruct`: the same command as `prorata instruct`."""

from prorata.cli.commands.instruct import cli

__all__ = ["cli"]
