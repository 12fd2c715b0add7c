# SPDX-License-Identifier: MIT
"""Buy shares back from holders: a tender at one price for all."""

from __future__ import annotations

import click

from prorata.cli.call_commands import (
    accept_command,
    cancel_command,
    close_command,
    consent_command,
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
from prorata.cli.calls import TENDER


@click.group()
def cli() -> None:
    """Buy shares back from holders: a tender at one price for all.

    The buyer's money is there from the opening on. Holders say how many shares they give at which
    price; their shares stay in their wallets, held. If more is tendered than is bought, all at the
    margin get their part, exact to the share.
    """


for _make in (
    open_command,
    consent_command,
    place_command,
    explain_command,
    withdraw_command,
    strike_command,
    close_command,
    accept_command,
    settle_command,
    status_command,
    list_command,
    cancel_command,
    take_command,
):
    cli.add_command(_make(TENDER))
