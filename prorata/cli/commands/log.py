# SPDX-License-Identifier: MIT
"""Show all that was ordered and sent, and verify that it holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import HEAD, Command, reading_options
from prorata.cli.groups import CommandGroup, by_itself
from prorata.cli.output import escape
from prorata.cli.session import Session, turn_of
from prorata.deployments.deployment import open_journal
from prorata.errors import JournalError
from prorata.register.actions import Action, Verdict, read_actions, verify
from prorata.values.addresses import check_address
from prorata.values.times import moment, parse_time

SHOWN = 20
WALLET = "prorata log --wallet 0x… --since 2027-01-01"
VERIFY = "prorata log verify"


@click.group(cls=CommandGroup, examples=("prorata log", WALLET))
@click.option("--wallet", help="Only what is by or about this address.")
@click.option("--since", help="Only what was ordered or sent then or later: a time, or a day.")
@click.option("--all", "whole", is_flag=True, help=f"Every line, not only the last {SHOWN}.")
@reading_options
def cli(wallet: str | None, since: str | None, whole: bool, **options: Any) -> None:
    """Show all that was ordered and sent, and verify that it holds.

    It is read from the deployment's journal. Each order stands with its reason and its document,
    each transaction with what became of it; what was adopted or given up is named.
    """
    if not by_itself():
        return
    session = Session.of(options)
    about = None if wallet is None else check_address("wallet", wallet)
    first = "" if since is None else moment(_beginning(since))
    with (
        session.looking() as (chain, folder),
        open_journal(chain, folder, read_only=True) as journal,
    ):
        actions = read_actions(chain, folder, journal)
    found = [
        action
        for action in actions
        if (about is None or action.names(about)) and (not first or action.at >= first)
    ]
    _show(session, found, whole)
    session.output.result({"lines": [_facts(action) for action in found]})


def _beginning(text: str) -> int:
    """The first second of a day, or the time itself."""
    second = parse_time("since", text)
    return second - 86_399 if len(text) == len("2027-01-01") else second


def _show(session: Session, actions: list[Action], whole: bool) -> None:
    shown = actions if whole else actions[-SHOWN:]
    if not actions:
        session.output.say("Nothing was ordered or sent")
        return
    for one in shown:
        session.output.say(f"{one.at:<20}  {one.kind:<11}  {escape(one.what)}")
        for more in _more(one):
            session.output.say(f"{'':<35}{escape(more)}")
    if len(shown) < len(actions):
        session.output.say(
            f"The last {len(shown):,} of {len(actions):,} lines; --all shows every one"
        )


def _more(action: Action) -> list[str]:
    """What else is known, a line each."""
    by = [] if action.by is None or action.kind == "looked at" else [f"by {action.by}"]
    where = "" if action.block is None else f" in block {action.block:,}"
    state = "" if action.state is None else f", {action.state}{where}"
    return [
        *by,
        *([] if action.reason is None else [f"“{action.reason}”"]),
        *([] if action.document is None else [f"document {action.document['hash']}"]),
        *([] if action.transaction is None else [f"{action.transaction}{state}"]),
    ]


def _facts(action: Action) -> dict[str, Any]:
    """For a program: what is known of it."""
    facts = {name: value for name, value in asdict(action).items() if value not in (None, "")}
    if action.kind == "order":
        return {"order": action.key, **facts}
    return facts


@cli.command("verify", cls=Command, examples=(VERIFY, f"{VERIFY} --head heads.jsonl"))
@HEAD
@reading_options
def verify_command(head: Path | None, **options: Any) -> None:
    """Verify the journal: against itself, against its head kept elsewhere, and against the chain.

    Every seal fits its line and the line before; every hash, nonce, receiver and sender is that of
    the signed bytes; every step is on the chain, or waits; and the chain and the manifest name
    nothing by our accounts that the journal does not know. Without --head, a journal whose step
    names were altered and that was sealed anew is not found.
    """
    session = Session.of(options)
    with session.looking() as (chain, folder):
        turn = turn_of({"head": head})
        with open_journal(chain, folder, read_only=True, turn=turn) as journal:
            verdict = verify(chain, folder, journal)
    _tell(session, verdict, folder)


def _tell(session: Session, verdict: Verdict, folder: Path) -> None:
    session.output.say(
        f"{verdict.lines} lines, the last with seal {verdict.seal}; {verdict.orders} orders, "
        f"{verdict.transactions} transactions: {verdict.mined} mined, {verdict.waiting} waiting"
    )
    for fault in verdict.faults:
        session.output.notice(fault)
    session.output.result({"holds": not verdict.faults, **asdict(verdict)})
    if verdict.faults:
        many = len(verdict.faults)
        raise JournalError(
            f"the journal in {folder} does not hold: {many} {'fault' if many == 1 else 'faults'}",
            "`prorata journal adopt` takes in what it does not know; else restore it from a copy",
        )
    session.output.say("The journal holds")
