# SPDX-License-Identifier: MIT
"""Hand an asset over: every role that this account has goes to another."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import say_change, sent_facts
from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.deployments.handover import Handover, hand_over
from prorata.values.addresses import check_address

WAITING = 4
"""The exit code while somebody else has to do something."""

EXAMPLES = (
    "prorata handover --to 0x… --dry-run",
    "prorata handover --to 0x… --account deployer.json",
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.option("--to", required=True, help="Who is to have the asset: a multisig, best.")
@common_options
def cli(to: str, **options: Any) -> None:
    """Hand an asset over: every role that this account has goes to another.

    Makes the receiver an agent wherever this account is one, offers it token, register and tax
    policies, and gives this account's roles as agent up. The receiver then accepts each ownership;
    until then this account stays owner. Ends with what the chain says: "the deployer holds no
    role", or what is left and who has to do it, with exit code 4. The same command again goes on,
    and sends nothing twice.
    """
    session, who = Session.of(options), check_address("to", to)
    with session.deployed() as (operator, found):
        done = hand_over(operator, found, who)
    _warn(session, done)
    for change in done.changes:
        say_change(session, change)
    _show(session, done)
    session.output.result(_facts(done))
    # What is only played has not come so far that anybody could wait.
    if not done.is_done and session.stage is None:
        click.get_current_context().exit(WAITING)


def _warn(session: Session, done: Handover) -> None:
    receiver = done.receiver
    if receiver.threshold is None:
        session.output.notice(f"{receiver.address} is {receiver.words}")
    if done.shared:
        tokens = ", ".join(done.shared)
        session.output.notice(f"the register serves other tokens, too: {tokens}")
    for grant in done.keeps:
        held = f"{grant.account} stays {grant.role} of {grant.contract}"
        session.output.notice(f"{held}, which cannot be handed over")


def _show(session: Session, done: Handover) -> None:
    say = session.output.say
    if done.is_done:
        say(f"The deployer holds no role: {done.receiver.address}, {done.receiver.words}, has all")
        return
    say("Still held:")
    for one in done.left:
        say(f"  {one.account} is {one.role} of {one.governed.called}")
        say(f"    {one.remedy}")
    if done.receiver.threshold is not None and any(one.accept for one in done.left):
        account = f"safe:{done.receiver.address}"
        say(f"With --account {account} those commands write a file for the Safe to sign")


def _facts(done: Handover) -> dict[str, Any]:
    receiver = done.receiver
    return {
        "giver": done.giver,
        "receiver": {
            "address": receiver.address,
            "is": receiver.words,
            "threshold": receiver.threshold,
            "owners": list(receiver.owners),
        },
        "changes": [{"change": one.label, **sent_facts(one.receipt)} for one in done.changes],
        "left": [one.as_json() for one in done.left],
        "done": done.is_done,
    }
