# SPDX-License-Identifier: MIT
"""`ape run unpause`: the same command as `prorata unpause`."""

from prorata.cli.commands.unpause import cli

__all__ = ["cli"]
