# SPDX-License-Identifier: MIT
"""`ape run remit`: the same command as `prorata remit`."""

from prorata.cli.commands.remit import cli

__all__ = ["cli"]
