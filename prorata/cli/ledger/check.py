# SPDX-License-Identifier: MIT
"""The ledger against the chain: its log, what follows from it, and the books it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.asking import with_ledger
from prorata.cli.output import Output, escape
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.ledger.audits import audit_deployment
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.log_check import LogCheck

__all__ = ["check_command"]

DIFFERS = 3
"""The exit code when something in the ledger is not as the chain says."""


@click.command(
    "check", cls=Command, examples=("prorata ledger check", "prorata ledger check --json")
)
@reading_options
def check_command(**options: Any) -> None:
    """Prove that the ledger is what the chain says: exit code 3 when something differs.

    All logs of the asset's contracts are read from the node again, a range at a time, and each
    event is named that is missing in the ledger, doubled or altered. What follows from the log is
    derived anew and compared by digests. Then the books that the stored log makes are compared
    with what the contracts answer. Nothing is changed; `prorata ledger rebuild` mends what was
    derived wrongly, and a ledger that is deleted is filled again by `prorata follow`.
    """
    session = Session.of(options)
    with with_ledger(session) as (found, database):
        from prorata.store.derived_check import derived_differences
        from prorata.store.register import ledger_of
        from prorata.store.standing import read_standing

        with ledger_of(database, found) as (connection, asset):
            standing = read_standing(database, connection, asset)
        first = min(source.first_block for source in standing.sources)
        addresses = [source.address for source in standing.sources]
        compared = _compared(session.output, found, addresses, first, standing.done_to)
        manifest = found.manifest
        derived = derived_differences(database, manifest.chain_id, manifest.genesis)
        booked = _booked(found)
    replaced = _replaced(session.output, compared)
    _show(session.output, compared, derived, booked)
    differs = bool(compared.differences or derived or booked)
    session.output.result(
        {
            "symbol": asset.symbol,
            "database": database.name,
            "first_block": first,
            "done_to": standing.done_to,
            "events": compared.events,
            "replaced_blocks": replaced,
            "log": [_facts(one) for one in compared.differences],
            "derived": derived,
            "books": booked,
            "agree": not differs,
        }
    )
    if differs:
        click.get_current_context().exit(DIFFERS)


def _compared(
    output: Output, found: Deployment, addresses: list[str], first: int, last: int
) -> LogCheck:
    from prorata.store.log_check import check_log
    from prorata.store.stored_log import StoredLog

    stored = found.chain.archive
    assert isinstance(stored, StoredLog)
    with output.counter("blocks compared") as show:
        return check_log(stored, found.chain, addresses, (first, last), show)


def _booked(found: Deployment) -> list[str]:
    """Where the books that the stored log makes differ from the contracts."""
    try:
        return [str(one) for one in audit_deployment(found).books.differences]
    except BooksError as error:
        # Of events that make no sense there are no books.
        return [str(error)]


def _replaced(output: Output, compared: LogCheck) -> list[dict[str, int]]:
    for first, last in compared.unread:
        output.notice(
            f"blocks {first:,} to {last:,} were not compared: the chain has other ones by now, or "
            "they are not read; run `prorata follow`"
        )
    return [{"first_block": first, "last_block": last} for first, last in compared.unread]


def _show(output: Output, compared: LogCheck, derived: list[str], booked: list[str]) -> None:
    count = counted(compared.events, "event")
    for one in compared.differences:
        output.say(escape(f"✗ {one}"))
    if not compared.differences:
        output.say(f"✓ the log: {count}, each as the chain has it")
    for sentence in derived:
        output.say(escape(f"✗ {sentence}"))
    if not derived:
        output.say("✓ what follows from the log is what is stored")
    for sentence in booked:
        output.say(escape(f"✗ the books: {sentence}"))
    if not booked:
        output.say("✓ the books of the stored log are what the contracts answer")


def _facts(one: Any) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "event": one.event,
        "contract": one.contract,
        "block": one.block,
        "log_index": one.log_index,
        "more": one.more or None,
    }
