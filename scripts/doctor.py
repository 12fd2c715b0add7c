# SPDX-License-Identifier: MIT
"""`ape run doctor`: the same command as `prorata doctor`."""

from prorata.cli.commands.doctor import cli

__all__ = ["cli"]
