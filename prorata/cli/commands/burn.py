# SPDX-License-Identifier: MIT
"""Destroy shares of a holder."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, burn
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units

BURN = "prorata burn --holder 0x… --amount 10"
EXAMPLES = (
    f'{BURN} --reason "Buy-back of May 2027" --document terms.pdf --dry-run',
    f'{BURN} --reason "Buy-back of May 2027" --document terms.pdf',
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--holder", required=True, help="Whose shares.")
@click.option("--amount", required=True, help="How many shares.")
@basis_options
@common_options
def cli(holder: str, amount: str, **options: Any) -> None:
    """Destroy shares of a holder.

    No consent is asked for on the chain, and it cannot be undone. Frozen shares go last. What was
    earned at records that have closed stays owed. The same order is executed once however often
    this runs: give another reason for a second one that is alike.
    """
    session, wallet = Session.of(options), check_address("holder", holder)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        shares = parse_units(amount, found.settings.decimals, noun="shares")
        done = burn(operator, found, basis, holder=wallet, amount=shares)
    show_order(session, done)
