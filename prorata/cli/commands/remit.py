# SPDX-License-Identifier: MIT
"""Send withheld tax to its collector."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, money
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.income.closing import Remitted, remit, remit_all

EXAMPLES = (
    "prorata remit --id 3",
    "prorata remit --all",
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.")
@click.option("--all", "everything", is_flag=True, help="Every one that has tax to remit.")
@common_options
def cli(ids: tuple[int, ...], everything: bool, **options: Any) -> None:
    """Send the tax withheld so far to the collector whom the tax policy named.

    What is withheld later is remitted by the same command again. Anyone may do this.
    """
    if bool(ids) == everything:
        rule = "stands beside --all" if ids else "is missing"
        raise InputError.of("id", ", ".join(map(str, ids)), rule, "give --id or --all")
    session = Session.of(options)
    with session.deployed() as (operator, found):
        done = (
            remit_all(operator, found)
            if everything
            else Remitted(tuple(remit(operator, found, ids)))
        )
        currencies = {r.currency: Currency(found.chain, r.currency) for r in done.done}
        rows = [
            (
                str(r.distribution_id),
                money(r.amount, currencies[r.currency]),
                r.collector,
                r.receipt.hash,
            )
            for r in done.done
        ]
    if rows:
        columns = ("distribution>", "tax>", "to", "transaction")
        session.output.table("Tax remitted", columns, rows)
    else:
        session.output.say("There is no tax to remit")
    for number, reason in done.refused.items():
        session.output.notice(f"The tax of distribution {number} was not remitted: {reason}")
    session.output.result(
        json_object(
            {
                "remitted": [
                    {
                        "distribution": r.distribution_id,
                        "currency": r.currency,
                        "collector": r.collector,
                        "amount": currencies[r.currency].unit.amount(r.amount),
                        "transaction": r.receipt.hash,
                    }
                    for r in done.done
                ],
                "refused": {number: str(reason) for number, reason in done.refused.items()},
            }
        )
    )
