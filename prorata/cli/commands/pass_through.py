# SPDX-License-Identifier: MIT
"""Assign what a pool is owed to the pool's own holders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.files.writer import json_object
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
from prorata.values.amounts import Amount

EXAMPLES = (
    "prorata pass-through --pool 0x… --token 0x…",
    "prorata pass-through --pool 0x… --register --account pool.json",
    "prorata pass-through --pool 0x… --forward",
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
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
        found = known
        facts: dict[str, Any] = {}
        if token is not None:
            its_ranges = (
                ZERO_ADDRESS
                if record_ranges is None
                else check_address("record_ranges", record_ranges)
            )
            its_token = check_address("token", token)
            found = add_pass_through(operator, known, account, its_token, its_ranges)
        contract = pass_through(found, account)
        if options["name_it"]:
            name_as_payee(operator, found, account)
        if options["forward_now"]:
            done = forward(operator, found, account, ids or None, give_back=options["give_back"])
            facts = _facts(found, done)
        if not (registered := contract.is_registered()):
            session.output.notice(
                "the pool has not named it as its payee; its account must --register"
            )
        session.output.say(f"The pass-through of {account} is {contract.address}")
        if facts:
            _show(session, facts)
    session.output.result(
        json_object(
            {
                "pool": account,
                "contract": contract.address,
                "registered": registered,
                **facts,
            }
        )
    )


def _show(session: Session, done: Mapping[str, Any]) -> None:
    rows = [
        (str(moved["id"]), str(becomes), moved["amount"].currency, moved["amount"].figure)
        for moved, becomes in (
            *((moved, moved["distribution"]) for moved in done["forwarded"]),
            *((moved, "returned") for moved in done["returned"]),
        )
    ]
    if rows:
        session.output.table("Forwarded", ("distribution>", "as>", "currency", "amount>"), rows)
    else:
        session.output.say("Nothing was forwarded")
    for number, why in sorted(done["refused"].items()):
        session.output.notice(f"distribution {number} was left as it was: {why}")


def _facts(found: Deployment, done: Forwarding) -> dict[str, Any]:
    return {
        "forwarded": [
            {"id": p.id, "distribution": p.distribution_id, "amount": _amount(found, p)}
            for p in done.forwarded
        ],
        "returned": [{"id": r.id, "amount": _amount(found, r)} for r in done.returned],
        "refused": done.refused,
        "transactions": done.transactions,
    }


def _amount(found: Deployment, moved: Forwarded | Returned) -> Amount:
    return Currency(found.chain, moved.currency).unit.amount(moved.amount, moved.currency)
