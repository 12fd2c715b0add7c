# SPDX-License-Identifier: MIT
"""`ape run examples`: the same command as `prorata examples`."""

from prorata.cli.commands.examples import cli

__all__ = ["cli"]
