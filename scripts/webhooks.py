# SPDX-License-Identifier: MIT
"""`ape run webhooks`: the same command as `prorata webhooks`."""

from prorata.cli.commands.webhooks import cli

__all__ = ["cli"]
