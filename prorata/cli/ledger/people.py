# SPDX-License-Identifier: MIT
"""Keep what is known of people apart from the chain, and forget it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.consent import require_yes
from prorata.cli.office import chain_of, open_office_of
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.cli.table_options import columns_option, parse_columns
from prorata.cli.tables import sheet_option
from prorata.files.csv_reader import Sheet
from prorata.register.address_book import NAMES_FILE, read_names, write_names
from prorata.register.people import read_people
from prorata.register.small_groups import FEWEST, safe_groups
from prorata.values.countries import country_name
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.people import Person

__all__ = ["cli"]

LARGEST_SEARCHED = 64_000_000
"""Bytes of a file in which a name is looked for."""


@click.group()
def cli() -> None:
    """Keep what is known of people apart from the chain, and forget it.

    Names and countries stand in office.db beside the ledger, or in the schema `office` of
    PostgreSQL. Every command then shows the names. The office's trail has every change and every
    reading, without a name in it.
    """


@cli.command(
    "import",
    cls=Command,
    examples=(
        "prorata ledger people import examples/building/holders.csv",
        "prorata ledger people import register.xlsx --columns name=Investor",
    ),
)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--erased-too",
    is_flag=True,
    help="Take in again who was erased, if there is a new reason to know them.",
)
@columns_option
@sheet_option
@reading_options
def import_people(table: Path, erased_too: bool, **options: Any) -> None:
    """Take in the people of a file with the columns address and name; others stay.

    It may have kind, country and person, too: wallets of one person's number are one person's. What
    the file says of somebody takes the place of what was known; what it leaves out stays.
    """
    from prorata.store.office_people import take_in
    from prorata.store.people import GivenWallet

    session = Session.of(options)
    columns = parse_columns(options["columns"])
    rows = read_people(table, columns=columns, sheet=options["sheet"])
    folder = session.folder_there()
    digest = hashlib.sha256(Sheet.read(table)).hexdigest()
    given = [GivenWallet(**asdict(row)) for row in rows]
    with open_office_of(folder, session.database, create=True) as office:
        chain_id = chain_of(folder)
        taken = take_in(office, chain_id, given, subject=digest, erased_too=erased_too)
        name = office.name
    session.output.say(
        f"{counted(len(rows), 'wallet')} in {table}: {taken.new:,} new, {taken.changed:,} changed"
    )
    if taken.erased:
        session.output.say(
            f"{counted(len(taken.erased), 'wallet')} left out, whose people were erased; "
            "`--erased-too` takes them in again"
        )
    session.output.say(f"They are in {name}")
    session.output.result(
        {
            "office": name,
            "new": taken.new,
            "changed": taken.changed,
            "unchanged": taken.unchanged,
            "erased": len(taken.erased),
        }
    )


@cli.command(
    "list",
    cls=Command,
    examples=("prorata ledger people list", "prorata ledger people list --by-country"),
)
@click.option(
    "--by-country",
    is_flag=True,
    help=f"Count them by country; fewer than {FEWEST} people of one are counted with others.",
)
@reading_options
def list_people(by_country: bool, **options: Any) -> None:
    """Show who is known, with wallets on the deployment's chain."""
    from prorata.store.office_people import people

    session = Session.of(options)
    folder = session.folder_there()
    with open_office_of(folder, session.database) as office:
        action = "people.countries" if by_country else "people.list"
        everybody, name = people(office, chain_of(folder), action=action), office.name
    if by_country:
        _show_countries(session, everybody)
        return
    rows = [_facts(one, chain_of(folder)) for one in everybody]
    cells = [
        (row["name"], wallet, row["kind"], row["country"] or "")
        for row in rows
        for wallet in row["wallets"]
    ]
    title = f"{counted(len(rows), 'person', 'people')} in {name}"
    session.output.table(title, ("name", "address", "kind", "country"), cells)
    session.output.result({"office": name, "people": rows})


def _show_countries(session: Session, everybody: Sequence[Person]) -> None:
    """A table in which no group points at somebody."""
    counts: dict[str, int] = {}
    for one in everybody:
        country = "unknown" if one.country is None else country_name(one.country)
        counts[country] = counts.get(country, 0) + 1
    groups = safe_groups(dict(sorted(counts.items())))
    rows = [(country, counts[country]) for country in groups.shown]
    if groups.others and not groups.hidden:
        rows.append(("others", sum(counts[country] for country in groups.others)))
    cells = [(country, f"{count:,}") for country, count in rows]
    if groups.hidden:
        session.output.say(f"Fewer than {FEWEST} people are known: no table is shown")
    else:
        session.output.table("People by country", ("country", "people>"), cells)
    session.output.result(
        {"countries": [{"country": country, "people": count} for country, count in rows]}
    )


@cli.command(
    "forget",
    cls=Command,
    examples=(
        'prorata ledger people forget "Samuel Mensah" --dry-run',
        "prorata ledger people forget 0x… --yes",
    ),
)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show who would be forgotten; change nothing.")
@click.option("--yes", is_flag=True, help="Forget without a question.")
@reading_options
def forget_person(name: str, **options: Any) -> None:
    """Erase a person, by NAME or address, so that no byte of the name stays.

    The name leaves the office, the copies that were made before a change of its tables, and
    names.csv. A list of salted digests stays, by which a restored backup is cleaned at once. What
    the chain says of the wallets stays there. It cannot be undone.
    """
    from prorata.store.erasures import forget
    from prorata.store.office_people import find_person

    session = Session.of(options)
    folder = session.folder_there()
    with open_office_of(folder, session.database) as office:
        person = find_person(office, chain_of(folder), name)
        kept = [path for path in _with_name(folder, person.name) if path.name != NAMES_FILE]
        _preview(session, person, kept)
        if options["dry_run"]:
            session.output.say("  nothing was erased")
            session.output.result({"dry_run": True, **_facts(person, None), **_left(kept)})
            return
        require_yes(options, "erase this person, which cannot be undone")
        _strike(folder / NAMES_FILE, person)
        cleared = forget(office, person)
    session.output.say("Done: the person is erased")
    if not cleared:
        session.output.notice(
            "a program is reading the office, so bytes of the name may stay in its file until the "
            "next `prorata ledger people` command"
        )
    session.output.result({"erased": person.id, "cleared": cleared, **_left(kept)})


def _preview(session: Session, person: Person, kept: Sequence[Path]) -> None:
    say = session.output.say
    country = "" if person.country is None else f" of {country_name(person.country)}"
    kind = f", {person.kind}" if person.kind else ""
    say(escape(f"To be erased: {person.name}{kind}{country}"))
    for chain, address in person.wallets:
        say(f"  {'wallet':<12}{address} on chain {chain}")
    for path in kept:
        say(escape(f"  {'stays in':<12}{path}"))
    if kept:
        session.output.notice("the name stays in files that this command does not change")


def _left(kept: Sequence[Path]) -> dict[str, Any]:
    return {"stays_in": [str(path) for path in kept]}


def _facts(person: Person, chain_id: int | None) -> dict[str, Any]:
    wallets = [address for _, address in person.wallets]
    return {
        "name": person.name,
        "kind": person.kind,
        "country": None if person.country is None else country_name(person.country),
        "wallets": wallets if chain_id is None else list(person.on(chain_id)),
    }


def _strike(path: Path, person: Person) -> None:
    """Take the person's wallets, and whatever else has the name, out of a file of names."""
    if not path.is_file():
        return
    book = read_names(path)
    wallets = {address for _, address in person.wallets}
    gone = [
        row.address
        for row in book.people.values()
        if row.address in wallets or row.name == person.name
    ]
    for address in gone:
        book = book.without(address)
    if gone:
        write_names(book, path)


def _with_name(folder: Path, name: str) -> list[Path]:
    """The files of a folder in which a name stands as text; databases are the office's own."""
    sought = name.encode()
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.startswith("office")
        and path.stat().st_size <= LARGEST_SEARCHED
        and sought in path.read_bytes()
    ]
