# SPDX-License-Identifier: MIT
"""Copy the ledger and the office into a backup, while both are in use."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.office import operator_name
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.errors import StoreError
from prorata.values.times import iso

__all__ = ["cli"]


@click.command(cls=Command, examples=("prorata ledger backup /backups/HARB12",))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@reading_options
def cli(folder: Path, **options: Any) -> None:
    """Copy the ledger and the office into a folder of their own in FOLDER.

    Each file is copied as of one moment, while it is read and written. `prorata ledger restore`
    checks the copies and puts them back. A PostgreSQL is backed up by its own programs: then this
    command says how.
    """
    from prorata.store.backups import DAYS, back_up, backups_in
    from prorata.store.database import place_for
    from prorata.store.office import is_postgresql

    session = Session.of(options)
    place = place_for(session.folder_there(), session.database)
    if is_postgresql(place):
        raise StoreError(
            "a PostgreSQL is backed up by its own programs",
            f"run {_dump(place, folder)}, or pg_basebackup for the whole server",
        )
    made = back_up(Path(place.removeprefix("sqlite:///")), folder, who=operator_name())
    session.output.say(escape(f"The backup is {made.folder}"))
    for name in made.files:
        size = (made.folder / name).stat().st_size
        session.output.say(f"  {name:<16}{size:,} bytes")
    old = [one.folder for one in backups_in(folder) if one.is_old(time.time())]
    for path in old:
        session.output.notice(
            f"{path} is older than {DAYS} days, and may name people who were erased since: "
            "delete it"
        )
    session.output.result(
        {
            "folder": str(made.folder),
            "made_at": iso(made.made_at),
            "files": dict(made.files),
            "old": [str(path) for path in old],
        }
    )


def _dump(place: str, folder: Path) -> str:
    """The command, without a password: the program has its own ways to take one."""
    from sqlalchemy import URL, make_url

    url = make_url(place)
    bare = URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    ).render_as_string()
    file = folder / "prorata.dump"
    words = ["pg_dump", "--format=custom", "--schema=ledger", "--schema=office"]
    return f"`{shlex.join([*words, f'--file={file}', bare])}`"
