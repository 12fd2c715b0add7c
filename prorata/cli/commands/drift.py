# SPDX-License-Identifier: MIT
"""Compare the chain with the manifest and the journal."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.deployments.drift import DriftKind, DriftReport, find_drift, known_transactions

EXAMPLES = ("prorata drift", "prorata drift --json")

DRIFTED = 3
"""The exit code when something differs."""


@click.command(cls=Command, examples=EXAMPLES)
@reading_options
def cli(**options: Any) -> None:
    """Compare the chain with the manifest and the journal.

    Looks at eight kinds of things: the code of every contract, its owner, its pending owner, its
    agents, the token's rules and registry, whether transfers are stopped, and documents. What this
    folder's journal has done is expected; what anybody else has changed is drift. Ends with exit
    code 3 when something differs.
    """
    session = Session.of(options)
    with session.chain() as chain:
        found = Deployment.unchecked(chain, session.folder(chain))
        report = find_drift(found, known_transactions(found))
    _show(session, report)
    session.output.result({"folder": str(found.folder), **report.as_json()})
    if report.drifts:
        click.get_current_context().exit(DRIFTED)


def _show(session: Session, report: DriftReport) -> None:
    rows = [
        (kind.value, str(report.checked[kind]), str(len(report.of(kind)) or "none"))
        for kind in DriftKind
    ]
    title = f"Drift at block {report.block}"
    session.output.table(title, ("kind", "compared>", "differ>"), rows)
    for drift in report.drifts:
        session.output.say(f"{drift.contract}: {drift.kind.value}")
        session.output.say(f"  {'should be':<12}{drift.expected}")
        session.output.say(f"  {'is':<12}{drift.found}")
        if drift.transaction is not None:
            session.output.say(f"  {'since':<12}{drift.transaction} in block {drift.block}")
    if not report.drifts:
        session.output.say("The chain is as the manifest and the journal say.")
