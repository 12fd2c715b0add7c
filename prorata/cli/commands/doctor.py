# SPDX-License-Identifier: MIT
"""Look at what this machine and the node have, and say what mends what lacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click

from prorata.cli.checks import Check, folder_checks, machine_checks, node_checks, unanswered
from prorata.cli.command import Command, reading_options
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.errors import ProrataError

EXAMPLES = (
    "prorata doctor",
    "prorata doctor --network https://rpc.example.org --account issuer.json",
)

MARKS = {"ok": "[green]✓[/]", "missing": "[red]✗[/]", "absent": "·"}


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--account",
    envvar="PRORATA_ACCOUNT",
    show_envvar=True,
    help="A keystore file, to see whether others may read it.",
)
@reading_options
def cli(**options: Any) -> None:
    """Look at what this machine and the node have, and say what mends what lacks.

    Needs no deployment, and goes on without a node. Nothing is signed or sent. Exit code 1 when
    something that is needed is missing.
    """
    session = Session.of(options)
    checks = list(_checks(session))
    for check in checks:
        session.output.say(f"{MARKS[check.state]} {check.name:<18}{escape(check.found)}")
        if not check.ok:
            session.output.say(f"  {'':<18}→ {escape(check.mend)}")
    missing = [check for check in checks if check.missing]
    session.output.result({"healthy": not missing, "checks": [check.as_json() for check in checks]})
    if missing:
        click.get_current_context().exit(1)


def _checks(session: Session) -> Iterator[Check]:
    yield from machine_checks()
    try:
        with session.chain() as chain:
            yield from node_checks(chain)
    except ProrataError as error:
        yield unanswered(error)
    yield from folder_checks(session.deployment, session.account, os.environ)
