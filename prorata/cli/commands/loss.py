# SPDX-License-Identifier: MIT
"""Confirm a lost wallet for all assets of a register, or undo that."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, confirm_loss, undo_loss
from prorata.values.addresses import check_address

CONFIRM = 'prorata loss confirm --lost 0x… --new 0x… --reason "Key lost" --document lost.pdf'
UNDO = 'prorata loss undo --lost 0x… --reason "Key found in the safe" --document found.pdf'


@click.group()
def cli() -> None:
    """Confirm a lost wallet for all assets of a register, or undo that.

    A loss that one asset reports, with `recover`, binds that asset only. The account must be an
    agent of the register.
    """


@cli.command("confirm", cls=Command, asks=True, examples=(CONFIRM, f"{CONFIRM} --dry-run"))
@click.option("--lost", required=True, help="The wallet whose key is lost.")
@click.option("--new", "successor", required=True, help="The wallet that takes its place.")
@basis_options
@common_options
def confirm_command(lost: str, successor: str, dry_run: bool, **options: Any) -> None:
    """Confirm a lost wallet for all assets of the register.

    From now on it receives no shares of any asset and is no agent of the register. What it holds
    stays until each asset puts a new wallet in its place, with `recover`.
    """
    session = Session.of(options)
    old, new = check_address("lost", lost), check_address("new", successor)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = confirm_loss(operator, found, basis, lost=old, successor=new, dry_run=dry_run)
    show_order(session, done, **done.preparation())


@cli.command("undo", cls=Command, asks=True, examples=(UNDO, f"{UNDO} --dry-run"))
@click.option("--lost", required=True, help="The wallet that was not lost after all.")
@basis_options
@common_options
def undo_command(lost: str, dry_run: bool, **options: Any) -> None:
    """Undo a loss that was confirmed for all assets of the register.

    The register knows of the wallet what it knew before, eligibility included. What assets
    recovered stays where it is, and a role that the wallet lost is not given back.
    """
    session = Session.of(options)
    wallet = check_address("lost", lost)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = undo_loss(operator, found, basis, lost=wallet, dry_run=dry_run)
    show_order(session, done, **done.preparation())
