# SPDX-License-Identifier: MIT
"""`ape run tax`: the same command as `prorata tax`."""

from prorata.cli.commands.tax import cli

__all__ = ["cli"]
