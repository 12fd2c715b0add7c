# SPDX-License-Identifier: MIT
"""`ape run log`: the same command as `prorata log`."""

from prorata.cli.commands.log import cli

__all__ = ["cli"]
