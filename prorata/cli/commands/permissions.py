# SPDX-License-Identifier: MIT
"""Who can do what on a deployment, read from the chain."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.deployments.permissions import read_permissions

EXAMPLES = ("prorata permissions", "prorata permissions --json")


@click.command(cls=Command, examples=EXAMPLES)
@reading_options
def cli(**options: Any) -> None:
    """Show who can do what on a deployment.

    Every power is read from the chain: owners, agents, rules and registry. Warnings name what
    should change before anybody else's money is involved.
    """
    session = Session.of(options)
    with session.reading() as found:
        permissions = read_permissions(found)
    rows = [(g.contract, g.role, g.account, g.kind, g.may) for g in permissions.grants]
    title = f"Who can do what with {permissions.symbol}"
    session.output.table(title, ("contract", "role", "account", "is a", "may"), rows, most=None)
    for warning in permissions.warnings:
        session.output.notice(warning)
    session.output.result(permissions.as_json())
