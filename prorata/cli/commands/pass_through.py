# SPDX-License-Identifier: MIT
"""Assign what a pool is owed to the pool's own holders."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.income.pools import (
    Forwarded,
    Forwarding,
    Returned,
    add_pass_through,
    forward,
    name_as_payee,
    pass_through,
)
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import format_units

EXAMPLES = (
    "prorata pass-through --pool 0x… --token 0x…",
    "prorata pass-through --pool 0x… --register --account pool.json",
    "prorata pass-through --pool 0x… --forward",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--pool", required=True, help="The account that holds shares for others.")
@click.option("--token", help="The record token of those others; deploys the pass-through.")
@click.option(
    "--record-ranges", help="The record ranges of that token, for interest that accrues daily."
)
@click.option("--register", "name_it", is_flag=True, help="Name it as the pool's payee.")
@click.option("--forward", "forward_now", is_flag=True, help="Forward what the pool is owed.")
@click.option(
    "--return",
    "give_back",
    is_flag=True,
    help="Return to the pool what can be forwarded to nobody.",
)
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.  [default: all]")
@common_options
def cli(
    pool: str, token: str | None, record_ranges: str | None, ids: tuple[int, ...], **options: Any
) -> None:
    """Assign what a pool is owed to the pool's own holders.

    First --token deploys the contract that does it; then the pool's account names it as its payee
    with --register; and from then on anyone may --forward. What is forwarded becomes a distribution
    to those who held the pool's token at the same second, claimed like any other: so that token
    needs a record date wherever the asset has one.
    """
    session, account = Session.of(options), check_address("pool", pool)
    with session.deployed() as (operator, known):
        found, done = known, None
        if token is not None:
            its_streams = (
                ZERO_ADDRESS
                if record_ranges is None
                else check_address("record_ranges", record_ranges)
            )
            its_token = check_address("token", token)
            found = add_pass_through(operator, known, account, its_token, its_streams)
        contract = pass_through(found, account)
        if options["name_it"]:
            name_as_payee(operator, found, account)
        if options["forward_now"]:
            done = forward(operator, found, account, ids or None, give_back=options["give_back"])
        if not (registered := contract.is_registered()):
            session.output.notice(
                "the pool has not named it as its payee; its account must --register"
            )
        session.output.say(f"The pass-through of {account} is {contract.address}")
        if done is not None:
            _show(session, found, done)
    session.output.result(
        {
            "pool": account,
            "contract": contract.address,
            "registered": registered,
            **(_facts(done) if done is not None else {}),
        }
    )


def _show(session: Session, found: Deployment, done: Forwarding) -> None:
    rows = [
        *((str(p.id), str(p.distribution_id), *_money(found, p)) for p in done.forwarded),
        *((str(r.id), "returned", *_money(found, r)) for r in done.returned),
    ]
    if rows:
        session.output.table("Forwarded", ("distribution>", "as>", "currency", "amount>"), rows)
    else:
        session.output.say("Nothing was forwarded")
    for number, why in sorted(done.refused.items()):
        session.output.notice(f"distribution {number} was left as it was: {why}")


def _facts(done: Forwarding) -> dict[str, Any]:
    return {
        "forwarded": [
            {"id": p.id, "distribution": p.distribution_id, "amount": str(p.amount)}
            for p in done.forwarded
        ],
        "returned": [{"id": r.id, "amount": str(r.amount)} for r in done.returned],
        "refused": {str(number): why for number, why in done.refused.items()},
        "transactions": list(done.transactions),
    }


def _money(found: Deployment, moved: Forwarded | Returned) -> tuple[str, str]:
    currency = Currency(found.chain, moved.currency)
    units = currency.decimals()
    return currency.symbol(), format_units(moved.amount, units, trim=units > 6)
