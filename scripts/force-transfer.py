# SPDX-License-Identifier: MIT
"""`ape run force-transfer`: the same command as `prorata force-transfer`."""

from prorata.cli.commands.force_transfer import cli

__all__ = ["cli"]
