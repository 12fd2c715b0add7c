# SPDX-License-Identifier: MIT
"""What the questions to a ledger have in common: the moment, the snapshot, what they say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.cli.stored import with_archive
from prorata.deployments.deployment import LEDGER_FILE, Deployment
from prorata.values.amounts import Unit
from prorata.values.as_of import AS_OF, Occasion, parse_numbered
from prorata.values.times import iso

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from prorata.store.asof import AsOf, FollowedAsset
    from prorata.store.database import Database

__all__ = ["Asked", "asked", "at_option", "csv_option", "with_ledger"]

F = TypeVar("F", bound=Callable[..., Any])


def at_option(function: F) -> F:
    """As of when."""
    told = f"As of {AS_OF}, at the end of that second.  [default: the newest that is read]"
    return click.option("--at", metavar="WHEN", help=told)(function)


def csv_option(function: F) -> F:
    """Where all rows go."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(
        "--csv", "csv_path", type=kind, metavar="FILE", help="Write every row to this file."
    )(function)


@dataclass(frozen=True)
class Asked:
    """A snapshot of the ledger of a deployment's asset, and the moment that was asked for."""

    found: Deployment
    connection: Connection
    asset: FollowedAsset
    moment: AsOf
    database: str
    occasion: Occasion | None = None

    @property
    def second(self) -> int:
        """The second that was asked for; of a block, its own."""
        from prorata.store.asof import closing_time

        if self.occasion is not None and self.occasion.kind == "time":
            return self.occasion.number
        if self.occasion is not None and self.occasion.kind == "record":
            return closing_time(self.connection, self.asset.id, self.occasion.number)
        return self.moment.time or self.found.chain.block(self.moment.block).timestamp

    @property
    def unit(self) -> Unit:
        """How shares are written."""
        return self.found.settings.unit

    @property
    def when(self) -> str:
        """For people."""
        second = f", {iso(self.moment.time)}" if self.moment.time else ""
        final = "" if self.moment.final else ", not final yet"
        behind = (
            "" if self.moment.complete else f"; the ledger is behind block {self.moment.head:,}"
        )
        return f"as of block {self.moment.block:,}{second}{final}, from {self.database}{behind}"

    @property
    def facts(self) -> dict[str, Any]:
        """What every document begins with."""
        moment = self.moment
        return {
            "token": self.asset.token,
            "symbol": self.asset.symbol,
            "block": moment.block,
            "block_hash": moment.hash or None,
            "at": iso(moment.time) or None,
            "final": moment.final,
            "complete": moment.complete,
            "epoch": moment.epoch,
            "database": self.database,
        }


@contextmanager
def asked(session: Session, at: str | None) -> Iterator[Asked]:
    """The ledger of the asset that the options name, as of a moment.

    Raises: StoreError when there is none or it has not got that far; InputError for no moment.
    """
    with with_ledger(session) as (found, database):
        from prorata.store.asof import moment
        from prorata.store.register import ledger_of, require_same

        with ledger_of(database, found) as (connection, asset):
            occasion = _occasion(found, at)
            then = moment(connection, asset.id, occasion)
            require_same(found, then)
            yield Asked(found, connection, asset, then, database.name, occasion)


def _occasion(found: Deployment, at: str | None) -> Occasion | None:
    if at is None:
        return None
    return parse_numbered(at) or Occasion("time", parse_moment(at, found.chain))


@contextmanager
def with_ledger(session: Session) -> Iterator[tuple[Deployment, Database]]:
    """A deployment and its ledger, whose log its chain has.

    Raises: StoreError when there is no ledger, or it cannot be used.
    """
    with session.reading(ledger=False) as found:
        named = session.database or str(found.folder / LEDGER_FILE)
        with with_archive(found, named, session.output.notice) as database:
            # Of a database that is named nothing but itself comes back.
            assert database is not None
            yield found, database
