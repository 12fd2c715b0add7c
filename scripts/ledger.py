# SPDX-License-Identifier: MIT
"""`ape run ledger`: the same command as `prorata ledger`."""

from prorata.cli.commands.ledger import cli

__all__ = ["cli"]
