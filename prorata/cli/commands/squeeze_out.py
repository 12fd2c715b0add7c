# SPDX-License-Identifier: MIT
"""Buy out all other holders, after notice: the acquirer gets the shares, everybody is paid."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.exchange_desk import Desk, contract_at, person
from prorata.cli.exchange_mandatory import mandatory_options, run_mandatory, wanted_of
from prorata.cli.session import Session
from prorata.market.exchanges.mandatory import buy_out

BUY_OUT = (
    'prorata squeeze-out --acquirer 0x… --price "1,050.00 USD" --at +15d --document notice.pdf'
)
EXAMPLES = (f"{BUY_OUT} --dry-run", BUY_OUT)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--acquirer", required=True, help="Who gets the shares, and keeps its own.")
@click.option("--locked", help="How many of its own it locks.  [default: all that it has]")
@mandatory_options
@common_options
def cli(acquirer: str, locked: str | None, dry_run: bool, **options: Any) -> None:
    """Buy out all other holders, after notice: the acquirer gets the shares, everybody is paid.

    The first run opens it at least 14 days before --at, funded for every share that the acquirer
    does not lock; the token's owner does, with the acquirer's consent (`prorata hold keeper`). From
    --at on, the same command pays everybody page by page, and goes on where it was stopped. Laws or
    the articles say who may do this, and at what price. Who gets what is shown by --dry-run.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        desk = Desk(session, operator, found, contract_at(found, options["contract"]))
        who = person("acquirer", acquirer)
        said = {**options, "acquirer": who, "locked": locked}
        run_mandatory(
            desk,
            "squeeze-out",
            said,
            lambda: buy_out(found, wanted_of(desk, said), who, locked),
            dry_run=dry_run,
        )
