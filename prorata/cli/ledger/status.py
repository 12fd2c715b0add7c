# SPDX-License-Identifier: MIT
"""How the ledger stands, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.asking import with_ledger
from prorata.cli.output import Output, escape
from prorata.cli.session import Session
from prorata.values.times import iso, lasting
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.standing import SourceStanding, Standing

__all__ = ["status_command"]

SILENT_SECONDS = 60
"""After that a writer that says nothing is worth a word."""


@click.command(
    "status", cls=Command, examples=("prorata ledger status", "prorata ledger status --json")
)
@reading_options
def status_command(**options: Any) -> None:
    """Show how far the ledger is read, what is final, who writes it, and what has stopped.

    The newest block is the node's, so that a ledger that nobody fills is seen to be behind.
    """
    session = Session.of(options)
    with with_ledger(session) as (found, database):
        from prorata.store.register import ledger_of
        from prorata.store.standing import read_standing

        newest = found.chain.block()
        with ledger_of(database, found) as (connection, asset):
            standing = read_standing(database, connection, asset)
    behind = max(0, newest.number - standing.done_to)
    _show(session.output, asset.symbol, standing, newest.number, behind)
    session.output.result(_facts(asset.symbol, standing, newest.number, behind))


def _show(output: Output, symbol: str, standing: Standing, newest: int, behind: int) -> None:
    lag = f"{counted(behind, 'block')} behind" if behind else "at the newest block"
    output.say(escape(f"The ledger of {symbol} in {standing.database}"))
    seen = f", seen {iso(standing.head_time)}" if standing.head_time else ""
    rows = [
        ("read to", f"block {standing.done_to:,}, {lag} {newest:,}"),
        ("head", f"block {standing.head:,}{seen}"),
        ("final", f"block {standing.final:,}" if standing.final else "nothing yet"),
        ("verified", f"block {standing.verified_to:,}" if standing.verified_to else "nothing yet"),
        ("changes", f"{standing.changes:,}, {counted(standing.undone, 'undo')}"),
        ("epoch", standing.epoch),
        ("writer", _writer(standing)),
        ("size", f"{standing.size:,} bytes"),
    ]
    for name, told in rows:
        output.say(f"  {name:<10}{escape(told)}")
    columns = ("contract", "address", "from block>", "read to>", "state")
    output.table("", columns, [_row(one) for one in standing.sources], most=None)
    for source in standing.sources:
        if source.stopped is not None:
            output.notice(f"{source.kind} {source.address} is not read on: {source.stopped}")
    if behind and standing.writer is None:
        output.notice("nobody fills the ledger; run `prorata follow`")


def _writer(standing: Standing) -> str:
    if standing.writer is None:
        return "nobody"
    if standing.silent_seconds < SILENT_SECONDS:
        return standing.writer
    return f"{standing.writer}, silent for {lasting(standing.silent_seconds)}"


def _row(source: SourceStanding) -> tuple[str, ...]:
    done_to = f"{source.done_to:,}" if source.done_to >= source.first_block else "nothing"
    state = "stopped" if source.stopped else "" if source.ours else "foreign"
    return source.kind, source.address, f"{source.first_block:,}", done_to, state


def _facts(symbol: str, standing: Standing, newest: int, behind: int) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "database": standing.database,
        "newest_block": newest,
        "done_to": standing.done_to,
        "blocks_behind": behind,
        "head": standing.head,
        "head_at": iso(standing.head_time) or None,
        "final": standing.final,
        "verified_to": standing.verified_to,
        "changes": standing.changes,
        "undone": standing.undone,
        "epoch": standing.epoch,
        "writer": standing.writer,
        "silent_seconds": standing.silent_seconds,
        "size": standing.size,
        "sources": [
            {
                "contract": one.kind,
                "address": one.address,
                "ours": one.ours,
                "first_block": one.first_block,
                "done_to": one.done_to,
                "stopped": one.stopped,
            }
            for one in standing.sources
        ],
    }
