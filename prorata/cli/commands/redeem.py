# SPDX-License-Identifier: MIT
"""Give shares back for money: at once, or in a window at a later price."""

from __future__ import annotations

import click

from prorata.cli.call_commands import (
    cancel_command,
    close_command,
    consent_command,
    list_command,
    open_command,
    settle_command,
    status_command,
)
from prorata.cli.call_orders import (
    explain_command,
    place_command,
    take_command,
    withdraw_command,
)
from prorata.cli.calls import WINDOW
from prorata.cli.exchange_redeem import now_command, price_command


@click.group()
def cli() -> None:
    """Give shares back for money: at once, or in a window at a later price."""


cli.add_command(now_command)
cli.add_command(price_command)


@cli.group("window")
def window() -> None:
    """Redeem shares at a price that is named once orders are in.

    The issuer's money is there from the opening on, and is the gate: if more is given back than it
    buys, all get their part. Nobody knows the price when it orders; a limit protects.
    """


for _make in (
    open_command,
    consent_command,
    place_command,
    explain_command,
    withdraw_command,
    close_command,
    settle_command,
    status_command,
    list_command,
    cancel_command,
    take_command,
):
    window.add_command(_make(WINDOW))
