# SPDX-License-Identifier: MIT
"""Publish the documents of an asset, or list them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.session import Session
from prorata.register.documents import (
    UNKNOWN,
    hash_of,
    read_documents,
    remove_document,
    set_document,
)

SET = "prorata documents set prospectus --uri https://example.org/prospectus.pdf"
REMOVE = "prorata documents remove prospectus"


@click.group()
def cli() -> None:
    """Publish the documents of an asset, or list them.

    The token says of each where it is and which content it has (ERC-1643), so that a reader can
    tell whether it was changed.
    """


@cli.command("set", cls=Command, examples=(f"{SET} --file prospectus.pdf", f"{SET} --dry-run"))
@click.argument("name")
@click.option("--uri", required=True, help="Where the document is to be found.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The document, whose SHA-256 is published.  [default: no hash]",
)
@common_options
def set_command(name: str, uri: str, file: Path | None, **options: Any) -> None:
    """Add a document, or replace it.

    NAME has at most 32 bytes. Only the token's owner can. Without --file nobody can tell whether
    what is at the address was changed.
    """
    session = Session.of(options)
    content_hash = UNKNOWN if file is None else hash_of(file)
    with session.deployed() as (operator, found):
        change = set_document(operator, found, name, uri, content_hash)
    known = f"0x{content_hash.hex()}" if file else None
    session.output.say(f"  {'SHA-256':<12}{known or 'none'}")
    show_change(session, change, name=name, uri=uri, hash=known)


@cli.command("remove", cls=Command, examples=(REMOVE,))
@click.argument("name")
@common_options
def remove_command(name: str, **options: Any) -> None:
    """Remove a document.

    NAME is what it was set under. Only the token's owner can.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        change = remove_document(operator, found, name)
    show_change(session, change, name=name)


@cli.command("list", cls=Command, examples=("prorata documents list",))
@reading_options
def list_command(**options: Any) -> None:
    """List the documents of an asset."""
    session = Session.of(options)
    with session.reading() as found:
        known, symbol = read_documents(found.token()), found.settings.symbol
    if known:
        rows = [(d.name, d.uri, d.as_json()["set"], d.hashed or "none") for d in known]
        session.output.table(f"Documents of {symbol}", ("name", "at", "set", "SHA-256"), rows)
    else:
        session.output.say(f"{symbol} has no documents")
    session.output.result({"documents": [document.as_json() for document in known]})
