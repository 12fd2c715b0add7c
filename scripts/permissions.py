# SPDX-License-Identifier: MIT
"""`ape run permissions`: the same command as `prorata permissions`."""

from prorata.cli.commands.permissions import cli

__all__ = ["cli"]
