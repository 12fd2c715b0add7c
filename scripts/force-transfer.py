"""Move shares without the holder's consent."""

from __future__ import annotations

from typing import Any

import click

from prorata.asset import check_address
from prorata.money import parse_units
from prorata.orders import Basis, force_transfer
from scripts._doors import Door, DoorCommand, basis_options, common_options, show_order

EXAMPLES = (
    'ape run force-transfer --from 0x… --to 0x… --amount 5 --reason "Judgment 7" --document j.pdf',
)


@click.command(cls=DoorCommand, examples=EXAMPLES)
@click.option("--from", "sender", required=True, help="Whose shares.")
@click.option("--to", "receiver", required=True, help="Who receives them; must be eligible.")
@click.option("--amount", required=True, help="How many shares.")
@basis_options
@common_options
def cli(sender: str, receiver: str, amount: str, **options: Any) -> None:
    """Move shares without the holder's consent.

    Frozen shares are taken last. The same order is carried out once however often this runs: give
    another reason for a second one that is alike.
    """
    door = Door.of(options)
    giver, taker = check_address("from", sender), check_address("to", receiver)
    basis = Basis.of(options["reason"], options["document"])
    with door.deployed() as (operator, found):
        shares = parse_units(amount, found.settings.decimals, noun="shares")
        done = force_transfer(operator, found, basis, sender=giver, receiver=taker, amount=shares)
    show_order(door, done)
