# SPDX-License-Identifier: MIT
"""`ape run deploy`: the same command as `prorata deploy`."""

from prorata.cli.commands.deploy import cli

__all__ = ["cli"]
