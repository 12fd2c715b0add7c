# SPDX-License-Identifier: MIT
"""`ape run drift`: the same command as `prorata drift`."""

from prorata.cli.commands.drift import cli

__all__ = ["cli"]
