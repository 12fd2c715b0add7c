# SPDX-License-Identifier: MIT
"""`ape run handover`: the same command as `prorata handover`."""

from prorata.cli.commands.handover import cli

__all__ = ["cli"]
