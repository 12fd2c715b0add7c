# SPDX-License-Identifier: MIT
"""The one writer of a chain: pages of logs go in whole, or not at all.

A page's rows, the cursors of its sources and its changes are one transaction. That is kept only if
every cursor still stood where the page begins and nobody else has become the writer: so a writer
that slept and wakes up writes nothing twice. Nothing at or below `final` is ever undone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    union,
    update,
)

from prorata.chain.encoding import bytes_of
from prorata.errors import StoreError
from prorata.store import bulk, schema
from prorata.store.accounts import Accounts, chunked, next_number
from prorata.store.database import Database, schema_digest
from prorata.store.decoding import TOKEN, Decoded, Fault, decode
from prorata.store.folding import Registers
from prorata.store.lease import lives, shown, signature
from prorata.store.pages import Header, Page, Source
from prorata.values.addresses import checksummed

__all__ = ["CHANNEL", "Stand", "Writer"]

NO_BLOCK = 0

CHANNEL = "prorata_change"
"""What a PostgreSQL notifies of when changes were committed; the table says which."""


@dataclass(frozen=True)
class Stand:
    """Where a chain stands in the database; `final` is 0 before any block was."""

    head: int
    head_time: int
    final: int
    final_hash: bytes | None
    verified_to: int
    seq: int
    undone: int
    epoch: str
    fence: int


class Writer:
    """Writes one chain. `take` makes one; a second one for the same chain ends the first."""

    def __init__(self, database: Database, chain_row: int, fence: int) -> None:
        self.database = database
        self.chain = chain_row
        self._fence = fence
        self._accounts = Accounts(chain_row)
        self._registers = Registers(self._accounts)
        with database.snapshot() as connection:
            self._stand = self._read_stand(connection)

    @classmethod
    def take(cls, database: Database, chain_id: int, genesis: str, *, who: str) -> Writer:
        """Become the writer of a chain, which is added where it is not known.

        Raises: StoreError while another writer lives.
        """
        c = schema.chain.c
        named = and_(c.chain_id == chain_id, c.genesis == genesis)
        with database.writing() as connection:
            found = connection.execute(
                select(c.id, c.fence, c.writer, c.beat).where(named).with_for_update()
            ).one_or_none()
            if found is None:
                _add_chain(connection, chain_id, genesis)
                found = connection.execute(
                    select(c.id, c.fence, c.writer, c.beat).where(named)
                ).one()
            if found.writer is not None and lives(found.writer, found.beat):
                raise StoreError(
                    f"{database.name} is being filled by {shown(found.writer)}",
                    "let it go on, or end it first: a chain has one writer",
                )
            taken = (
                update(schema.chain)
                .where(c.id == found.id)
                .values(fence=found.fence + 1, writer=signature(who), beat=int(time.time()))
            )
            connection.execute(taken)
        return cls(database, found.id, found.fence + 1)

    def release(self) -> None:
        """Let another one write at once."""
        c = schema.chain.c
        with self.database.writing() as connection:
            mine = and_(c.id == self.chain, c.fence == self._fence)
            connection.execute(update(schema.chain).where(mine).values(writer=None, beat=0))

    def beat(self) -> None:
        """A sign of life, for writers elsewhere.

        Raises: StoreError when another one has become the writer.
        """
        with self._transaction(durable=False):
            pass

    # --------------------------------------------------------------------------- where it stands

    @property
    def stand(self) -> Stand:
        """As of the last step of this writer."""
        return self._stand

    def sources(self) -> list[Source]:
        """The followed contracts, in the order in which they were added."""
        s, served = schema.source.c, schema.source_asset.c
        with self.database.snapshot() as connection:
            asked = select(schema.source).where(s.chain == self.chain).order_by(s.id)
            rows = connection.execute(asked).all()
            pairs = connection.execute(
                select(served.source, served.asset).order_by(served.source, served.asset)
            ).all()
        assets: dict[int, list[int]] = {}
        for source, asset in pairs:
            assets.setdefault(source, []).append(asset)
        return [
            Source(
                id=row.id,
                address=row.address,
                kind=row.kind,
                ours=bool(row.ours),
                first_block=row.first_block,
                done_to=row.done_to,
                added_at=row.added_at,
                assets=tuple(assets.get(row.id, ())),
                stopped=row.stopped,
            )
            for row in rows
        ]

    def hash_at(self, number: int) -> bytes | None:
        """The hash of a block that is kept, or None."""
        if number == self._stand.final and self._stand.final_hash is not None:
            return self._stand.final_hash
        b = schema.block.c
        with self.database.snapshot() as connection:
            asked = select(b.hash).where(b.chain == self.chain, b.number == number)
            found = connection.scalar(asked)
        return None if found is None else bytes_of(found)

    def hashes(self, first: int) -> dict[int, bytes]:
        """The hashes of all blocks that are kept, from `first` on."""
        b = schema.block.c
        with self.database.snapshot() as connection:
            asked = select(b.number, b.hash).where(b.chain == self.chain, b.number >= first)
            return {n: bytes_of(found) for n, found in connection.execute(asked.order_by(b.number))}

    # --------------------------------------------------------------------------- what is followed

    def add_asset(self, token: str, name: str, symbol: str, decimals: int) -> int:
        """Follow an asset; one that is followed keeps its number.

        Raises: StoreError when another one has become the writer.
        """
        a = schema.asset.c
        with self._transaction() as connection:
            known = select(a.id).where(a.chain == self.chain, a.token == token)
            found = connection.scalar(known)
            if found is None:
                connection.execute(
                    insert(schema.asset).values(
                        id=next_number(connection, schema.asset),
                        chain=self.chain,
                        token=token,
                        name=name,
                        symbol=symbol,
                        decimals=decimals,
                    )
                )
                found = connection.scalar(known)
        return int(found or 0)

    def add_source(
        self,
        address: str,
        kind: str,
        *,
        ours: bool,
        first_block: int,
        assets: Sequence[int],
        head: int,
    ) -> int:
        """Follow a contract from `first_block` on, for some assets; what is known is added to.

        One that turns out to be older than it was said is read from its beginning again.

        Raises: StoreError when another one has become the writer.
        """
        s, served = schema.source.c, schema.source_asset.c
        with self._transaction() as connection:
            known = select(s.id, s.first_block).where(s.chain == self.chain, s.address == address)
            found = connection.execute(known).one_or_none()
            if found is None:
                connection.execute(
                    insert(schema.source).values(
                        id=next_number(connection, schema.source),
                        chain=self.chain,
                        address=address,
                        kind=kind,
                        ours=int(ours),
                        first_block=first_block,
                        done_to=first_block - 1,
                        added_at=head,
                    )
                )
                found = connection.execute(known).one()
            elif first_block < found.first_block:
                self._read_again(connection, found.id, first_block, head)
            linked = set(connection.scalars(select(served.asset).where(served.source == found.id)))
            for asset in sorted(set(assets) - linked):
                connection.execute(insert(schema.source_asset).values(source=found.id, asset=asset))
        return int(found.id)

    def _read_again(self, connection: Connection, source: int, first: int, head: int) -> None:
        """Take back all that a source has told, and begin before it."""
        s, a = schema.source.c, schema.asset.c
        address = select(s.address).where(s.id == source).scalar_subquery()
        asset = select(a.id).where(a.chain == self.chain, a.token == address)
        for table in schema.FACTS:
            mine = (
                table.c.source == source
                if "source" in table.c
                else table.c.asset.in_(asset.scalar_subquery())
            )
            connection.execute(delete(table).where(mine))
        connection.execute(
            update(schema.source)
            .where(s.id == source)
            .values(first_block=first, done_to=first - 1, added_at=head, stopped=None)
        )
        self._forget()

    # ------------------------------------------------------------------------------------ pages

    def commit(self, page: Page) -> None:
        """Write a page: its logs, what follows from them, the cursors and the changes.

        A source that cannot be followed into a block is stopped before it, with those that serve
        only the same assets; the rest of the page is written.

        Raises: StoreError when a cursor stood elsewhere, another one has become the writer, or a
            block is kept with another hash; ChainError for logs that make no sense. Nothing was
            written then.
        """
        stops: dict[int, tuple[int, str]] = {}
        while True:
            try:
                self._write(page, stops)
                return
            except Fault as fault:
                for source in _stopped_with(page, fault.source):
                    if fault.block - 1 < stops.get(source, (page.until,))[0]:
                        stops[source] = (fault.block - 1, str(fault))

    def _write(self, page: Page, stops: Mapping[int, tuple[int, str]]) -> None:
        decoded, limits = Decoded(), {source: stop for source, (stop, _) in stops.items()}
        with self._transaction(durable=page.until > self._stand.final) as connection:
            self._advance(connection, page, stops)
            bulk.insert(connection, schema.log, decode(page, self.chain, limits, decoded))
            self._write_blocks(connection, page, decoded)
            times = {number: page.headers[number].time for number in decoded.blocks}
            self._registers.fold(connection, decoded, self._assets(connection, page), times)
            self._tell(
                connection,
                [
                    ("block", number, page.headers[number].hash, int(historic))
                    for number, historic in decoded.blocks.items()
                ],
            )

    def _advance(
        self, connection: Connection, page: Page, stops: Mapping[int, tuple[int, str]]
    ) -> None:
        """The cursors of the page's sources, each of which must stand where the page begins."""
        s = schema.source.c
        there = and_(s.chain == self.chain, s.done_to == page.after, s.stopped.is_(None))
        going = [source.id for source in page.sources if source.id not in stops]
        hit = 0
        for part in chunked(going):
            moved = update(schema.source).where(s.id.in_(part), there)
            hit += connection.execute(moved.values(done_to=page.until)).rowcount
        for source, (done_to, sentence) in stops.items():
            moved = update(schema.source).where(s.id == source, there)
            hit += connection.execute(moved.values(done_to=done_to, stopped=sentence)).rowcount
        if hit != len(page.sources):
            raise StoreError(
                f"a page of blocks {page.after + 1:,} to {page.until:,} does not follow what is in "
                f"{self.database.name}",
                "nothing of it was written; run the same command again",
            )

    def _write_blocks(self, connection: Connection, page: Page, decoded: Decoded) -> None:
        """The headers of blocks with an event, and of all above `final`."""
        wanted = {
            number: header
            for number, header in page.headers.items()
            if number > self._stand.final or number in decoded.blocks
        }
        missing = [number for number in decoded.blocks if number not in wanted]
        if missing:
            raise StoreError(
                f"a page has logs of block {missing[0]:,} and not its header", "report this"
            )
        b, kept = schema.block.c, set[int]()
        mine = select(b.number, b.hash).where(
            b.chain == self.chain, b.number > page.after, b.number <= page.until
        )
        for number, found in connection.execute(mine):
            kept.add(number)
            if number in wanted and bytes_of(found) != wanted[number].hash:
                raise StoreError(
                    f"block {number:,} is kept with the hash {found}, and came with "
                    f"0x{wanted[number].hash.hex()}",
                    "nothing was written; undo the reorganised blocks first",
                )
        bulk.insert(
            connection,
            schema.block,
            [
                (self.chain, number, header.hash, header.parent, header.time)
                for number, header in sorted(wanted.items())
                if number not in kept
            ],
        )

    def _assets(self, connection: Connection, page: Page) -> dict[int, tuple[int, Source]]:
        """The asset of each share token of the page."""
        a = schema.asset.c
        tokens = {source.address: source for source in page.sources if source.kind == TOKEN}
        found: dict[int, tuple[int, Source]] = {}
        for part in chunked(tokens):
            asked = select(a.id, a.token).where(a.chain == self.chain, a.token.in_(part))
            for number, token in connection.execute(asked):
                found[tokens[checksummed(token)].id] = (number, tokens[checksummed(token)])
        return found

    def _tell(
        self, connection: Connection, changes: Sequence[tuple[str, int, bytes | None, int]]
    ) -> None:
        """Number changes, without a gap and in the order of the commits."""
        c = schema.chain.c
        counted = (
            update(schema.chain)
            .where(c.id == self.chain)
            .values(seq=c.seq + len(changes))
            .returning(c.seq)
        )
        first = connection.execute(counted).scalar_one() - len(changes) + 1
        bulk.insert(
            connection,
            schema.change,
            [(self.chain, first + i, *change) for i, change in enumerate(changes)],
        )
        if changes and self.database.dialect == "postgresql":
            connection.execute(select(func.pg_notify(CHANNEL, str(self.chain))))

    # ------------------------------------------------------------------------------------- undo

    def undo(self, ancestor: int) -> None:
        """Take back every block above `ancestor`, which is the newest that still stands.

        Raises: StoreError when that is below `final`, or another one has become the writer.
        """
        c, s = schema.chain.c, schema.source.c
        with self._transaction() as connection:
            final = connection.execute(select(c.final).where(c.id == self.chain)).scalar_one()
            if ancestor < final:
                raise StoreError(
                    f"the chain of block {ancestor + 1:,} would be replaced, and block {final:,} "
                    "is final",
                    "nothing was changed: check the node, which may be on another chain or lag",
                )
            assets = connection.scalars(
                select(schema.asset.c.id).where(schema.asset.c.chain == self.chain)
            ).all()
            for asset in assets:
                _undo_holdings(connection, asset, ancestor)
            for table in schema.FACTS:
                connection.execute(delete(table).where(self._above(table, assets, ancestor)))
            b = schema.block.c
            connection.execute(
                delete(schema.block).where(b.chain == self.chain, b.number > ancestor)
            )
            # Before its first block too: what was made there may be made earlier on the new chain.
            connection.execute(
                update(schema.source)
                .where(s.chain == self.chain, s.done_to >= ancestor)
                .values(done_to=ancestor, stopped=None)
            )
            connection.execute(
                update(schema.chain).where(c.id == self.chain).values(undone=c.undone + 1)
            )
            self._tell(connection, [("undo", ancestor + 1, None, 0)])
            self._forget()

    def _above(self, table: Table, assets: Sequence[int], ancestor: int) -> ColumnElement[bool]:
        """The chain's rows of the table in blocks above `ancestor`."""
        if "asset" in table.c:
            return and_(table.c.asset.in_(assets), table.c.block > ancestor)
        if table is schema.log:
            return and_(table.c.chain == self.chain, table.c.block > ancestor)
        s = schema.source.c
        mine = select(s.id).where(s.chain == self.chain).scalar_subquery()
        return and_(table.c.source.in_(mine), table.c.block > ancestor)

    # ------------------------------------------------------------------------- head and finality

    def note(self, head: Header, final: Header | None) -> None:
        """Where the chain is by the node; of `final`, which only rises, a lower one says nothing.

        Raises: StoreError when the final block is kept with another hash, or another one has
            become the writer.
        """
        c = schema.chain.c
        with self._transaction() as connection:
            mine = update(schema.chain).where(c.id == self.chain)
            connection.execute(mine.values(head=head.number, head_time=head.time))
            before = self._read_stand(connection)
            if final is None or final.number < before.final:
                return
            self._check_final(connection, before, final)
            connection.execute(mine.values(final=final.number, final_hash=final.hash))
            b, g = schema.block.c, schema.log.c
            told = exists().where(g.chain == b.chain, g.block == b.number)
            passed = and_(b.number > before.final, b.number <= final.number)
            if before.final_hash is None:
                passed = b.number <= final.number
            connection.execute(delete(schema.block).where(b.chain == self.chain, passed, ~told))

    def _check_final(self, connection: Connection, before: Stand, final: Header) -> None:
        b = schema.block.c
        asked = select(b.hash).where(b.chain == self.chain, b.number == final.number)
        kept = connection.scalar(asked)
        hashes = {bytes_of(kept)} if kept else set[bytes]()
        if final.number == before.final and before.final_hash:
            hashes.add(before.final_hash)
        if hashes - {final.hash}:
            raise StoreError(
                f"the node says that block {final.number:,} is final with the hash "
                f"0x{final.hash.hex()}, and it is kept with 0x{hashes.pop().hex()}",
                "nothing was changed: check the node, which may be on another chain",
            )

    def verified(self, to: int) -> None:
        """Every log to this block was asked for a second time, and was the same.

        Raises: StoreError for a block that is not final, or when another one has become the writer.
        """
        c = schema.chain.c
        with self._transaction() as connection:
            stand = self._read_stand(connection)
            if to > stand.final:
                raise StoreError(
                    f"block {to:,} is not final, and so cannot be verified", "wait until it is"
                )
            mine = update(schema.chain).where(c.id == self.chain)
            connection.execute(mine.values(verified_to=max(to, stand.verified_to)))

    # ------------------------------------------------------------------------------- transactions

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction of the only writer.

        Raises: StoreError when another one has become it.
        """
        c = schema.chain.c
        mine = update(schema.chain).where(c.id == self.chain, c.fence == self._fence)
        try:
            with self.database.writing(durable=durable) as connection:
                # First of all: whoever else writes this chain waits here, and then finds out.
                if connection.execute(mine.values(beat=int(time.time()))).rowcount != 1:
                    raise StoreError(
                        f"another process has become the writer of {self.database.name}",
                        "let it go on; nothing of this step was written",
                    )
                yield connection
                stand = self._read_stand(connection)
        except BaseException:
            self._forget()
            raise
        self._stand = stand

    def _forget(self) -> None:
        self._accounts.forget()
        self._registers.forget()

    def _read_stand(self, connection: Connection) -> Stand:
        found = connection.execute(
            select(schema.chain).where(schema.chain.c.id == self.chain)
        ).one()
        return Stand(
            head=found.head,
            head_time=found.head_time,
            final=found.final,
            final_hash=None if found.final_hash is None else bytes_of(found.final_hash),
            verified_to=found.verified_to,
            seq=found.seq,
            undone=found.undone,
            epoch=found.epoch,
            fence=found.fence,
        )


def _undo_holdings(connection: Connection, asset: int, ancestor: int) -> None:
    """Of the accounts in the undone transfers only: the table is not in the order of blocks."""
    t = schema.transfer.c
    undone = and_(t.asset == asset, t.block > ancestor)
    touched = union(select(t.giver).where(undone), select(t.receiver).where(undone))
    accounts = connection.scalars(touched).all()
    for part in chunked(sorted(accounts)):
        for table in (schema.holding, schema.holder):
            gone = and_(table.c.asset == asset, table.c.account.in_(part), table.c.block > ancestor)
            connection.execute(delete(table).where(gone))


def _stopped_with(page: Page, faulty: Source) -> list[int]:
    """The sources of the page that serve no asset but those of the faulty one."""
    stopped = set(faulty.assets)
    alike = [s.id for s in page.sources if s.assets and stopped.issuperset(s.assets)]
    return sorted({faulty.id, *alike})


def _add_chain(connection: Connection, chain_id: int, genesis: str) -> None:
    connection.execute(
        insert(schema.chain).values(
            id=next_number(connection, schema.chain),
            chain_id=chain_id,
            genesis=genesis,
            epoch=uuid.uuid4().hex,
            seq=0,
            undone=0,
            head=NO_BLOCK,
            head_time=0,
            final=NO_BLOCK,
            verified_to=NO_BLOCK,
            fence=0,
            beat=0,
            schema=schema_digest(),
        )
    )
