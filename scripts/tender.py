# SPDX-License-Identifier: MIT
"""`ape run tender`: the same command as `prorata tender`."""

from prorata.cli.commands.tender import cli

__all__ = ["cli"]
