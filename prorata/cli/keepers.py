# SPDX-License-Identifier: MIT
"""What a keeper and whoever trusts it do: part of `prorata hold`."""

from __future__ import annotations

from typing import Any

import click

from prorata.chain.steps import Receipt
from prorata.cli.changes import sent_facts, show_change
from prorata.cli.command import Command, common_options
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.cli.trading import Place, parse_what, trading
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Consent, Holds
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.market.holds import is_appointed
from prorata.market.keepers import (
    allow_keeper,
    deliver_kept,
    hold_for,
    let_go,
    take_back,
)
from prorata.market.singletons import find_singleton
from prorata.values.times import moment

__all__ = ["keeper_commands"]

CONTRACT = click.option(
    "--holds",
    "named",
    metavar="0x…",
    help="The holds contract.  [default: the usual one, `prorata market show`]",
)
OWNER = click.option("--owner", "holder", required=True, help="Whose it is.")
REFERENCE = click.option(
    "--reference",
    default="",
    help="What it is for. An equal step with an equal reference is done once.",
)


@click.command(
    "keeper",
    cls=Command,
    asks=True,
    examples=(
        'prorata hold keeper 0x… "100 HARB12" --until 2027-12-31 --account holder.json',
        'prorata hold keeper exchange "100 HARB12" --until 2027-12-31 --account acquirer.json',
        'prorata hold keeper 0x… "0 HARB12" --account holder.json',
    ),
)
@click.argument("keeper")
@click.argument("most")
@click.option("--until", help=f"Until when it may hold them: {WHEN}.")
@CONTRACT
@common_options
def keeper_command(keeper: str, most: str, until: str | None, **options: Any) -> None:
    """Let a keeper hold shares or money of the account.

    KEEPER, an address, a name, or auction or exchange for the market's, may hold at most MOST, such
    as "100 HARB12", deliver it to whom it likes under the token's own rules, or let it go; after
    --until the account can take back what is left. 0 ends it. While something is kept, neither
    falls.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds = find_singleton(Holds, place.chain, options["named"])
        asset, amount = _most(place, most)
        named = place.keeper("keeper", keeper)
        second = _until(place, until, amount)
        change, approval = allow_keeper(operator, holds, named, asset, most=amount, until=second)
        locked = is_appointed(place.chain, asset.address, holds.address)
    if amount and not locked:
        session.output.notice(
            f"{asset.unit.symbol} has not appointed {holds.address}: what the keeper holds moves "
            "into that contract's care, and of shares the income and votes with it"
        )
    show_change(
        session,
        change,
        keeper=named,
        most=asset.unit.amount(amount, asset.address).as_json(),
        until=moment(second) if amount else None,
        approval=None if approval is None else approval.hash,
    )


def _most(place: Place, text: str) -> tuple[Currency, int]:
    amount, _, named = text.strip().partition(" ")
    if amount != "0":
        return parse_what(place, text, "most")
    return place.asset(named, "most"), 0


def _until(place: Place, text: str | None, amount: int) -> int:
    if not amount:
        return 0
    if text is None:
        raise InputError.of("until", "", "is missing", "give --until")
    return parse_moment(text, place.chain, "until")


@click.command(
    "for",
    cls=Command,
    asks=True,
    examples=('prorata hold for "100 HARB12" --owner 0x… --account keeper.json',),
)
@click.argument("what")
@OWNER
@REFERENCE
@CONTRACT
@common_options
def for_command(what: str, holder: str, reference: str, **options: Any) -> None:
    """Hold shares or money of an owner that lets the account do so.

    WHAT is an amount and an asset, within what the owner allows.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds = find_singleton(Holds, place.chain, options["named"])
        asset, amount = parse_what(place, what)
        owner = place.person("owner", holder)
        done = hold_for(operator, holds, asset, owner, amount, reference=reference)
    _show(session, asset, owner, done.consent, done.receipt)


@click.command(
    "deliver-kept",
    cls=Command,
    asks=True,
    examples=('prorata hold deliver-kept "100 HARB12" --owner 0x… --to 0x…',),
)
@click.argument("what")
@OWNER
@click.option("--to", "receiver", required=True, help="Who receives it.")
@REFERENCE
@CONTRACT
@common_options
def deliver_kept_command(
    what: str, holder: str, receiver: str, reference: str, **options: Any
) -> None:
    """Deliver what the account keeps, under the token's own rules.

    WHAT is an amount and an asset.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds = find_singleton(Holds, place.chain, options["named"])
        asset, amount = parse_what(place, what)
        owner, to = place.person("owner", holder), place.person("to", receiver)
        done = deliver_kept(operator, holds, asset, owner, amount, to=to, reference=reference)
    _show(session, asset, owner, done.consent, done.receipt, to=to)


@click.command(
    "let-go",
    cls=Command,
    asks=True,
    examples=('prorata hold let-go "100 HARB12" --owner 0x… --account keeper.json',),
)
@click.argument("what")
@OWNER
@REFERENCE
@CONTRACT
@common_options
def let_go_command(what: str, holder: str, reference: str, **options: Any) -> None:
    """Let go of what the account keeps.

    WHAT is an amount and an asset.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds = find_singleton(Holds, place.chain, options["named"])
        asset, amount = parse_what(place, what)
        owner = place.person("owner", holder)
        done = let_go(operator, holds, asset, owner, amount, reference=reference)
    _show(session, asset, owner, done.consent, done.receipt)


@click.command(
    "take-back",
    cls=Command,
    asks=True,
    examples=("prorata hold take-back HARB12 --keeper 0x… --account holder.json",),
)
@click.argument("what", metavar="ASSET")
@click.option("--keeper", required=True, help="Who keeps it; auction or exchange: the market's.")
@click.option("--owner", "holder", help="Whose it was, if the account took that wallet's place.")
@CONTRACT
@common_options
def take_back_command(what: str, keeper: str, holder: str | None, **options: Any) -> None:
    """Take back all that a keeper holds, after the time that it was given.

    ASSET is whose amount is taken back.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds = find_singleton(Holds, place.chain, options["named"])
        asset, named = place.asset(what), place.keeper("keeper", keeper)
        owner = operator.address if holder is None else place.person("owner", holder)
        done = take_back(operator, holds, named, asset, owner)
    _show(session, asset, owner, done.consent, done.receipt)


def _show(
    session: Session,
    asset: Currency,
    owner: str,
    consent: Consent,
    receipt: Receipt,
    **more: Any,
) -> None:
    unit = asset.unit
    again = ", sent before" if receipt.resumed else ""
    session.output.say(f"Done: {receipt.label}{again}")
    session.output.say(f"  {'kept now':<12}{unit.amount(consent.kept).text} {unit.symbol}")
    session.output.say(f"  {'transaction':<12}{receipt.hash}")
    facts = {
        "owner": owner,
        "kept": unit.amount(consent.kept, asset.address),
        "most": unit.amount(consent.most, asset.address),
        "until": moment(consent.until) if consent.until else None,
    }
    session.output.result(json_object({**facts, **more, **sent_facts(receipt)}))


keeper_commands: tuple[click.Command, ...] = (
    keeper_command,
    for_command,
    deliver_kept_command,
    let_go_command,
    take_back_command,
)
"""The commands of the group, in the order in which they are used."""
