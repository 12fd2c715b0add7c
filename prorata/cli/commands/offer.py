# SPDX-License-Identifier: MIT
"""Sell shares to many at one price: open an offering, close it, settle it."""

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
    entitle_command,
    explain_command,
    return_command,
    sweep_command,
    take_command,
    withdraw_command,
)
from prorata.cli.calls import OFFER


@click.group()
def cli() -> None:
    """Sell shares to many at one price: open an offering, close it, settle it.

    People subscribe (`prorata subscribe`) and pay at once; the money waits with the contract. When
    it closes, one price is found for all, and whoever wanted more than there is gets its part,
    exact to the lot. Proceeds go to the seller only against delivered shares, and all money goes
    back if too little is sold.
    """


for _make in (
    open_command,
    consent_command,
    entitle_command,
    explain_command,
    withdraw_command,
    strike_command,
    close_command,
    accept_command,
    settle_command,
    status_command,
    list_command,
    cancel_command,
    return_command,
    take_command,
    sweep_command,
):
    cli.add_command(_make(OFFER))
