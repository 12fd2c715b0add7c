# SPDX-License-Identifier: MIT
"""Put a new wallet in the place of a lost one."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, recover
from prorata.register.successors import succession
from prorata.values.addresses import check_address

EXAMPLES = (
    'prorata recover --lost 0x… --new 0x… --reason "Key lost, person known" --document lost.pdf',
    'prorata recover --lost 0x… --new 0x… --reason "Key stolen" --document lost.pdf --dry-run',
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--lost", required=True, help="The wallet whose key is lost.")
@click.option("--new", "successor", required=True, help="The wallet that takes its place.")
@basis_options
@common_options
def cli(lost: str, successor: str, dry_run: bool, **options: Any) -> None:
    """Put a new wallet in the place of a lost one.

    Shares, freezes and lock-ups move; everything that the lost wallet was owed at past record
    dates becomes claimable for the new one, and for nobody else. The register must know the new
    wallet as the same person's: it is told first, if the account is an agent of the register.

    The loss binds this asset only. `prorata loss confirm` makes it bind all assets of the register.
    """
    session = Session.of(options)
    old, new = check_address("lost", lost), check_address("new", successor)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = recover(operator, found, basis, lost=old, successor=new, dry_run=dry_run)
        known = succession(found, old, new)
    everywhere = known is not None and known.confirmed
    binds = "all assets" if everywhere else "this asset"
    show_order(session, done, **done.preparation(), binds=binds)
    if everywhere:
        session.output.say("The loss is confirmed for all assets of the register")
    elif known is not None and not dry_run:
        session.output.say(
            "The loss binds this asset only; an agent of the register confirms it for all assets "
            "with `prorata loss confirm`"
        )
