# SPDX-License-Identifier: MIT
"""The ledger derived anew from its own log."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.values.words import counted

__all__ = ["rebuild_command"]


@click.command("rebuild", cls=Command, examples=("prorata ledger rebuild",))
@reading_options
def rebuild_command(**options: Any) -> None:
    """Derive the ledger anew from the log that it holds, without reading a log from the node.

    So after another version of prorata, or when `prorata ledger check` found that something does
    not follow from the log. It is made beside the old one and takes its place in one step. While a
    process follows the chain, it is refused.
    """
    session = Session.of(options)
    with session.reading(ledger=False) as found:
        from prorata.store.database import place_for
        from prorata.store.rebuild import rebuild

        place, done = place_for(found.folder, session.database), 0
        with session.output.counter("events") as show:

            def told(count: int, total: int) -> None:
                nonlocal done
                done = count
                show(count, total)

            rebuild(place, progress=told)
    session.output.say(escape(f"{counted(done, 'event')} derived anew in the ledger"))
    session.output.result({"symbol": found.settings.symbol, "events": done})
