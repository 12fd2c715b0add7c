# SPDX-License-Identifier: MIT
"""Approve a plan with a signature, so that it may be applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, planning_options
from prorata.cli.planned import signer_here
from prorata.cli.plans import show_plan
from prorata.cli.session import Session
from prorata.deployments.plans import Approval, Approvals, Plan
from prorata.errors import InputError

EXAMPLES = ("prorata approve-plan plan.json --account anne.json",)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("plan_file", metavar="PLAN", type=click.Path(dir_okay=False, path_type=Path))
@planning_options
def cli(plan_file: Path, **options: Any) -> None:
    """Approve a plan with a signature, so that it may be applied.

    PLAN is a file of `prorata plan`. Shows what is in it, and adds this account's signature
    (EIP-712) to the file of approvals beside it. Whoever proposed the plan cannot approve it.
    """
    session = Session.of(options)
    plan = Plan.load(plan_file)
    show_plan(session, plan)
    with session.chain() as chain:
        if (chain.chain_id, chain.genesis_hash) != (plan.binds.chain_id, plan.binds.genesis):
            raise InputError.of(
                "network",
                chain.chain_id,
                f"is not the chain of the plan, {plan.binds.chain_id}",
                "choose the network that it was planned for",
            )
        plan.check_time(chain.now())
        signer = signer_here(session, chain)
        if signer.address == plan.binds.signer:
            rule, remedy = "proposed the plan itself", "let somebody else approve it"
            raise InputError.of("account", signer.address, rule, remedy)
        approval = Approval.sign(plan, signer)
    approvals = Approvals.beside(plan_file).with_one(approval)
    approvals.write()
    session.output.say(f"{approval.approver} approves; the approvals are in {approvals.path}")
    session.output.result(
        {
            "plan": plan.digest,
            "approver": approval.approver,
            "approvals": [one.approver for one in approvals.given],
            "file": str(approvals.path),
        }
    )
