# SPDX-License-Identifier: MIT
"""`prorata exchange take`, `end-hold` and `sweep`: what exchanges owe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options
from prorata.cli.exchange_desk import contract_at, person
from prorata.cli.exchange_screens import contract_option, show_taken
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.market.exchanges.holds_ended import end_hold, end_kept
from prorata.market.exchanges.listing import exchange_of_asset
from prorata.market.exchanges.steps import sweep_exchange, take_owed
from prorata.market.exchanges.terms import shares_of_text
from prorata.market.hold_files import read_hold

__all__ = ["end_hold_command", "sweep_command", "take_command"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "take",
    cls=Command,
    examples=(
        "prorata exchange take 3 --holder 0x…",
        "prorata exchange take 3 --to 0x… --account holder.json",
    ),
)
@click.argument("number", type=int)
@click.option("--holder", help="Who is owed.  [default: the account]")
@click.option("--to", "receiver", help="Another wallet that the token names as the one to be paid.")
@contract_option
@common_options
def take_command(
    number: int, holder: str | None, receiver: str | None, contract: str | None, **options: Any
) -> None:
    """Pay what an exchange owes to a holder.

    NUMBER is the exchange. Anybody may do it: the money goes to the holder, or to its successor.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        who = operator.address if holder is None else person("holder", holder)
        to = None if receiver is None else person("to", receiver)
        place = contract_at(found, contract)
        exchange_of_asset(found, place, number)
        done = take_owed(operator, place, number, who, to)
        show_taken(session, done)


@click.command(
    "end-hold",
    cls=Command,
    examples=(
        "prorata exchange end-hold 3 hold.json",
        "prorata exchange end-hold 3 --keeper 0x… --holder 0x… --shares 100",
    ),
)
@click.argument("number", type=int)
@click.argument("file", type=_FILE, required=False)
@click.option("--keeper", help="In place of FILE: who held the shares as a keeper.")
@click.option("--holder", help="With --keeper: whose shares they were.")
@click.option("--for", "owed", help="With --keeper: who is owed now.  [default: the holder]")
@click.option("--shares", help="With --keeper: how many.")
@contract_option
@common_options
def end_hold_command(number: int, file: Path | None, **options: Any) -> None:
    """Untie what held shares have brought, once the hold has ended.

    NUMBER is the exchange, FILE the hold as `prorata hold place` wrote it. What its shares brought
    is then owed to whoever would have got them.
    """
    session = Session.of(options)
    keeper, holder, shares = options["keeper"], options["holder"], options["shares"]
    if (file is None) == (keeper is None):
        rule, remedy = "has to be said once", "give the hold's FILE, or --keeper"
        raise InputError.of("hold", "", rule, remedy)
    if keeper is not None and (holder is None or shares is None):
        rule, remedy = "is given without the holder and the shares", "give --holder and --shares"
        raise InputError.of("keeper", keeper, rule, remedy)
    with session.deployed() as (operator, found):
        place = contract_at(found, options["contract"])
        exchange_of_asset(found, place, number)
        if file is not None:
            terms = read_hold(file).terms
            change = end_hold(operator, place, number, terms)
        else:
            whose = person("holder", holder)
            given = options["owed"] and person("for", options["owed"])
            amount = shares_of_text("shares", shares, found.settings.unit)
            people = (person("keeper", keeper), whose, given or whose)
            change = end_kept(operator, place, number, people, amount)
    show_change(session, change, exchange=number)


@click.command(
    "sweep",
    cls=Command,
    asks=True,
    examples=("prorata exchange sweep 3", "prorata exchange sweep 3 --dry-run"),
)
@click.argument("number", type=int)
@contract_option
@common_options
def sweep_command(number: int, contract: str | None, **options: Any) -> None:
    """Send what nobody has taken by the last second to whom the terms name.

    NUMBER is the exchange. Anybody may do it.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        exchange_of_asset(found, place, number)
        change = sweep_exchange(operator, place, number)
    show_change(session, change, exchange=number)
