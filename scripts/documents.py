# SPDX-License-Identifier: MIT
"""`ape run documents`: the same command as `prorata documents`."""

from prorata.cli.commands.documents import cli

__all__ = ["cli"]
