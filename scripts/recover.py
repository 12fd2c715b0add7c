"""Put a new wallet in the place of a lost one."""

from __future__ import annotations

from typing import Any

import click

from prorata.asset import check_address
from prorata.orders import Basis, recover
from scripts._doors import Door, DoorCommand, basis_options, common_options, show_order

EXAMPLES = (
    'ape run recover --lost 0x… --new 0x… --reason "Key lost, person known" --document lost.pdf',
)


@click.command(cls=DoorCommand, examples=EXAMPLES)
@click.option("--lost", required=True, help="The wallet whose key is lost.")
@click.option("--new", "successor", required=True, help="The wallet that takes its place.")
@basis_options
@common_options
def cli(lost: str, successor: str, **options: Any) -> None:
    """Put a new wallet in the place of a lost one.

    Shares, freezes, lock-ups and the person move; everything that the lost wallet was owed at
    past record dates becomes claimable for the new one, and for nobody else.
    """
    door = Door.of(options)
    old, new = check_address("lost", lost), check_address("new", successor)
    basis = Basis.of(options["reason"], options["document"])
    with door.deployed() as (operator, found):
        done = recover(operator, found, basis, lost=old, successor=new)
    show_order(door, done)
