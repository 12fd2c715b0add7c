# SPDX-License-Identifier: MIT
"""`ape run refund`: the same command as `prorata refund`."""

from prorata.cli.commands.refund import cli

__all__ = ["cli"]
