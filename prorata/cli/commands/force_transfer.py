# SPDX-License-Identifier: MIT
"""Move shares without the holder's consent."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, force_transfer
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units

EXAMPLES = (
    'prorata force-transfer --from 0x… --to 0x… --amount 5 --reason "Judgment 7" --document j.pdf',
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--from", "sender", required=True, help="Whose shares.")
@click.option("--to", "receiver", required=True, help="Who receives them; must be eligible.")
@click.option("--amount", required=True, help="How many shares.")
@basis_options
@common_options
def cli(sender: str, receiver: str, amount: str, **options: Any) -> None:
    """Move shares without the holder's consent.

    Frozen shares are taken last. The same order is executed once however often this runs: give
    another reason for a second one that is alike.
    """
    session = Session.of(options)
    giver, taker = check_address("from", sender), check_address("to", receiver)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        shares = parse_units(amount, found.settings.decimals, noun="shares")
        done = force_transfer(operator, found, basis, sender=giver, receiver=taker, amount=shares)
    show_order(session, done)
