"""Claim a holder's income."""

from __future__ import annotations

from typing import Any

import click

from prorata.asset import check_address
from prorata.contracts import Currency
from prorata.deploy import Deployment
from prorata.money import format_units
from prorata.operations import Payout, claim
from scripts._doors import Door, DoorCommand, common_options

EXAMPLES = (
    "ape run claim --holder 0x434B1AFe11Ab901537048e83e21B7044c1BeEa27",
    "ape run claim --id 3 --id 4 --account issuer.json",
)


@click.command(cls=DoorCommand, examples=EXAMPLES)
@click.option("--holder", help="Whose income.  [default: the account's own]")
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.  [default: all open]")
@common_options
def cli(holder: str | None, ids: tuple[int, ...], **options: Any) -> None:
    """Claim a holder's income.

    Anyone may pay for the claim: the money goes to the holder, or to the payee it has set.
    """
    door = Door.of(options)
    with door.deployed() as (operator, found):
        named = operator.address if holder is None else check_address("holder", holder)
        done = claim(operator, found, named, ids or None)
    if not done.payouts:
        door.spoken.say(f"{named} has nothing to claim")
    else:
        rows = [_row(found, payout) for payout in done.payouts]
        columns = ("distribution>", "currency", "gross>", "tax>", "paid>", "to")
        door.spoken.table(f"Income of {named}", columns, rows)
    if done.waiting:
        waiting = ", ".join(map(str, done.waiting))
        door.spoken.say(f"Not payable now: distribution {waiting}")
    door.spoken.result(
        {
            "holder": named,
            "transaction": None if done.receipt is None else done.receipt.hash,
            "payouts": [
                {
                    "distribution": payout.distribution_id,
                    "payee": payout.payee,
                    "gross": str(payout.gross),
                    "tax": str(payout.tax),
                    "net": str(payout.net),
                }
                for payout in done.payouts
            ],
            "waiting": list(done.waiting),
        }
    )


def _row(found: Deployment, payout: Payout) -> tuple[str, ...]:
    address = found.vault().distribution(payout.distribution_id).currency
    currency = Currency(found.chain, address)
    units = currency.decimals()
    gross, tax, net = (
        format_units(amount, units, trim=units > 6)
        for amount in (payout.gross, payout.tax, payout.net)
    )
    return str(payout.distribution_id), currency.symbol(), gross, tax, net, payout.payee
