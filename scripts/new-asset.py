# SPDX-License-Identifier: MIT
"""`ape run new-asset`: the same command as `prorata new-asset`."""

from prorata.cli.commands.new_asset import cli

__all__ = ["cli"]
