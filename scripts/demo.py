# SPDX-License-Identifier: MIT
"""`ape run demo`: the same command as `prorata demo`."""

from prorata.cli.commands.demo import cli

__all__ = ["cli"]
