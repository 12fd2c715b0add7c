# SPDX-License-Identifier: MIT
"""Show or set what a token says of itself."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.parts import parse_contract
from prorata.cli.session import Session
from prorata.market.singletons import HOLDS, singleton_address
from prorata.register.properties import (
    Properties,
    read_properties,
    set_holds_contract,
    set_identity,
    set_income_waits,
    set_metadata,
    set_name,
    set_symbol,
)
from prorata.values.addresses import ZERO_ADDRESS


@click.group()
def cli() -> None:
    """Show or set what a token says of itself.

    Only the token's owner can set it.
    """


@cli.command("show", cls=Command, examples=("prorata settings show",))
@reading_options
def show_command(**options: Any) -> None:
    """Show what the token says now."""
    session = Session.of(options)
    with session.reading() as found:
        read = read_properties(found.token())
    for name, value in _rows(read):
        session.output.say(f"{name:<16}{value}")
    session.output.result(read.as_json())


@cli.command("name", cls=Command, examples=('prorata settings name "Harbour Street 12 REIT"',))
@click.argument("name")
@common_options
def name_command(name: str, **options: Any) -> None:
    """Change the name.

    NAME is the new one. Permits that holders signed for the old name are void.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        change = set_name(operator, found, name)
    show_change(session, change, name=name)


@cli.command("symbol", cls=Command, examples=("prorata settings symbol HARB12A",))
@click.argument("symbol")
@common_options
def symbol_command(symbol: str, **options: Any) -> None:
    """Change the symbol.

    SYMBOL is the new one. The folder, the asset's file and the reports keep the one that was
    deployed.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        change = set_symbol(operator, found, symbol)
    show_change(session, change, symbol=symbol)


@cli.command(
    "metadata", cls=Command, examples=("prorata settings metadata https://example.org/harb12.json",)
)
@click.argument("uri")
@common_options
def metadata_command(uri: str, **options: Any) -> None:
    """Say where the token's metadata is (ERC-7572).

    URI is its address; an empty one takes it back.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        change = set_metadata(operator, found, uri)
    show_change(session, change, metadata=uri)


@cli.command("identity", cls=Command, asks=True, examples=("prorata settings identity 0x…",))
@click.argument("contract")
@common_options
def identity_command(contract: str, **options: Any) -> None:
    """Name the token's identity contract (ERC-3643).

    CONTRACT is its address, or none.
    """
    session, named = Session.of(options), parse_contract(contract, "contract")
    with session.deployed() as (operator, found):
        change = set_identity(operator, found, named)
    show_change(session, change, identity=named)


@cli.command(
    "income-waits",
    cls=Command,
    examples=("prorata settings income-waits yes", "prorata settings income-waits no --dry-run"),
)
@click.argument("waits", type=click.Choice(("yes", "no")))
@common_options
def income_waits_command(waits: str, **options: Any) -> None:
    """Set whether income waits while its holder is not eligible.

    WAITS is yes or no. It counts for what is declared from now on; what was declared before keeps
    its own terms. The income of a frozen wallet waits in any case.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        change = set_income_waits(operator, found, waits == "yes")
    show_change(session, change, income_waits=waits == "yes")


@cli.command(
    "holds-contract",
    cls=Command,
    examples=("prorata settings holds-contract market", "prorata settings holds-contract none"),
)
@click.argument("contract")
@common_options
def holds_contract_command(contract: str, **options: Any) -> None:
    """Appoint the one contract that may hold shares.

    CONTRACT is its address, `market` for the market's own, or none. It can hold free shares and
    deliver them as a transfer by their holder would. What the one before holds stays held, and is
    then this one's to release.
    """
    session, named = Session.of(options), _holds_contract(contract)
    with session.deployed() as (operator, found):
        change = set_holds_contract(operator, found, named)
    show_change(session, change, holds_contract=named)


def _holds_contract(text: str) -> str:
    return singleton_address(HOLDS) if text == "market" else parse_contract(text, "contract")


def _rows(read: Properties) -> list[tuple[str, str]]:
    return [
        ("name", read.name),
        ("symbol", read.symbol),
        ("metadata", read.metadata or "none"),
        ("identity", _or_none(read.identity)),
        ("income waits", "while its holder is not eligible" if read.income_waits else "for nobody"),
        ("may hold shares", _or_none(read.holds_contract)),
    ]


def _or_none(address: str) -> str:
    return "none" if address == ZERO_ADDRESS else address
