# SPDX-License-Identifier: MIT
"""`ape run register`: the same command as `prorata register`."""

from prorata.cli.commands.register import cli

__all__ = ["cli"]
