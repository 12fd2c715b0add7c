# SPDX-License-Identifier: MIT
"""Give addresses names, which every command then shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.cli.table_options import columns_option, parse_columns
from prorata.errors import InputError
from prorata.register.address_book import NAMES_FILE, AddressBook, NameRow, read_names, write_names
from prorata.register.captable import KINDS, check_name
from prorata.register.dialects import DIALECTS
from prorata.values.addresses import check_address
from prorata.values.words import counted

__all__ = ["cli"]


@click.group()
def cli() -> None:
    """Give addresses names, which every command then shows.

    They are kept in names.csv in the deployment's folder, which may be edited by hand. A name
    changes what is shown, never what is sent.
    """


@cli.command(
    "set", cls=Command, examples=('prorata names set 0x… "Quay Ventures I, L.P." --kind fund',)
)
@click.argument("address")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="What kind of holder it is.")
@reading_options
def set_name(address: str, name: str, kind: str | None, **options: Any) -> None:
    """Name one address; an empty NAME takes its name away."""
    session, wallet = Session.of(options), check_address("address", address)
    with _book(session) as (path, book):
        known = book.people.get(wallet)
        kept = known.kind if known else ""
        row = NameRow(address=wallet, name=check_name(name.strip(" ")), kind=kind or kept)
        changed = book.joined([row]) if row.name else book.without(wallet)
        write_names(changed, path)
    verb = f"is {row.name}" if row.name else "has no name"
    session.output.say(f"{wallet} {verb}")
    session.output.result({"file": str(path), **row.values})


@cli.command(
    "import",
    cls=Command,
    examples=(
        "prorata names import examples/building/holders.csv",
        "prorata names import safe-address-book.csv --as address-book",
    ),
)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "known_as",
    metavar="NAME",
    help=f"Who wrote the file, to read it by that program's rules: {', '.join(DIALECTS)}.",
)
@columns_option
@reading_options
def import_names(table: Path, known_as: str | None, **options: Any) -> None:
    """Take all names in a CSV file with the columns address and name; others stay.

    Where the file has another name for an address, its name takes the place of the one before.
    """
    session = Session.of(options)
    found = read_names(table, known_as=known_as, columns=parse_columns(options["columns"]))
    for notice in found.notices:
        session.output.notice(notice)
    with _book(session) as (path, book):
        write_names(book.joined(found.people.values()), path)
    new = sum(book.people.get(address) != row for address, row in found.people.items())
    session.output.say(f"{counted(len(found), 'name')} in {table}, of which {new:,} new or changed")
    session.output.say(f"They are in {path}")
    unchanged = len(found) - new
    session.output.result({"file": str(path), "new": new, "unchanged": unchanged})


@cli.command("list", cls=Command, examples=("prorata names list",))
@reading_options
def list_names(**options: Any) -> None:
    """Show the names of a deployment, or those of --names."""
    session = Session.of(options)
    with _book(session) as (path, book):
        pass
    rows = list(book.people.values())
    if rows:
        title = f"{counted(len(rows), 'name').capitalize()} in {path}"
        cells = [(row.name, row.address, row.kind) for row in rows]
        session.output.table(title, ("name", "address", "kind"), cells, more=f"in {path}")
    else:
        session.output.say(
            f"There are no names yet: `prorata names set` writes the first to {path}"
        )
    session.output.result({"file": str(path), "names": [row.values for row in rows]})


@contextmanager
def _book(session: Session) -> Iterator[tuple[Path, AddressBook]]:
    """The file of the deployment's names, or of --names, and what it says.

    Raises: InputError when it is faulty, so that nobody's names are overwritten.
    """
    if session.deployment is not None or session.names is not None:
        # The names of a folder can be kept without a node.
        path = session.names or _in_folder(session.deployment)
        yield path, read_names(path) if path.is_file() else AddressBook()
        return
    with session.chain() as chain:
        path = _in_folder(session.folder(chain))
        yield path, read_names(path) if path.is_file() else AddressBook()


def _in_folder(folder: Path | None) -> Path:
    if folder is None or not folder.is_dir():
        raise InputError.of(
            "deployment", folder or "", "is no folder", "give the folder of a deployment"
        )
    return folder / NAMES_FILE
