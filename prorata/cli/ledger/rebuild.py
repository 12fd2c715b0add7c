# SPDX-License-Identifier: MIT
"""Derive the ledger anew from the log that it holds."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.values.words import counted

__all__ = ["rebuild_command"]


@click.command(
    "rebuild",
    cls=Command,
    examples=("prorata ledger rebuild --dry-run", "prorata ledger rebuild"),
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@reading_options
def rebuild_command(dry_run: bool, **options: Any) -> None:
    """Derive every table of the ledger anew from the raw log in it; no node is asked.

    It is needed once a version of prorata knows other tables or events than the one that made the
    ledger, or where `prorata ledger check` found that something does not follow from the log. The
    new one is made beside the old one and takes its place in one step: whoever reads finds the one
    or the other. It has another epoch, so whoever follows its changes begins anew.
    """
    from prorata.store.database import Database, place_for
    from prorata.store.rebuild import rebuild

    session = Session.of(options)
    place = place_for(session.folder_there(), session.database)
    with closing(Database.open(place, any_version=True)) as database:
        facts = _facts(database)
        name = database.name
    say = session.output.say
    say(escape(f"{'Would derive' if dry_run else 'Derives'} {name} anew, from its own log"))
    say(f"  {'log':<12}{counted(facts['events'], 'event')} of {counted(facts['chains'], 'chain')}")
    say(f"  {'readers':<12}find the old one until the new one is whole")
    say(f"  {'followers':<12}of its changes begin anew, for its epoch is another")
    if dry_run:
        say("  nothing was changed")
        session.output.result({"dry_run": True, "database": name, **facts})
        return
    with session.output.counter("events") as show:
        rebuild(place, progress=show)
    say("Done: the ledger is derived anew")
    session.output.result({"database": name, **facts})


def _facts(database: Any) -> dict[str, int]:
    """How much there is to do."""
    from sqlalchemy import func, select

    from prorata.store import schema

    with database.snapshot() as connection:
        return {
            "chains": connection.scalar(select(func.count()).select_from(schema.chain)) or 0,
            "events": connection.scalar(select(func.count()).select_from(schema.log)) or 0,
        }
