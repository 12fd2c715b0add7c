# SPDX-License-Identifier: MIT
"""Send a distribution that nobody can receive back to its declarer."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, money
from prorata.files.writer import json_object
from prorata.income.closing import refund

EXAMPLES = ("prorata refund --id 3",)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--id", "distribution_id", type=int, required=True, help="The distribution.")
@common_options
def cli(distribution_id: int, **options: Any) -> None:
    """Send a distribution that nobody can receive back to its declarer.

    That is one whose record was cancelled, or closed without a share that earns. What earlier
    distributions had left over is carried on. Anyone may do this.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        done = refund(operator, found, distribution_id)
        currency = Currency(found.chain, done.currency)
        amount, carried = money(done.amount, currency), money(done.carried, currency)
    again = ", as before" if done.receipt.resumed else ""
    session.output.say(
        f"Refunded {amount} of distribution {distribution_id} to {done.declarer}{again}"
    )
    session.output.say(f"Carried {carried} to the next distribution")
    session.output.result(
        json_object(
            {
                "distribution": done.distribution_id,
                "currency": done.currency,
                "declarer": done.declarer,
                "refunded": currency.unit.amount(done.amount),
                "carried": currency.unit.amount(done.carried),
                "transaction": done.receipt.hash,
            }
        )
    )
