# SPDX-License-Identifier: MIT
"""`ape run status`: the same command as `prorata status`."""

from prorata.cli.commands.status import cli

__all__ = ["cli"]
