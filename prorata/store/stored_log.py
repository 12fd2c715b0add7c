# SPDX-License-Identifier: MIT
"""The ledger's log as a source of logs: what it has, nobody needs to ask a node for.

It says only what the chain still says: the hash of the newest block that was read is compared with
the node's. If that block was replaced, the log is used to finality, which is compared likewise; and
if that differs too, the log is of another chain, and not used at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from prorata.chain.kept_logs import Hashes, Stretch, Topics
from prorata.chain.types import Log
from prorata.errors import StoreError
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.log_events import LOG, log_of, topic_conditions

__all__ = ["StoredLog"]

PAGE = 10_000


@dataclass(frozen=True)
class _Span:
    """A contract whose log is complete from `first` to `last`."""

    address: str
    source: int
    first: int
    last: int


class StoredLog:
    """The log of one chain in a database; an `Archive` of `RpcChain`.

    `created` says of some contracts in which block they were made, before which they said nothing.

    Raises: StoreError when the database does not follow that chain.
    """

    def __init__(
        self,
        database: Database,
        chain_id: int,
        genesis: str,
        created: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.database = database
        self._created = created
        wanted = select(schema.chain.c.id).where(
            schema.chain.c.chain_id == chain_id, schema.chain.c.genesis == genesis
        )
        with database.snapshot() as connection:
            found = connection.execute(wanted).scalar_one_or_none()
        if found is None:
            raise StoreError(
                f"{database.name} has no ledger of chain {chain_id} with genesis {genesis}",
                "run `prorata follow`, or name the ledger of that chain",
            )
        self._chain = int(found)
        self._sources: dict[str, int] = {}

    # -------------------------------------------------------------------------- what there is

    def stretches(
        self, chain: Hashes, addresses: Sequence[str], first: int, last: int
    ) -> list[Stretch]:
        """Blocks `first` to `last`, cut where the log of some contract begins or ends."""
        with self.database.snapshot() as connection:
            state = self._state(connection)
            spans = self._spans(connection, addresses)
            known = self._hashes(connection, spans)
        found = chain.hashes(sorted(known)) if spans else {}
        agreed = max((n for n, stored in known.items() if found.get(n) == stored), default=-1)
        spans = [_Span(s.address, s.source, s.first, min(s.last, agreed)) for s in spans]
        self._sources.update((span.address, span.source) for span in spans)
        edges = {first, last + 1}
        edges |= {edge for s in spans for edge in (s.first, s.last + 1) if first < edge <= last}
        return [
            Stretch(
                begin,
                end - 1,
                tuple(s.address for s in spans if s.first <= begin and end - 1 <= s.last),
                state,
            )
            for begin, end in zip(sorted(edges), sorted(edges)[1:], strict=False)
            if begin < end
        ]

    def _state(self, connection: Connection) -> tuple[str, int]:
        """What changes when something that was kept is taken back."""
        wanted = select(schema.chain.c.epoch, schema.chain.c.undone)
        row = connection.execute(wanted.where(schema.chain.c.id == self._chain)).one()
        return row.epoch, row.undone

    def _spans(self, connection: Connection, addresses: Sequence[str]) -> list[_Span]:
        source = schema.source
        wanted = select(source.c.address, source.c.id, source.c.first_block, source.c.done_to)
        wanted = wanted.where(
            source.c.chain == self._chain,
            source.c.address.in_(addresses),
            source.c.done_to >= source.c.first_block,
        )
        return [
            _Span(address, number, 0 if self._begins(address, first) else first, last)
            for address, number, first, last in connection.execute(wanted)
        ]

    def _begins(self, address: str, first: int) -> bool:
        return address in self._created and first <= self._created[address]

    def _hashes(self, connection: Connection, spans: Sequence[_Span]) -> dict[int, str]:
        """The hashes that the chain must still have, to where it has the same log."""
        block, chain = schema.block, schema.chain
        ends = {span.last for span in spans}
        wanted = select(block.c.number, block.c.hash)
        wanted = wanted.where(block.c.chain == self._chain, block.c.number.in_(ends))
        known: dict[int, str] = dict(map(tuple, connection.execute(wanted)))
        final = select(chain.c.final, chain.c.final_hash).where(chain.c.id == self._chain)
        number, found = connection.execute(final).one()
        return known if found is None else known | {number: found}

    # --------------------------------------------------------------------------------- reading

    def page(
        self, stretch: Stretch, address: str, after: tuple[int, int], topics: Topics
    ) -> list[Log] | None:
        """Some logs of a contract after a place; None when some were taken back meanwhile."""
        wanted = self._logs(self._sources[address], after, stretch.last, topics)
        with self.database.snapshot() as connection:
            if not self._holds(connection, stretch, address):
                return None
            rows = connection.execute(wanted).all()
        return [log_of(address, row) for row in rows]

    def _holds(self, connection: Connection, stretch: Stretch, address: str) -> bool:
        """Whether all that the stretch promised of a contract is still there."""
        cursor = select(schema.source.c.done_to).where(schema.source.c.id == self._sources[address])
        done_to = connection.execute(cursor).scalar_one_or_none() or 0
        return done_to >= stretch.last and self._state(connection) == stretch.state

    def _logs(self, source: int, after: tuple[int, int], last: int, topics: Topics) -> Select[Any]:
        log, block, (number, index) = schema.log, schema.block, after
        wanted = (
            select(*LOG)
            .join(block, (block.c.chain == log.c.chain) & (block.c.number == log.c.block))
            .where(
                log.c.chain == self._chain,
                log.c.source == source,
                log.c.block.between(number, last),
                or_(log.c.block > number, log.c.log_index > index),
                *topic_conditions(topics),
            )
        )
        return wanted.order_by(log.c.block, log.c.log_index).limit(PAGE)
