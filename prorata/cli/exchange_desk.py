# SPDX-License-Identifier: MIT
"""What the commands of exchanges share: options, the exchange contract, coming and carrying out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.cli.exchange_screens import show_account, show_check, show_exchanged, show_vault
from prorata.cli.names import known_names
from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.contracts.share_exchange import ShareExchange
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.exchanges.account import account_of
from prorata.market.exchanges.carrying import PAGE_GAS, exchange_everybody
from prorata.market.exchanges.elective import check_exchange, check_note, exchange_now
from prorata.market.exchanges.listing import exchange_of_asset
from prorata.market.exchanges.opening import exchange_at
from prorata.market.exchanges.terms import shares_of_text
from prorata.market.exchanges.words import units_of
from prorata.market.legs import find_person
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units
from prorata.values.words import counted

__all__ = [
    "Desk",
    "carry",
    "come",
    "contract_at",
    "gas_option",
    "moment_of",
    "money_in",
    "page_option",
    "person",
    "reference_option",
]

reference_option = click.option(
    "--reference", default="", help="What it is for. What is equal with it is done once."
)
page_option = click.option(
    "--page", type=int, help="Holders to a page.  [default: as many as --page-gas has room for]"
)
gas_option = click.option(
    "--page-gas", type=int, default=PAGE_GAS, show_default=True, help="Gas of a page at most."
)


@dataclass(frozen=True)
class Desk:
    """Where a command works: its session, the account, the asset and the exchange contract."""

    session: Session
    operator: Operator
    found: Deployment
    place: ShareExchange


def contract_at(found: Deployment, named: str | None) -> ShareExchange:
    """The exchange contract, the usual one unless a person names another.

    Raises: InputError; DeploymentError when it is not there.
    """
    return exchange_at(found.chain, None if named is None else check_address("contract", named))


def money_in(
    found: Deployment, contract: ShareExchange, number: int, amount: str, column: str = "amount"
) -> int:
    """An amount of the money of an exchange of the asset, in smallest units.

    Raises: InputError.
    """
    unit = units_of(found.chain, exchange_of_asset(found, contract, number).exchange.terms).money
    try:
        return parse_units(amount, unit.decimals, noun=unit.symbol or "units")
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of(column, amount, problem.rule, problem.remedy) from None


def person(column: str, named: str) -> str:
    """The address that a person names, or the one behind a name of the address book.

    Raises: InputError.
    """
    return find_person(column, named, known_names())


def moment_of(text: str, chain: RpcChain, column: str) -> int:
    """The Unix second that `text` names; of a time from now, the one that was first shown.

    Raises: InputError when it names none.
    """
    # What is agreed to is played before it is run, and a second later it would be another call.
    context = click.get_current_context(silent=True)
    kept = {} if context is None else context.meta
    second: int = kept.setdefault(
        f"prorata.moment/{column}/{text}", parse_moment(text, chain, column)
    )
    return second


def come(
    desk: Desk, number: int, amount: str, options: Mapping[str, Any], *, dry_run: bool
) -> None:
    """Exchange shares of the account, or show what they would bring."""
    operator, found, place = desk.operator, desk.found, desk.place
    shares = shares_of_text("amount", amount, found.settings.unit)
    if dry_run:
        check = check_exchange(found.chain, place, number, operator.address, shares, allows=True)
        show_check(desk.session, check, dry_run=True)
        return
    least, until = options["least"], options["until"]
    done = exchange_now(
        operator,
        place,
        number,
        shares,
        least=None if least is None else money_in(found, place, number, least, "least"),
        until=None if until is None else moment_of(until, operator.chain, "until"),
        note=check_note(options["note"]),
        permit=options["permit"],
        reference=options["reference"],
    )
    show_exchanged(desk.session, done)


def carry(desk: Desk, number: int, page: int | None, page_gas: int) -> None:
    """Carry an exchange out, and show its account."""
    operator, found, place = desk.operator, desk.found, desk.place
    done = exchange_everybody(operator, found, place, number, page_size=page, page_gas=page_gas)
    operator.tell("accounting for every unit")
    account = account_of(found, place, number)
    files = account.write(found.folder)
    say = desk.session.output.say
    if done.receipts:
        pages = counted(len(done.receipts), "page")
        say(f"Exchange {number}: {counted(done.exchanged, 'holder')} in {pages}")
    else:
        say(f"Nothing was sent: nobody has shares that exchange {number} can take")
    show_vault(desk.session.output, done.vault)
    facts = {"vault": done.vault.as_json(), "pages": len(done.receipts)}
    show_account(desk.session, account, files, **facts, resumed=not done.receipts)
