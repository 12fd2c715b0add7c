# SPDX-License-Identifier: MIT
"""The office beside a deployment, as commands open it: who people are, and under whose eyes.

Whoever has none notices nothing, and nothing of the extra is imported.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prorata.deployments.manifest import Manifest
from prorata.errors import StoreError
from prorata.register.address_book import NameRow

if TYPE_CHECKING:
    from prorata.store.office import Office

__all__ = ["OFFICE_FILE", "chain_of", "office_names", "open_office_of", "operator_name"]

OFFICE_FILE = "office.db"
_READ = "prorata.office-names"


def operator_name() -> str:
    """The account of this machine that the trail names."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def chain_of(folder: Path) -> int:
    """The chain of a deployment, by its manifest.

    Raises: DeploymentError when there is none.
    """
    return Manifest.read(folder / "manifest.json").chain_id


@contextmanager
def open_office_of(
    folder: Path, named: str | None, *, create: bool = False, tenant: str | None = None
) -> Iterator[Office]:
    """The office beside the ledger of a deployment's folder, or beside the one that was named.

    It is opened for the issuer itself, or for another tenant of it.

    Raises: StoreError when there is none and none is to be made, or it cannot be used.
    """
    place = office_place_of(folder, named)
    from prorata.store.erasures import open_office  # noqa: PLC0415
    from prorata.store.office_schema import OWN  # noqa: PLC0415

    opened = open_office(
        place, who=operator_name(), create=create, tenant=tenant or OWN, beside=folder
    )
    with closing(opened) as office:
        yield office


def office_place_of(folder: Path, named: str | None) -> str:
    """Where that office is, or can be made.

    Raises: StoreError when the extra is not installed.
    """
    try:
        # Nobody else pays for it: importing it takes a third of a second.
        from prorata.store.database import place_for  # noqa: PLC0415
        from prorata.store.office import office_place  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StoreError(
            f"an office needs {error.name}, which is not installed",
            "install it with: pip install 'prorata[store]'",
        ) from None
    return office_place(place_for(folder, named))


def office_names(folder: Path, named: str | None) -> list[NameRow]:
    """The names of an office, if there is one; that they were shown, its trail says once.

    Raises: StoreError when it cannot be used; DeploymentError when there is no deployment.
    """
    if named is None and not (folder / OFFICE_FILE).is_file():
        return []
    context = click.get_current_context(silent=True)
    kept = {} if context is None else context.meta
    # A command may be played before it is run.
    if _READ not in kept:
        command = "" if context is None else context.command_path.partition(" ")[2]
        kept[_READ] = _read_names(folder, named, f"people.shown {command}".rstrip())
    found: list[NameRow] = kept[_READ]
    return found


def _read_names(folder: Path, named: str | None, action: str) -> list[NameRow]:
    from prorata.store.office import has_office  # noqa: PLC0415
    from prorata.store.office_people import people  # noqa: PLC0415

    if not has_office(office_place_of(folder, named)):
        return []
    chain_id = chain_of(folder)
    with open_office_of(folder, named) as office:
        everybody = people(office, chain_id, action=action)
    return [
        NameRow(address=address, name=one.name, kind=one.kind)
        for one in everybody
        for address in one.on(chain_id)
    ]
