# SPDX-License-Identifier: MIT
"""Name where the account's income goes, or show it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.income.payees import Payee, read_payee, set_payee
from prorata.values.addresses import check_address

SET = "prorata payee set --to 0x… --account holder.json"


@click.group()
def cli() -> None:
    """Name where the account's income goes, or show it.

    The payee gets the holder's income of every asset of the vault, claimed or pushed.
    """


@cli.command("set", cls=Command, examples=(SET, "prorata payee set --own --account holder.json"))
@click.option("--to", help="Who is to receive the income of the account.")
@click.option("--own", is_flag=True, help="The account itself again.")
@common_options
def set_command(to: str | None, own: bool, **options: Any) -> None:
    """Name where the account's income goes.

    What is owed already goes there too, from now on. After a recovery the new wallet's own payee
    counts.
    """
    if (to is None) == (not own):
        raise InputError.of("to", to or "", "is not one payee", "give either --to or --own")
    session = Session.of(options)
    named = None if to is None else check_address("to", to)
    with session.deployed() as (operator, found):
        before = read_payee(found, operator.address)
        change, payee = set_payee(operator, found, named or operator.address)
    _notice(session, payee)
    session.output.say(f"Before, it went to {_who(before)}")
    show_change(session, change, **asdict(payee), before=before.payee)


@cli.command("show", cls=Command, examples=("prorata payee show --holder 0x…",))
@click.option("--holder", required=True, help="Whose income.")
@reading_options
def show_command(holder: str, **options: Any) -> None:
    """Show where the income of a holder goes."""
    session, wallet = Session.of(options), check_address("holder", holder)
    with session.reading() as found:
        payee = read_payee(found, wallet)
    session.output.say(f"The income of {wallet} goes to {_who(payee)}")
    _notice(session, payee)
    session.output.result(asdict(payee))


def _who(payee: Payee) -> str:
    return "the holder itself" if payee.is_own else payee.payee


def _notice(session: Session, payee: Payee) -> None:
    if payee.is_contract and not payee.is_own:
        session.output.notice(
            f"{payee.payee} is a contract; make sure that it can pass on what it receives, in "
            "every currency that the asset pays"
        )
