# SPDX-License-Identifier: MIT
"""Let somebody transfer shares, or money, of the account."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import say_change, sent_facts
from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.deployments.changes import Change
from prorata.files.writer import json_object
from prorata.market.singletons import spender_address
from prorata.register.transfers import approve, approve_money
from prorata.values.amounts import parse_units

EXAMPLES = (
    "prorata approve --spender 0x… --amount 25 --account holder.json",
    "prorata approve --spender settlement --amount 100,000.00 --currency USD",
    "prorata approve --spender 0x… --amount 0 --account holder.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--spender",
    required=True,
    help="Who may transfer them; settlement, holds, auction or exchange: the market's.",
)
@click.option("--amount", required=True, help="How many in all; 0 ends it.")
@click.option("--currency", help="Money in place of shares: an address, or a symbol.")
@common_options
def cli(spender: str, amount: str, currency: str | None, **options: Any) -> None:
    """Let somebody transfer shares, or money, of the account.

    The number replaces the one before; what was transferred under that is not counted. Whoever is
    approved can take so many whenever it likes, shares as far as the rules let it.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        who = spender_address(found.chain, spender)
        money = None if currency is None else found.currency(currency)
        unit = found.settings.unit if money is None else money.unit
        shares = parse_units(amount, unit.decimals, noun="shares" if money is None else unit.symbol)
        if money is None:
            done = approve(operator, found, who, shares)
        else:
            done = approve_money(operator, money, who, shares)
    allowed, before = unit.amount(shares), unit.amount(done.before)
    label = f"let {who} transfer {allowed.text} {unit.symbol}, before {before.text}"
    if done.before and shares and done.change.sent_now:
        session.output.notice(
            f"{who} could have taken the {before.text} before this was mined, and then as many "
            "again; where that matters, approve 0 first, and look at what was taken"
        )
    say_change(session, Change(label, done.change.receipt))
    session.output.result(
        json_object(
            {
                "spender": who,
                "amount": allowed,
                "before": before,
                **sent_facts(done.change.receipt),
            }
        )
    )
