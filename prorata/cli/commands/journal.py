# SPDX-License-Identifier: MIT
"""Take into the journal what was sent without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from prorata.chain.transactions.adoption import adopt
from prorata.chain.transactions.outside import Findings, find_outside
from prorata.cli.command import WAIT, Command, reading_options
from prorata.cli.consent import can_ask
from prorata.cli.session import Session, turn_of
from prorata.deployments.deployment import home_of, open_journal
from prorata.errors import JournalError

ADOPT = "prorata journal adopt"


@click.group()
def cli() -> None:
    """Take into the journal what was sent without it.

    The journal is not the only memory: what the chain says of our accounts is compared with it
    before anything is sent. `prorata log` shows the journal.
    """


@cli.command("adopt", cls=Command, examples=(ADOPT, f"{ADOPT} --yes"))
@click.option("--yes", is_flag=True, help="Take in what is shown, without being asked.")
@WAIT
@reading_options
def adopt_command(yes: bool, **options: Any) -> None:
    """Take in what our accounts sent for this asset that the journal does not know.

    Another copy of the folder may have sent it, or this journal was restored or shortened. It is
    shown first. A step that asks for the same as one of these transactions counts as done by it.
    Nothing is sent.
    """
    session = Session.of(options)
    with session.looking() as (chain, folder):
        with open_journal(chain, folder, read_only=True) as journal:
            findings = find_outside(chain, journal, home_of(folder), thoroughly=True)
        _show(session, findings)
        if findings:
            _require_yes(yes, folder.name, options)
            with open_journal(chain, folder, turn=turn_of(options)) as journal:
                findings = find_outside(chain, journal, home_of(folder), thoroughly=True)
                adopt(journal, findings)
    session.output.result({"adopted": _facts(findings, True), "foreign": _facts(findings, False)})


def _show(session: Session, findings: Sequence[Findings]) -> None:
    found = [one for finding in findings for one in finding.found]
    if not found:
        session.output.say("Nothing to adopt: the journal knows all that its accounts sent")
        return
    rows = [
        (
            one.account,
            str(one.nonce),
            "" if one.block is None else str(one.block),
            "this asset" if one.ours else "foreign",
            one.what if one.hash is None else f"{one.what}, {one.hash}",
        )
        for one in found
    ]
    columns = ("account", "nonce>", "block>", "concerns", "transaction")
    session.output.table("Sent, and not in the journal", columns, rows)


def _require_yes(yes: bool, name: str, options: Mapping[str, Any]) -> None:
    """Raises: JournalError when nobody agrees."""
    question = f"Take this into the journal of {name}?"
    if not yes and not (can_ask(options) and click.confirm(question, err=True)):
        raise JournalError(
            "nobody agreed that this is taken into the journal, so nothing was written",
            "look at it and give --yes",
        )


def _facts(findings: Sequence[Findings], ours: bool) -> list[dict[str, Any]]:
    return [
        {
            "account": one.account,
            "nonce": one.nonce,
            "transaction": one.hash,
            "block": one.block,
            "what": one.what,
        }
        for finding in findings
        for one in finding.found
        if one.ours == ours
    ]
