# SPDX-License-Identifier: MIT
"""`ape run offer`: the same command as `prorata offer`."""

from prorata.cli.commands.offer import cli

__all__ = ["cli"]
