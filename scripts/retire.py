# SPDX-License-Identifier: MIT
"""`ape run retire`: the same command as `prorata retire`."""

from prorata.cli.commands.retire import cli

__all__ = ["cli"]
