# SPDX-License-Identifier: MIT
"""Put a new wallet in the place of a lost one."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, recover
from prorata.values.addresses import check_address

EXAMPLES = (
    'prorata recover --lost 0x… --new 0x… --reason "Key lost, person known" --document lost.pdf',
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--lost", required=True, help="The wallet whose key is lost.")
@click.option("--new", "successor", required=True, help="The wallet that takes its place.")
@basis_options
@common_options
def cli(lost: str, successor: str, **options: Any) -> None:
    """Put a new wallet in the place of a lost one.

    Shares, freezes, lock-ups and the person move; everything that the lost wallet was owed at
    past record dates becomes claimable for the new one, and for nobody else.
    """
    session = Session.of(options)
    old, new = check_address("lost", lost), check_address("new", successor)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = recover(operator, found, basis, lost=old, successor=new)
    show_order(session, done)
