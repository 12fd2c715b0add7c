# SPDX-License-Identifier: MIT
"""`ape run record-range`: the same command as `prorata record-range`."""

from prorata.cli.commands.record_range import cli

__all__ = ["cli"]
