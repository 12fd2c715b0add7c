# SPDX-License-Identifier: MIT
"""Bind tokens to a register, count their holders, change the register, undo a loss."""

from __future__ import annotations

from copy import copy
from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options
from prorata.cli.commands.loss import undo_command
from prorata.cli.parts import parse_contract
from prorata.cli.session import Session
from prorata.register.registries import (
    bind_token,
    change_registry,
    count_holders,
    remove_wallet,
    unbind_token,
)
from prorata.values.addresses import ZERO_ADDRESS, check_address

BIND = "prorata registry bind"
UNBIND = "prorata registry unbind --token 0x…"


@click.group()
def cli() -> None:
    """Bind tokens to a register, count their holders, change the register, undo a loss.

    `prorata register` fills it with investors, and `prorata loss` confirms lost wallets.
    """


@cli.command("bind", cls=Command, examples=(BIND, f"{BIND} --token 0x…"))
@click.option("--token", help="A token.  [default: the asset's own]")
@common_options
def bind_command(token: str | None, **options: Any) -> None:
    """Let the register count a token's holders, and take its word for lost wallets.

    Only the register's owner can. Bind a token only if its owner, agents and rules are trusted.
    """
    session = Session.of(options)
    named = None if token is None else check_address("token", token)
    with session.deployed() as (operator, found):
        address = named or found.token().address
        change = bind_token(operator, found, address)
    show_change(session, change, token=address)


@cli.command("unbind", cls=Command, asks=True, examples=(UNBIND, f"{UNBIND} --dry-run"))
@click.option("--token", required=True, help="A token that is bound.")
@common_options
def unbind_command(token: str, **options: Any) -> None:
    """End that, and forget the count of its holders.

    Only the register's owner can. While the token's rules count persons in this register, none of
    its shares moves until it is bound and counted again, or has other rules.
    """
    session, named = Session.of(options), check_address("token", token)
    with session.deployed() as (operator, found):
        change = unbind_token(operator, found, named)
    show_change(session, change, token=named)


@cli.command("count", cls=Command, examples=("prorata registry count",))
@common_options
def count_command(**options: Any) -> None:
    """Count the persons behind all holders, for rules that count.

    Needed once when a token with holders comes under such rules and `prorata rules change` did not
    finish. Until it is done no share moves. The account must be an agent of the register.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        done = count_holders(operator, found)
    session.output.say(f"{done.persons:,} persons hold shares of {found.settings.symbol}")
    session.output.result(
        {"persons": done.persons, "transactions": [receipt.hash for receipt in done.receipts]}
    )


@cli.command("remove", cls=Command, asks=True, examples=("prorata registry remove --wallet 0x…",))
@click.option("--wallet", required=True, help="A wallet that holds nothing.")
@common_options
def remove_command(wallet: str, **options: Any) -> None:
    """Take a wallet out of the register.

    The account must be an agent of the register. A wallet that holds shares stays.
    """
    session, named = Session.of(options), check_address("wallet", wallet)
    with session.deployed() as (operator, found):
        change = remove_wallet(operator, found, named)
    show_change(session, change, wallet=named)


@cli.command(
    "change",
    cls=Command,
    examples=("prorata registry change --to 0x…", "prorata registry change --to none"),
)
@click.option("--to", required=True, help="Another registry, or none: then anyone may hold.")
@common_options
def change_command(to: str, **options: Any) -> None:
    """Let the token ask another registry who may hold.

    Only the token's owner can. The rules go on reading the register that they were made with;
    `prorata rules change` puts others in force.
    """
    session, named = Session.of(options), parse_contract(to, "to")
    with session.deployed() as (operator, found):
        change = change_registry(operator, found, named)
    if named == ZERO_ADDRESS:
        session.output.notice("no registry is asked from now on; only rules can refuse a receiver")
    show_change(session, change, registry=named)


_undo_loss = copy(undo_command)
_undo_loss.examples = tuple(  # type: ignore[attr-defined]
    example.replace("loss undo", "registry undo-loss")
    for example in undo_command.examples  # type: ignore[attr-defined]
)
cli.add_command(_undo_loss, "undo-loss")
