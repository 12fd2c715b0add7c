# SPDX-License-Identifier: MIT
"""Freeze a wallet, or some of its shares, or release it."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.errors import InputError
from prorata.register.enforcement import Basis, freeze, release
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units

EXAMPLES = (
    'prorata freeze --wallet 0x… --reason "Order 12/2027 of a court" --document order.pdf',
    'prorata freeze --wallet 0x… --amount 25 --reason "Pledged to the bank" --document pledge.pdf',
    'prorata freeze --wallet 0x… --release --reason "Order lifted" --document lifted.pdf',
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--wallet", required=True, help="Whose.")
@click.option("--amount", help="Freeze this many shares, not the wallet; 0 frees them all.")
@click.option("--release", "let_go", is_flag=True, help="Release the wallet.")
@basis_options
@common_options
def cli(wallet: str, amount: str | None, let_go: bool, **options: Any) -> None:
    """Freeze a wallet, or some of its shares, or release it.

    A frozen wallet neither sends nor receives, and its income waits. The number of frozen shares
    replaces the one before, and may exceed what the wallet holds.
    """
    if let_go and amount is not None:
        raise InputError.of("release", amount, "is an amount", "free shares with --amount 0")
    session = Session.of(options)
    holder = check_address("wallet", wallet)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        if let_go:
            done = release(operator, found, basis, holder)
        else:
            decimals = found.settings.decimals
            shares = None if amount is None else parse_units(amount, decimals, noun="shares")
            done = freeze(operator, found, basis, holder, amount=shares)
    show_order(session, done)
