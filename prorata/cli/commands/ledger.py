# SPDX-License-Identifier: MIT
"""Ask the ledger in the database, and look after it."""

from __future__ import annotations

import click

from prorata.cli.ledger import backup, people, restore
from prorata.cli.ledger.check import check_command
from prorata.cli.ledger.flows import flows_command
from prorata.cli.ledger.holders import holders_command
from prorata.cli.ledger.income import income_command
from prorata.cli.ledger.publish import publish_command
from prorata.cli.ledger.query import query_command
from prorata.cli.ledger.rebuild import rebuild_command
from prorata.cli.ledger.status import status_command

__all__ = ["cli"]


@click.group()
def cli() -> None:
    """Ask the ledger in the database, and look after it.

    `prorata follow` fills it. The database is a file beside the deployment, or what --database
    names. It needs the extra `store`: pip install 'prorata[store]'.
    """


cli.add_command(backup.cli, "backup")
cli.add_command(people.cli, "people")
cli.add_command(restore.cli, "restore")
for command in (
    status_command,
    holders_command,
    flows_command,
    income_command,
    check_command,
    rebuild_command,
    publish_command,
    query_command,
):
    cli.add_command(command)
