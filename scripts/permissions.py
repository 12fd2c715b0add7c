"""Who can do what on a deployment, read from the chain."""

from __future__ import annotations

from typing import Any

import click

from prorata.permissions import read_permissions
from scripts._doors import Door, DoorCommand, reading_options

EXAMPLES = ("ape run permissions", "ape run permissions --json")


@click.command(cls=DoorCommand, examples=EXAMPLES)
@reading_options
def cli(**options: Any) -> None:
    """Show who can do what on a deployment.

    Every power is read from the chain: owners, agents, rules and registry. Warnings name what
    should change before anybody else's money is involved.
    """
    door = Door.of(options)
    with door.reading() as found:
        permissions = read_permissions(found)
    rows = [(g.contract, g.role, g.account, g.kind, g.may) for g in permissions.grants]
    title = f"Who can do what with {permissions.symbol}"
    door.spoken.table(title, ("contract", "role", "account", "is a", "may"), rows)
    for warning in permissions.warnings:
        door.spoken.notice(warning)
    door.spoken.result(permissions.as_json())
