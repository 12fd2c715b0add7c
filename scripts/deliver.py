# SPDX-License-Identifier: MIT
"""`ape run deliver`: the same command as `prorata deliver`."""

from prorata.cli.commands.deliver import cli

__all__ = ["cli"]
