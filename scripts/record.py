# SPDX-License-Identifier: MIT
"""`ape run record`: the same command as `prorata record`."""

from prorata.cli.commands.record import cli

__all__ = ["cli"]
