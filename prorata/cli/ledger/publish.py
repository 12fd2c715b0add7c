# SPDX-License-Identifier: MIT
"""Publish the ledger as Parquet, for queries here or in a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.chain.steps import Progress
from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.extras import extra
from prorata.cli.output import Output
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.values.words import counted, listed

if TYPE_CHECKING:
    from prorata.store.database import Database
    from prorata.store.publishing import PublishedAsset, Publishing

__all__ = ["publish_command"]

EXAMPLES = (
    "prorata ledger publish --to published",
    "prorata ledger publish --to /mnt/lake/shares --database postgresql://ledger@db/ledger",
)


@click.command("publish", cls=Command, examples=EXAMPLES)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder to publish into; each asset has one of its own in it.",
)
@reading_options
def publish_command(folder: Path, **options: Any) -> None:
    """Publish what is final and verified of the ledger as Parquet files.

    Every asset of the ledger is published, or the one that --asset names. A second run adds files
    with the blocks since the first, and changes none that are there. A manifest lists the files
    with their digests and block ranges; it is replaced whole, and what it does not list is removed
    by the next run.

    The files have addresses and amounts, and no name of anybody. With --database, or --deployment,
    no node is asked.
    """
    with extra("store", "analysis"):
        from prorata.store.database import Database
        from prorata.store.publishing import publish

    session = Session.of(options)
    with closing(Database.open(_place(session, options["database"]))) as opened:
        published: list[Publishing] = []
        for asset in _chosen(opened, session.symbol):
            with session.output.progress() as follow:
                label = f"publishing {asset.symbol}"
                published.append(
                    publish(
                        opened,
                        asset,
                        folder,
                        follow=lambda table, rows, label=label: follow(  # type: ignore[misc]
                            Progress(f"{label}: {table}", rows, 0)
                        ),
                    )
                )
            _show(session.output, published[-1])
    session.output.result({"folder": str(folder), "assets": [one.as_json() for one in published]})


def _place(session: Session, database: str | None) -> str:
    from prorata.store.database import place_for

    if database is not None or session.deployment is not None:
        return place_for(session.deployment or Path(), database)
    with session.chain() as chain:
        return place_for(session.folder(chain), None)


def _chosen(opened: Database, named: str | None) -> Sequence[PublishedAsset]:
    """The assets to publish.

    Raises: InputError when there are none, or they are on several chains.
    """
    from prorata.store.publishing import assets_in

    found = assets_in(opened)
    chosen = [one for one in found if named is None or named in (one.symbol, one.token)]
    if not chosen:
        known = listed([one.symbol for one in found]) or "none"
        rule = f"is no asset of {opened.name}, which has {known}"
        raise InputError.of("asset", named or "", rule, "name one of them, or none for all")
    if len({one.chain for one in chosen}) > 1:
        named_chains = listed([f"{one.symbol} on chain {one.chain_id}" for one in chosen])
        raise InputError.of(
            "database",
            opened.name,
            f"has assets of several chains: {named_chains}",
            "publish each chain into a folder of its own, with --asset SYMBOL",
        )
    return chosen


def _show(output: Output, done: Publishing) -> None:
    if done.manifest is None:
        output.say(f"{done.symbol}: nothing of it is final and verified yet; nothing was published")
        return
    last = f"block {done.manifest.last:,}"
    if not done.files and not done.moved:
        output.say(f"{done.symbol}: everything to {last} is published already")
        return
    again = " anew, since the ledger was read anew" if done.anew else ""
    output.say(
        f"{done.symbol}: published to {last}{again}: {counted(done.rows, 'row')} in "
        f"{counted(done.files, 'new file')}, {done.bytes:,} bytes"
    )
    output.say(f"  manifest    {done.manifest.digest}")
