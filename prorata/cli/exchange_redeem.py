# SPDX-License-Identifier: MIT
"""`prorata redeem now` and `price`: within a day's limit, at a price that a valuer names."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options
from prorata.cli.exchange_desk import Desk, come, contract_at, money_in, reference_option
from prorata.cli.exchange_screens import contract_option
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.contracts.share_exchange import Exchange
from prorata.market.exchanges.listing import choose_exchange
from prorata.market.exchanges.steps import set_price
from prorata.market.exchanges.words import kind_of
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["now_command", "price_command"]

OPEN_ONE = "let the issuer open one: `prorata exchange open TERMS.yaml`"


def _is_redemption(exchange: Exchange) -> bool:
    return kind_of(exchange.terms) in ("redemption", "purchase")


def _is_priced(exchange: Exchange) -> bool:
    return exchange.terms.valuer != ZERO_ADDRESS


@click.command(
    "now",
    cls=Command,
    asks=True,
    examples=(
        "prorata redeem now 100 --dry-run",
        "prorata redeem now 100 --least 9,800.00 --account holder.json",
    ),
)
@click.argument("amount")
@click.option("--id", "number", type=int, help="The exchange.  [default: the one that is open]")
@click.option("--least", help="The least money that you accept.  [default: what is shown]")
@click.option("--until", help=f"Until when it may be made: {WHEN}.  [default: tomorrow's end]")
@click.option("--note", default="", help="What the issuer is to read, such as where to deliver.")
@reference_option
@contract_option
@common_options
def now_command(amount: str, number: int | None, dry_run: bool, **options: Any) -> None:
    """Redeem shares of the account at once.

    AMOUNT are the shares. The money is there already, within the day's limit, at the last price
    that the valuer has named; no less is accepted than was shown. The same is done once: give
    another --reference for a second one that is alike.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, options["contract"])
        chosen = choose_exchange(
            found, place, number, _is_redemption, noun="redemption", remedy=OPEN_ONE
        )
        desk = Desk(session, operator, found, place)
        come(desk, chosen.id, amount, {**options, "permit": False}, dry_run=dry_run)


@click.command(
    "price",
    cls=Command,
    examples=(
        "prorata redeem price 101.25 --as-of 2027-03-31T17:00:00Z --dry-run",
        "prorata redeem price 101.25 --as-of 2027-03-31T17:00:00Z --account valuer.json",
    ),
)
@click.argument("price")
@click.option("--as-of", required=True, help=f"For which second it was found: {WHEN}.")
@click.option("--id", "number", type=int, help="The exchange.  [default: the one with a valuer]")
@contract_option
@common_options
def price_command(
    price: str, as_of: str, number: int | None, contract: str | None, **options: Any
) -> None:
    """Name the price at which shares are redeemed from now on.

    PRICE is what a holder gets for as many shares as the terms say. The valuer names it, within the
    bounds of the terms, with the second for which it was found.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        chosen = choose_exchange(
            found, place, number, _is_priced, noun="exchange with a valuer", remedy=OPEN_ONE
        )
        units = money_in(found, place, chosen.id, price, "price")
        second = parse_moment(as_of, found.chain, "as-of")
        change = set_price(operator, place, chosen.id, units, second)
    show_change(session, change, exchange=chosen.id)
