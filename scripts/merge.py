# SPDX-License-Identifier: MIT
"""`ape run merge`: the same command as `prorata merge`."""

from prorata.cli.commands.merge import cli

__all__ = ["cli"]
