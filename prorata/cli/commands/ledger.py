# SPDX-License-Identifier: MIT
"""Ask the ledger in the database, and look after it."""

from __future__ import annotations

import click

from prorata.cli.ledger import publish, query

__all__ = ["cli"]


@click.group()
def cli() -> None:
    """Ask the ledger in the database, and look after it.

    `prorata follow` fills it. The database is a file beside the deployment, or what --database
    names. It needs the extra `store`: pip install 'prorata[store]'.
    """


cli.add_command(publish.cli, "publish")
cli.add_command(query.cli, "query")
