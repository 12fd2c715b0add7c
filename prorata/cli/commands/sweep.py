# SPDX-License-Identifier: MIT
"""End a distribution after its deadline."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, money
from prorata.files.writer import json_object
from prorata.income.closing import sweep

EXAMPLES = ("prorata sweep --id 3",)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--id", "distribution_id", type=int, required=True, help="The distribution.")
@common_options
def cli(distribution_id: int, **options: Any) -> None:
    """Send what nobody claimed by the deadline to the recipient whom the terms name.

    What rounding left over joins the next distribution. Anyone may do this, once the deadline has
    passed; without a deadline, income waits for its holders for ever.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        done = sweep(operator, found, distribution_id)
        currency = Currency(found.chain, done.currency)
        amount, carried = money(done.amount, currency), money(done.carried, currency)
    again = ", as before" if done.receipt.resumed else ""
    session.output.say(
        f"Swept {amount} of distribution {distribution_id} to {done.recipient}{again}"
    )
    session.output.say(f"Carried {carried} to the next distribution")
    session.output.result(
        json_object(
            {
                "distribution": done.distribution_id,
                "currency": done.currency,
                "recipient": done.recipient,
                "swept": currency.unit.amount(done.amount),
                "carried": currency.unit.amount(done.carried),
                "transaction": done.receipt.hash,
            }
        )
    )
