# SPDX-License-Identifier: MIT
"""`ape run authorise`: the same command as `prorata authorise`."""

from prorata.cli.commands.authorise import cli

__all__ = ["cli"]
