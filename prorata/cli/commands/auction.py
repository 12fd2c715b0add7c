# SPDX-License-Identifier: MIT
"""Auction shares among holders, at one price for all."""

from __future__ import annotations

import click

from prorata.cli.call_commands import (
    cancel_command,
    close_command,
    list_command,
    open_command,
    settle_command,
    status_command,
    strike_command,
)
from prorata.cli.call_orders import (
    explain_command,
    place_command,
    take_command,
    withdraw_command,
)
from prorata.cli.calls import AUCTION


@click.group()
def cli() -> None:
    """Auction shares among holders, at one price for all.

    Buyers pay for their whole limit when they order, and the shares of sellers are held in their
    wallets. When it closes, the price is the one at which most shares change hands.
    """


for _make in (
    open_command,
    place_command,
    explain_command,
    withdraw_command,
    strike_command,
    close_command,
    settle_command,
    status_command,
    list_command,
    cancel_command,
    take_command,
):
    cli.add_command(_make(AUCTION))
