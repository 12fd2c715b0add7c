# SPDX-License-Identifier: MIT
"""`ape run exchange`: the same command as `prorata exchange`."""

from prorata.cli.commands.exchange import cli

__all__ = ["cli"]
