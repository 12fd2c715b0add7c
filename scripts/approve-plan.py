# SPDX-License-Identifier: MIT
"""`ape run approve-plan`: the same command as `prorata approve-plan`."""

from prorata.cli.commands.approve_plan import cli

__all__ = ["cli"]
