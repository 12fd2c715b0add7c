# SPDX-License-Identifier: MIT
"""`ape run rights`: the same command as `prorata rights`."""

from prorata.cli.commands.rights import cli

__all__ = ["cli"]
