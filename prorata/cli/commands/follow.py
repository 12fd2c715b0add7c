# SPDX-License-Identifier: MIT
"""Follow a chain: read every event of an asset into the database, and go on doing so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.chain.finality import DEPTH
from prorata.chain.transports.new_heads import announced
from prorata.cli.command import Command, reading_options
from prorata.cli.metering import METRICS_PORT, nodes_metered
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.cli.signals import stopped_by_signals
from prorata.deployments.deployment import Deployment
from prorata.errors import ProrataError, StoreError

if TYPE_CHECKING:
    from prorata.store.database import Database
    from prorata.store.follower import Wishes
    from prorata.store.writer import Writer

EXAMPLES = (
    "prorata follow --once",
    "prorata follow --network sepolia",
    "prorata follow --database postgresql://ledger@db.example.org/ledger",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--once", is_flag=True, help="Read to the newest block, then end.")
@click.option(
    "--until", type=click.IntRange(min=0), metavar="BLOCK", help="Read to this block, then end."
)
@click.option(
    "--poll",
    type=click.FloatRange(min=0.05),
    metavar="SECONDS",
    help="How often to look for new blocks.  [default: twice a block]",
)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    default=DEPTH,
    show_default=True,
    metavar="BLOCKS",
    help="How far below the newest block one is final, on a chain whose nodes do not say.",
)
@METRICS_PORT
@reading_options
def cli(**options: Any) -> None:
    """Read every event of an asset into the ledger's database, and go on doing so.

    What is old and what is new come by the same loop, which may be ended and begun again at any
    time. Blocks that a reorganisation has replaced are taken back. Of several nodes two must agree
    on what is final. Where the chain contradicts what is final in the ledger, it stops with a
    sentence and changes nothing.

    Without --database a file in the deployment's folder is made.

    A chain has one writer. While another process follows it, this one adds its asset to those that
    are followed, and ends.
    """
    from prorata.store.database import Database, place_for  # noqa: PLC0415
    from prorata.store.follower import Wishes  # noqa: PLC0415

    session = Session.of(options)
    wishes = Wishes(options["once"], options["until"], options["poll"], options["depth"])
    with session.reading(ledger=False) as found:
        place = place_for(found.folder, session.database)
        with (
            closing(Database.open(place, create=True)) as opened,
            nodes_metered(session, options["metrics_port"]) as nodes,
        ):
            session.output.result(_followed(session, found, opened, wishes, nodes))


def _followed(
    session: Session, found: Deployment, opened: Database, wishes: Wishes, nodes: Any
) -> dict[str, Any]:
    """Follow, and say how the ledger stands in the end."""
    from prorata.store.sources import follow_deployment, joined  # noqa: PLC0415
    from prorata.store.writer import Writer  # noqa: PLC0415

    chain, say = found.chain, session.output.say
    try:
        writer = Writer.take(opened, chain.chain_id, chain.genesis_hash, who="prorata follow")
    except StoreError as error:
        guest = joined(opened, chain.chain_id, chain.genesis_hash)
        if not (added := follow_deployment(guest, found)):
            raise
        say(escape(f"{error.sentence}; from now on it follows for {found.settings.symbol}, too:"))
        _list(say, added)
        return {"database": opened.name, "added": added, "followed": False}
    try:
        _list(say, follow_deployment(writer, found))
        _run(session, found, writer, wishes, nodes)
    finally:
        writer.release()
    return _facts(opened, writer)


def _run(session: Session, found: Deployment, writer: Writer, wishes: Wishes, nodes: Any) -> None:
    from prorata.store.follower import Follower  # noqa: PLC0415
    from prorata.store.watchdog import Watchdog  # noqa: PLC0415

    chain, output = found.chain, session.output
    with output.counter("blocks") as show:
        follower = Follower(
            chain,
            writer,
            wishes,
            say=lambda sentence: output.say(escape(sentence)),
            show=show,
            refresh=_refreshing(found, writer, output.say),
            watchdog=Watchdog(quiet=chain.is_local),
            undone=(lambda _: None) if nodes is None else nodes.undone.append,
        )
        with stopped_by_signals(follower.stop), announced(chain.websockets, follower.wake.set):
            follower.run()


def _refreshing(
    found: Deployment, writer: Writer, say: Callable[[str], None]
) -> Callable[[], None]:
    """Follows what is added to the deployment, once its manifest has changed."""
    from prorata.store.sources import follow_deployment  # noqa: PLC0415

    path = found.folder / "manifest.json"
    last = _changed_at(path)

    def refresh() -> None:
        nonlocal last
        if (now := _changed_at(path)) == last:
            return
        last = now
        # A manifest that is just being damaged or moved is no reason to stop.
        with suppress(ProrataError):
            _list(say, follow_deployment(writer, Deployment.open(found.chain, found.folder)))

    return refresh


def _changed_at(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


def _list(say: Callable[[str], None], added: list[str]) -> None:
    for one in added:
        say(escape(f"follows {one}"))


def _facts(opened: Database, writer: Writer) -> dict[str, Any]:
    stand = writer.stand
    sources = writer.sources()
    return {
        "database": opened.name,
        "followed": True,
        "head": stand.head,
        "final": stand.final,
        "verified_to": stand.verified_to,
        "changes": stand.seq,
        "epoch": stand.epoch,
        "sources": [
            {
                "address": one.address,
                "kind": one.kind,
                "ours": one.ours,
                "first_block": one.first_block,
                "done_to": one.done_to,
                "stopped": one.stopped,
            }
            for one in sources
        ],
    }
