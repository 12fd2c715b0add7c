# SPDX-License-Identifier: MIT
"""Put a backup of the ledger and the office back, without those who were erased since."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.office import open_office_of, operator_name
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.errors import StoreError
from prorata.values.times import iso
from prorata.values.words import counted

__all__ = ["cli"]


@click.command(
    cls=Command,
    examples=(
        "prorata ledger restore /backups/HARB12/20270131T120000Z",
        "prorata ledger restore --database postgresql://ledger@db.example.org/ledger",
    ),
)
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--erasures",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A further list of erasures that was kept elsewhere; may be given again.",
)
@reading_options
def cli(folder: Path | None, erasures: tuple[Path, ...], **options: Any) -> None:
    """Put the backup in FOLDER where the ledger and the office are to be; nothing is overwritten.

    Whoever was erased since the backup is erased again, by the list beside the office. The ledger
    begins another epoch, so that whoever follows its changes begins anew. Of a PostgreSQL that
    pg_restore has put back, leave out FOLDER: only these two things are done.
    """
    from prorata.store.database import place_for
    from prorata.store.office import is_postgresql

    session = Session.of(options)
    deployment = session.folder_there()
    place = place_for(deployment, session.database)
    if is_postgresql(place):
        _finish_server(session, folder, deployment, place, erasures)
    elif folder is None:
        raise click.MissingParameter(
            param_hint="FOLDER", param_type="argument", ctx=click.get_current_context()
        )
    else:
        _restore_files(session, folder, Path(place.removeprefix("sqlite:///")), erasures)


def _restore_files(session: Session, folder: Path, ledger: Path, lists: tuple[Path, ...]) -> None:
    from prorata.store.backups import DAYS, Backup, restore

    backup = Backup.read(folder)
    if backup.is_old(time.time()):
        session.output.notice(
            f"the backup is of {iso(backup.made_at)}, and backups older than {DAYS} days may name "
            "people who were erased since: delete it"
        )
    places = restore(backup, ledger, who=operator_name(), lists=lists)
    session.output.say(f"The backup of {iso(backup.made_at)} is back:")
    for path in places:
        session.output.say(escape(f"  {path}"))
    session.output.say("Now `prorata follow` reads what has happened since")
    session.output.result(
        {"made_at": iso(backup.made_at), "restored": [str(path) for path in places]}
    )


def _finish_server(
    session: Session, folder: Path | None, deployment: Path, place: str, lists: tuple[Path, ...]
) -> None:
    """What is left to do once a server's own program has restored its tables."""
    from prorata.store.backups import renew_epochs
    from prorata.store.database import Database
    from prorata.store.erasures import read_list, replay, settle
    from prorata.store.office import has_office

    if folder is not None:
        raise StoreError(
            "a PostgreSQL is restored by its own programs",
            f"run `pg_restore --dbname=… {folder / 'prorata.dump'}`, then this command without "
            "FOLDER",
        )
    with closing(Database.open(place, any_version=True)) as database:
        chains = renew_epochs(database)
    erased = 0
    if has_office(place):
        with open_office_of(deployment, place) as office:
            for path in lists:
                erased += replay(office, read_list(path))
            settle(office)
    session.output.say(
        f"{counted(chains, 'chain')} with another epoch; the list of erasures was replayed"
    )
    session.output.result({"chains": chains, "erased": erased})
