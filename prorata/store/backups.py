# SPDX-License-Identifier: MIT
"""Backups of the ledger's and the office's files: made while both are written, restored whole.

A backup is a folder of its own with copies of one moment each, the list of erasures, and
`backup.json`, which is written last and has their digests. A restored ledger begins another epoch:
whoever followed its changes begins anew. In a restored office nobody is who was erased since.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from prorata.errors import StoreError
from prorata.files.writer import write_json
from prorata.store.copies import copy_file
from prorata.store.database import FILE as LEDGER_FILE
from prorata.store.database import Database
from prorata.store.erasures import ERASURES_FILE, open_office, read_list, write_list
from prorata.store.office import OFFICE_FILE
from prorata.store.schema import chain

__all__ = ["DAYS", "Backup", "back_up", "backups_in", "renew_epochs", "restore"]

DAYS = 30
"""How long a backup may be kept: names that were erased since stand in it."""

CONTENT = "backup.json"
_NEW = ".restored"


@dataclass(frozen=True)
class Backup:
    """A backup that is whole; `files` has the SHA-256 of each."""

    folder: Path
    made_at: int
    files: Mapping[str, str]

    def is_old(self, now: float) -> bool:
        """Whether it has been kept for more than thirty days."""
        return now - self.made_at > DAYS * 86_400

    @classmethod
    def read(cls, folder: Path) -> Backup:
        """The backup in a folder.

        Raises: StoreError when there is none, or it is not what was written.
        """
        try:
            content = json.loads((folder / CONTENT).read_text(encoding="utf-8"))
            found = cls(folder, int(content["made_at"]), dict(content["files"]))
        except FileNotFoundError:
            newest = backups_in(folder)
            remedy = f"give {newest[-1].folder}" if newest else "give one that has backup.json"
            raise StoreError(f"{folder} is no backup", remedy) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise StoreError(f"{folder / CONTENT} cannot be read", "give another backup") from None
        for name, digest in found.files.items():
            if not (folder / name).is_file() or _digest(folder / name) != digest:
                raise StoreError(
                    f"{folder / name} is not the file that was backed up", "give another backup"
                )
        return found


def backups_in(folder: Path) -> list[Backup]:
    """The backups in the folders of a folder, the oldest first; what is damaged is no backup."""
    found = []
    for path in folder.glob(f"*/{CONTENT}"):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found.append(Backup(path.parent, int(content["made_at"]), dict(content["files"])))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: (one.made_at, one.folder))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


# ------------------------------------------------------------------------------------------- making


def back_up(
    ledger: Path, folder: Path, *, who: str, clock: Callable[[], float] = time.time
) -> Backup:
    """Copy the ledger's file, and the office's beside it, into a new folder of `folder`.

    Raises: StoreError when there is neither, or the copies cannot be written.
    """
    office = ledger.with_name(OFFICE_FILE)
    if not ledger.is_file() and not office.is_file():
        raise StoreError(
            f"there is neither {ledger} nor {office}", "make a ledger with `prorata follow`"
        )
    now = clock()
    named = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    part, whole = folder / f"{named}.part", folder / named
    if whole.exists():
        raise StoreError(f"{whole} is there already", "run it again in a second")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, mode=0o700)
        _copy(ledger, office, part, who, clock)
        files = {path.name: _digest(path) for path in sorted(part.iterdir())}
        write_json(part / CONTENT, {"made_at": int(now), "files": files})
        part.rename(whole)
    except OSError as error:
        raise _not_written(whole, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Backup(whole, int(now), files)


def _copy(ledger: Path, office: Path, part: Path, who: str, clock: Callable[[], float]) -> None:
    if ledger.is_file():
        with closing(Database.open(str(ledger), any_version=True)) as database:
            copy_file(database, part / LEDGER_FILE)
    if office.is_file():
        with closing(open_office(str(office), who=who, clock=clock)) as opened:
            with opened.writing("office.backup") as writing:
                writing.subject = part.stem
            copy_file(opened.database, part / OFFICE_FILE)
    listed = ledger.with_name(ERASURES_FILE)
    if listed.is_file():
        write_list(part / ERASURES_FILE, read_list(listed))


# ---------------------------------------------------------------------------------------- restoring


def restore(
    backup: Backup,
    ledger: Path,
    *,
    who: str,
    lists: Iterable[Path] = (),
    clock: Callable[[], float] = time.time,
) -> list[Path]:
    """Put the files of a backup where the ledger is to be, and the office beside it.

    Further `lists` of erasures count, too, as does the one that is there.

    Raises: StoreError when there is a file already; nothing is changed then.
    """
    places = {
        name: ledger if name == LEDGER_FILE else ledger.with_name(name)
        for name in (OFFICE_FILE, LEDGER_FILE)
        if name in backup.files
    }
    for path in places.values():
        for beside in (path, *path.parent.glob(f"{path.name}-*")):
            if beside.exists():
                raise StoreError(
                    f"{beside} is there already, and a backup overwrites nothing",
                    "move it away, or restore into another folder",
                )
    named = [Path(one) for one in lists]
    missing = [path for path in named if not path.is_file()]
    if missing:
        raise StoreError(f"there is no list of erasures {missing[0]}", "give another one")
    _join_lists([backup.folder / ERASURES_FILE, *named], ledger.with_name(ERASURES_FILE))
    fresh = {
        path: _prepared(backup.folder / name, path, who, clock) for name, path in places.items()
    }
    _name(fresh)
    return list(places.values())


def _join_lists(lists: Iterable[Path], into: Path) -> None:
    entries = {one for path in (*lists, into) for one in read_list(path)}
    if entries:
        write_list(into, entries)


def _prepared(source: Path, path: Path, who: str, clock: Callable[[], float]) -> Path:
    """A copy beside the file's place that is fit to be used, under another name."""
    fresh = path.with_name(f"{path.name}{_NEW}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{fresh.name}*"):
            left.unlink()
        shutil.copyfile(source, fresh)
        fresh.chmod(0o600)
    except OSError as error:
        raise _not_written(path, error) from None
    if source.name == LEDGER_FILE:
        with closing(Database.open(str(fresh), any_version=True)) as database:
            renew_epochs(database)
    else:
        with (
            closing(open_office(str(fresh), who=who, clock=clock)) as office,
            office.writing("office.restore") as writing,
        ):
            writing.subject = source.parent.name
    return fresh


def _name(fresh: Mapping[Path, Path]) -> None:
    """Give all files their names, or none."""
    named: list[Path] = []
    try:
        for path, file in fresh.items():
            # It fails if somebody has made one meanwhile, where a renaming would overwrite it.
            os.link(file, path)
            named.append(path)
    except OSError as error:
        for done in named:
            done.unlink()
        raise _not_written(path, error) from None
    finally:
        for file in fresh.values():
            file.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> StoreError:
    reason = str(error.strerror or error).lower()
    return StoreError(f"{path} cannot be written ({reason})", "give another folder")


def renew_epochs(database: Database) -> int:
    """Begin another history of changes for every chain, which nobody writes; how many these are."""
    with database.writing() as connection:
        rows = connection.execute(sa.select(chain.c.id, chain.c.chain_id)).all()
        for row in rows:
            fresh = {"epoch": uuid.uuid4().hex, "writer": None, "beat": 0}
            renewed = sa.update(chain).where(chain.c.id == row.id)
            connection.execute(renewed.values(fence=chain.c.fence + 1, **fresh))
    return len(rows)
