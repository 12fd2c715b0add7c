# SPDX-License-Identifier: MIT
"""Reads a chain's changes from a place on, each with the events of its block as they stand.

A block that a reorganisation has replaced since has no events any more: it is told of as `gone`,
and the change that undid it follows. All of a batch is of one snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from prorata.chain.abi import plain
from prorata.chain.calls import decode_log
from prorata.chain.types import Log
from prorata.errors import StoreError
from prorata.service.live.positions import Position
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.pages import split_words

__all__ = ["Batch", "Change", "ChangeReader", "Told"]

BATCH = 100
"""Changes that are read at once."""
MANY = 400
"""Blocks in one question to the database."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event of a block. `tokens` are the assets that it may be shown for.

    None of them where a contract that serves several does not say of which it speaks.
    """

    content: Mapping[str, Any]
    tokens: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the table: a `block` whose events were read, or an `undo` of all from one on."""

    seq: int
    kind: str
    block: int
    hash: str | None
    historic: bool
    gone: bool = False
    time: int | None = None
    events: tuple[Told, ...] = ()

    def shown(self, tokens: frozenset[str] | None) -> Change | None:
        """What of it may be shown to somebody who sees these assets; None sees all there is.

        Whoever sees some only is told of no block without an event of theirs, and of each undo.
        """
        if tokens is None or self.kind != "block":
            return self
        events = tuple(one for one in self.events if one.tokens & tokens)
        if not events:
            return None
        return Change(
            self.seq, self.kind, self.block, self.hash, self.historic, time=self.time, events=events
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that follow on a place, and the place that they lead to.

    With `reset` there is no such place in this ledger: what was heard until then says nothing.
    """

    position: Position
    changes: tuple[Change, ...] = ()
    more: bool = False
    reset: bool = False


@dataclass
class ChangeReader:
    """Reads the changes of one chain. May be used from several threads."""

    database: Database
    chain_id: int
    genesis: str
    size: int = BATCH
    _file: tuple[int, int] = field(default=(0, 0), init=False)

    def __post_init__(self) -> None:
        self._file = self._known_file()

    def read(self, after: Position | None) -> Batch:
        """What follows on a place; on None nothing does, and the newest place is given.

        Raises: StoreError when the database refuses, or has nothing of the chain.
        """
        self._open_anew()
        with self.database.snapshot() as connection:
            c = schema.chain.c
            mine = select(c.id, c.epoch, c.seq).where(
                c.chain_id == self.chain_id, c.genesis == self.genesis
            )
            chain = connection.execute(mine).one_or_none()
            if chain is None:
                raise StoreError(
                    f"{self.database.name} has nothing of the chain {self.chain_id}",
                    "run `prorata follow` first",
                )
            newest = Position(chain.epoch, chain.seq)
            if after is None:
                return Batch(newest)
            if after.epoch != chain.epoch or after.seq > chain.seq:
                return Batch(newest, reset=True)
            if after.seq == chain.seq:
                return Batch(after)
            return self._following(connection, chain.id, after, newest)

    def _following(
        self, connection: Connection, chain: int, after: Position, newest: Position
    ) -> Batch:
        c = schema.change.c
        asked = select(c.seq, c.kind, c.block, c.hash, c.historic).where(
            c.chain == chain, c.seq > after.seq
        )
        rows = connection.execute(asked.order_by(c.seq).limit(self.size)).all()
        blocks = sorted({row.block for row in rows if row.kind == "block"})
        b = schema.block.c
        standing: dict[int, tuple[str, int]] = {}
        for part in _parts(blocks):
            kept = select(b.number, b.hash, b.time).where(b.chain == chain, b.number.in_(part))
            standing.update({row.number: (row.hash, row.time) for row in connection.execute(kept)})
        events = _Events(connection, chain).of(blocks)
        changes = []
        for row in rows:
            hashed, time = standing.get(row.block, (None, None))
            there = row.kind == "block" and hashed == row.hash
            changes.append(
                Change(
                    row.seq,
                    row.kind,
                    row.block,
                    row.hash,
                    bool(row.historic),
                    gone=row.kind == "block" and not there,
                    time=time if there else None,
                    events=tuple(events.get(row.block, ())) if there else (),
                )
            )
        last = changes[-1].seq if changes else newest.seq
        return Batch(Position(newest.epoch, last), tuple(changes), more=last < newest.seq)

    def _open_anew(self) -> None:
        """A file that was restored is another file, and connections would go on with the old."""
        if self._file != (now := self._known_file()):
            self._file = now
            self.database.close()

    def _known_file(self) -> tuple[int, int]:
        if self.database.dialect != "sqlite":
            return (0, 0)
        try:
            found = Path(self.database.name).stat()
        except OSError:
            return (0, 0)
        return (found.st_dev, found.st_ino)


class _Events:
    """The events of blocks, decoded, each with the assets that it is of."""

    def __init__(self, connection: Connection, chain: int) -> None:
        self._connection, self._chain = connection, chain
        self._contracts: dict[int, tuple[str, str, frozenset[str]]] | None = None
        self._served: dict[str, frozenset[str]] = {}

    def of(self, blocks: Sequence[int]) -> dict[int, list[Told]]:
        """By block."""
        g = schema.log.c
        found: dict[int, list[Told]] = {}
        for part in _parts(blocks):
            asked = (
                select(g.block, g.log_index, g.source, g.transaction_hash, g.name, g.topics, g.data)
                .where(g.chain == self._chain, g.block.in_(part))
                .order_by(g.block, g.log_index)
            )
            for row in self._connection.execute(asked):
                found.setdefault(row.block, []).append(self._told(row))
        return found

    def _told(self, row: Any) -> Told:
        address, kind, tokens = self._contract(row.source)
        event = decode_log(
            Log(
                address=address,
                topics=split_words(bytes(row.topics)),
                data=bytes(row.data),
                block_number=row.block,
                block_hash="",
                transaction_hash=str(row.transaction_hash),
                log_index=row.log_index,
                block_time=0,
            )
        )
        args = {} if event is None else event.args
        content = {
            "contract": address,
            "kind": kind,
            "name": row.name or None,
            "transaction": str(row.transaction_hash),
            "log_index": row.log_index,
            "arguments": plain(args),
        }
        if len(tokens) > 1:
            tokens = self._named(row.source, kind, args)
        return Told(content, tokens)

    def _contract(self, source: int) -> tuple[str, str, frozenset[str]]:
        """Address, kind and the tokens of the assets that it serves."""
        if self._contracts is None:
            s, served, a = schema.source.c, schema.source_asset.c, schema.asset.c
            asked = (
                select(s.id, s.address, s.kind, a.token)
                .select_from(schema.source)
                .outerjoin(schema.source_asset, served.source == s.id)
                .outerjoin(schema.asset, a.id == served.asset)
                .where(s.chain == self._chain)
            )
            self._contracts = {}
            for row in self._connection.execute(asked):
                tokens = self._contracts.get(row.id, ("", "", frozenset[str]()))[2]
                more = frozenset() if row.token is None else frozenset({row.token})
                self._contracts[row.id] = (row.address, row.kind, tokens | more)
            self._served = {one[0]: one[2] for one in self._contracts.values()}
        return self._contracts[source]

    def _named(self, source: int, kind: str, args: Mapping[str, Any]) -> frozenset[str]:
        """Of which of its assets a shared contract speaks: as it names them, or a distribution."""
        for name in ("token", "asset"):
            if isinstance(args.get(name), str):
                return self._serving(args[name])
        if kind != "DividendVault":
            return frozenset()
        numbers = [args["id"]] if "id" in args else [s["id"] for s in args.get("settlements", ())]
        if not numbers:
            return frozenset()
        d = schema.distribution.c
        asked = select(d.token).where(d.source == source, d.number.in_(numbers)).distinct()
        found = [self._serving(token) for token in self._connection.scalars(asked)]
        # What is of several assets at once is shown to those who see all of them.
        return found[0] if len(set(found)) == 1 else frozenset()

    def _serving(self, address: str) -> frozenset[str]:
        """A share token is its own asset; a contract of record ranges stands for one."""
        return self._served.get(address, frozenset()) if address else frozenset()


def _parts(blocks: Sequence[int]) -> list[Sequence[int]]:
    return [blocks[at : at + MANY] for at in range(0, len(blocks), MANY)]
