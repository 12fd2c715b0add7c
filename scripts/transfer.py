# SPDX-License-Identifier: MIT
"""`ape run transfer`: the same command as `prorata transfer`."""

from prorata.cli.commands.transfer import cli

__all__ = ["cli"]
