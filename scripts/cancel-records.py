# SPDX-License-Identifier: MIT
"""`ape run cancel-records`: the same command as `prorata cancel-records`."""

from prorata.cli.commands.cancel_records import cli

__all__ = ["cli"]
