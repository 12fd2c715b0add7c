# SPDX-License-Identifier: MIT
"""Send what a plan says, and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, planning_options
from prorata.cli.planned import Governor, play, run_in_earnest, signer_here
from prorata.cli.plans import ether
from prorata.cli.session import Session
from prorata.deployments.applying import (
    check_place,
    check_price,
    compare_plan,
    done_before,
    require_done,
)
from prorata.deployments.deployment import open_journal
from prorata.deployments.manifest import Manifest
from prorata.deployments.planning import Rehearsed
from prorata.deployments.plans import Approvals, Plan

EXAMPLES = (
    "prorata apply plan.json",
    "prorata apply plan.json --network https://rpc.example.org --account issuer.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("plan_file", metavar="PLAN", type=click.Path(dir_okay=False, path_type=Path))
@planning_options
def cli(plan_file: Path, **options: Any) -> None:
    """Send what a plan says, and nothing else.

    PLAN is a file of `prorata plan`. Its command is played once more, and everything but gas and
    fees must be as planned: chain, account, nonce, roles, supply, settings, contracts, each step,
    the time until which it holds and the most that it may cost. Any difference is named, and
    nothing is sent. Where the asset asks for approvals, they must be there. A run that was killed
    goes on with the same command; once all is done, it sends nothing.
    """
    session, plan = Session.of(options), Plan.load(plan_file)
    context = click.get_current_context()
    before, folder, approvals = _checked(session, context, plan, plan_file, options)
    governor = Governor(plan, approvals)
    with _heard(session) as said:
        code = run_in_earnest(context, plan.binds.command, options, governor)
    with session.chain() as chain, open_journal(chain, folder, read_only=True) as journal:
        require_done(plan, journal)
        hashes = {s.key: _hash(journal.find(s.key)) for s in plan.binds.steps}
    _show(session, plan, hashes, before)
    session.output.result(
        {
            "plan": plan.digest,
            "folder": str(folder),
            "approvals": list(approvals),
            "steps": [
                {"key": key, "transaction": hashed, "resumed": key in before}
                for key, hashed in hashes.items()
            ],
            "command": _parsed(said.getvalue()),
        }
    )
    if code:
        context.exit(code)


def _checked(
    session: Session,
    context: click.Context,
    plan: Plan,
    plan_file: Path,
    options: dict[str, Any],
) -> tuple[set[str], Path, tuple[str, ...]]:
    """Hold the plan against what would be sent now: what is done before, where, and who approved.

    Raises: InputError with every difference.
    """
    with session.chain() as chain:
        check_place(plan, chain, signer_here(session, chain).address)
        with play(context, plan.binds.command, options) as played:
            rehearsed = Rehearsed.of(
                chain, played.operator, played.folder, played.copy, complete=played.complete
            )
            tried = {step.key for step in rehearsed.steps}
            with open_journal(chain, played.folder, read_only=True) as journal:
                begun = any(journal.find(step.key) for step in plan.binds.steps)
                before = done_before(plan, journal, tried)
            if not begun:
                plan.check_time(chain.now())
            compare_plan(plan, rehearsed.steps, rehearsed.before, rehearsed.settings, before)
            check_price(plan, rehearsed.most(int(plan.binds.most_fee)))
            approvals = _approved(plan, plan_file, played.folder, played.copy)
            return before, played.folder, approvals


def _approved(plan: Plan, plan_file: Path, folder: Path, copy: Path) -> tuple[str, ...]:
    """Who has approved, as the present settings ask; of a new asset, as its own do."""
    present = folder / "manifest.json"
    path = present if present.exists() else copy / "manifest.json"
    approvers = Manifest.read(path).asset.approvers if path.exists() else None
    if approvers is None:
        return ()
    approvals = Approvals.beside(plan_file)
    approvals.require(plan, approvers)
    return approvals.valid(plan, approvers)


@contextlib.contextmanager
def _heard(session: Session) -> Iterator[io.StringIO]:
    """What the command prints for a program, which gets one document only."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said) if session.output.as_json else contextlib.nullcontext():
        yield said


def _parsed(text: str) -> Any:
    return json.loads(text) if text.strip() else None


def _hash(entry: Any) -> str | None:
    return None if entry is None else str(entry.hash)


def _show(session: Session, plan: Plan, hashes: dict[str, str | None], before: set[str]) -> None:
    sent = [key for key in hashes if key not in before]
    say = session.output.say
    if not sent:
        say("Nothing was sent: the plan was applied before")
    else:
        many = "step" if len(sent) == 1 else "steps"
        say(f"Sent {len(sent)} {many} of the plan, for at most {ether(plan.binds.most_total)}")
    say(f"  {'digest':<12}{plan.digest}")
