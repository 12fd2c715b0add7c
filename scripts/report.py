# SPDX-License-Identifier: MIT
"""`ape run report`: the same command as `prorata report`."""

from prorata.cli.commands.report import cli

__all__ = ["cli"]
