# SPDX-License-Identifier: MIT
"""`ape run pass-through`: the same command as `prorata pass-through`."""

from prorata.cli.commands.pass_through import cli

__all__ = ["cli"]
