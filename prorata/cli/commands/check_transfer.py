# SPDX-License-Identifier: MIT
"""Ask what stands in the way of a transfer."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.register.refusals import Check, check_transfer
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units

EXAMPLES = ("prorata check-transfer --from 0x… --to 0x… --amount 25",)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--from", "sender", required=True, help="Who would send.")
@click.option("--to", "receiver", required=True, help="Who would receive.")
@click.option("--amount", required=True, help="How many shares.")
@reading_options
def cli(sender: str, receiver: str, amount: str, **options: Any) -> None:
    """Ask what stands in the way of a transfer.

    Says every rule that the transfer would break, with its values and what would help, and the
    most that would pass now. Nothing is sent. Exit code 1 if the transfer would be refused.
    """
    session = Session.of(options)
    giver, taker = check_address("from", sender), check_address("to", receiver)
    with session.reading() as found:
        units = parse_units(amount, found.settings.decimals, noun="shares")
        check = check_transfer(found.token(), giver, taker, units)
    _show(session, check)
    if not check.passes:
        click.get_current_context().exit(1)


def _show(session: Session, check: Check) -> None:
    transfer = check.transfer
    verdict = "would pass" if check.passes else "would be refused"
    session.output.say(f"A transfer of {transfer.shares(transfer.amount)} {verdict}")
    for sentence in check.sentences:
        session.output.say(f"  - {sentence}")
    session.output.say(f"The most that would pass now: {transfer.shares(check.most)}")
    session.output.result(check.as_json())
