# SPDX-License-Identifier: MIT
"""`ape run approve`: the same command as `prorata approve`."""

from prorata.cli.commands.approve import cli

__all__ = ["cli"]
