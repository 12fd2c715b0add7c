# SPDX-License-Identifier: MIT
"""`ape run stream`: the same command as `prorata stream`."""

from prorata.cli.commands.stream import cli

__all__ = ["cli"]
