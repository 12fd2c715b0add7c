# SPDX-License-Identifier: MIT
"""`ape run check-transfer`: the same command as `prorata check-transfer`."""

from prorata.cli.commands.check_transfer import cli

__all__ = ["cli"]
