# SPDX-License-Identifier: MIT
"""`ape run redeem`: the same command as `prorata redeem`."""

from prorata.cli.commands.redeem import cli

__all__ = ["cli"]
