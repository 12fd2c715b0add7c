# SPDX-License-Identifier: MIT
"""Transfer shares of the account."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import say_change, sent_facts
from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.deployments.changes import Change
from prorata.files.writer import json_object
from prorata.register.transfers import transfer
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units

EXAMPLES = (
    "prorata transfer --to 0x… --amount 25 --account holder.json --dry-run",
    "prorata transfer --to 0x… --amount 25 --account holder.json --reference gift-2027",
    "prorata transfer --from 0x… --to 0x… --amount 5 --account broker.json",
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--to", "receiver", required=True, help="Who receives them.")
@click.option("--amount", required=True, help="How many shares.")
@click.option("--from", "sender", help="Whose, if that holder has approved the account.")
@click.option(
    "--reference",
    default="",
    help="What it is for. An equal transfer with an equal reference is made once.",
)
@common_options
def cli(receiver: str, amount: str, sender: str | None, reference: str, **options: Any) -> None:
    """Transfer shares of the account.

    Every rule is asked first, and a refusal names all that stand in the way. The same transfer is
    made once however often this runs: give another --reference for a second one that is alike.
    """
    session, taker = Session.of(options), check_address("to", receiver)
    giver = None if sender is None else check_address("from", sender)
    with session.deployed() as (operator, found):
        unit = found.settings.unit
        shares = parse_units(amount, unit.decimals, noun="shares")
        done = transfer(operator, found, taker, shares, sender=giver, reference=reference)
    moved, left = unit.amount(done.amount), unit.amount(done.left)
    say_change(session, Change(f"transfer {moved.text} {unit.symbol} to {taker}", done.receipt))
    session.output.say(f"{done.sender} holds {left.text} {unit.symbol} now")
    session.output.result(
        json_object(
            {
                "from": done.sender,
                "to": done.receiver,
                "amount": moved,
                "left": left,
                "reference": reference,
                **sent_facts(done.receipt),
            }
        )
    )
