# SPDX-License-Identifier: MIT
"""`ape run squeeze-out`: the same command as `prorata squeeze-out`."""

from prorata.cli.commands.squeeze_out import cli

__all__ = ["cli"]
