# SPDX-License-Identifier: MIT
"""Hand the ownership of token, register or tax policy over, in two steps."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options
from prorata.cli.parts import parse_contract, part_options
from prorata.cli.session import Session
from prorata.deployments.roles import accept_ownership, find_governed, offer_ownership, read_roles
from prorata.values.addresses import ZERO_ADDRESS

OFFER = "prorata ownership offer --to 0x… --account owner.json"
ACCEPT = "prorata ownership accept --account new-owner.json"


@click.group()
def cli() -> None:
    """Hand the ownership of token, register or tax policy over, in two steps.

    The owner offers, and the next owner accepts. `prorata handover` does it for all of them.
    """


@cli.command(
    "offer",
    cls=Command,
    asks=True,
    examples=(OFFER, f"{OFFER} --of registry", "prorata ownership offer --to none"),
)
@click.option("--to", required=True, help="Who is to own it: a multisig, best; none: nobody yet.")
@part_options
@common_options
def offer_command(to: str, part: str, policy: str | None, **options: Any) -> None:
    """Offer the ownership.

    Nothing changes hands until it is accepted; another offer takes the place of this one.
    """
    session, who = Session.of(options), parse_contract(to, "to")
    with session.deployed() as (operator, found):
        governed = find_governed(found, part, policy)
        change = offer_ownership(operator, governed, who)
        single = who != ZERO_ADDRESS and not found.chain.code(who)
    if single:
        session.output.notice(
            f"{who} is no contract, so a single key will own {governed.called}; a multisig is safer"
        )
    if who != ZERO_ADDRESS:
        session.output.say(f"{who} accepts with `prorata ownership accept {governed.options}`")
    pending = None if who == ZERO_ADDRESS else who
    address = governed.contract.address
    show_change(session, change, of=part, contract=address, pending_owner=pending)


@cli.command("accept", cls=Command, asks=True, examples=(ACCEPT, f"{ACCEPT} --of tax"))
@part_options
@common_options
def accept_command(part: str, policy: str | None, **options: Any) -> None:
    """Accept the ownership that was offered to the account.

    A former owner who is agent stays so until it is removed.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        governed = find_governed(found, part, policy)
        change = accept_ownership(operator, governed)
        roles = read_roles(found, governed)
    staying = [agent for agent in roles.former_owners if agent in roles.agents]
    for agent in staying:
        session.output.notice(
            f"{agent} owned {governed.called} before and is still its agent; remove it with "
            f"`prorata agents remove {agent} {governed.options}`"
        )
    show_change(
        session,
        change,
        of=part,
        contract=governed.contract.address,
        owner=roles.owner,
        former_owners_still_agents=staying,
    )
