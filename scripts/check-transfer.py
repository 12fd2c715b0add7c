"""Ask what stands in the way of a transfer."""

from __future__ import annotations

from typing import Any

import click

from prorata.asset import check_address
from prorata.money import parse_units
from prorata.rules import Check, check_transfer
from scripts._doors import Door, DoorCommand, reading_options

EXAMPLES = ("ape run check-transfer --from 0x… --to 0x… --amount 25",)


@click.command(cls=DoorCommand, examples=EXAMPLES)
@click.option("--from", "sender", required=True, help="Who would send.")
@click.option("--to", "receiver", required=True, help="Who would receive.")
@click.option("--amount", required=True, help="How many shares.")
@reading_options
def cli(sender: str, receiver: str, amount: str, **options: Any) -> None:
    """Ask what stands in the way of a transfer.

    Says every rule that the transfer would break, with its values and what would help, and the
    most that would pass now. Nothing is sent. Exit code 1 if the transfer would be refused.
    """
    door = Door.of(options)
    giver, taker = check_address("from", sender), check_address("to", receiver)
    with door.reading() as found:
        units = parse_units(amount, found.settings.decimals, noun="shares")
        check = check_transfer(found.token(), giver, taker, units)
    _show(door, check)
    if not check.passes:
        click.get_current_context().exit(1)


def _show(door: Door, check: Check) -> None:
    transfer = check.transfer
    verdict = "would pass" if check.passes else "would be refused"
    door.spoken.say(f"A transfer of {transfer.shares(transfer.amount)} {verdict}")
    for sentence in check.sentences:
        door.spoken.say(f"  - {sentence}")
    door.spoken.say(f"The most that would pass now: {transfer.shares(check.most)}")
    door.spoken.result(
        {
            "passes": check.passes,
            "from": transfer.sender,
            "to": transfer.receiver,
            "amount": str(transfer.amount),
            "most": str(check.most),
            "balance": str(check.balance),
            "refusals": [
                {"code": r.code.label, "value": str(r.value), "limit": str(r.limit)}
                for r in check.explanation.refusals
            ],
            "sentences": check.sentences,
        }
    )
