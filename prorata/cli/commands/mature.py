# SPDX-License-Identifier: MIT
"""Redeem all shares at maturity: everybody is paid, and the shares are burnt."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.exchange_desk import Desk, contract_at
from prorata.cli.exchange_mandatory import mandatory_options, run_mandatory, wanted_of
from prorata.cli.session import Session
from prorata.market.exchanges.mandatory import maturity

MATURE = 'prorata mature --price "1,000.00 USD" --at 2027-12-31T12:00:00Z --document notice.pdf'
EXAMPLES = (f"{MATURE} --dry-run", MATURE)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@mandatory_options
@common_options
def cli(dry_run: bool, **options: Any) -> None:
    """Redeem all shares at maturity: everybody is paid, and the shares are burnt.

    The first run opens it, funded for every share that exists; the token's owner does. From --at
    on, the same command pays everybody page by page, and goes on where it was stopped. The last
    income is distributed before. Who gets what is shown by --dry-run, to the unit.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        desk = Desk(session, operator, found, contract_at(found, options["contract"]))
        run_mandatory(
            desk,
            "mature",
            options,
            lambda: maturity(found, wanted_of(desk, options)),
            dry_run=dry_run,
        )
