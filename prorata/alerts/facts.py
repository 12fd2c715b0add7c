# SPDX-License-Identifier: MIT
"""What rules are held against: the ledger's facts, as of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, exists, func, select

from prorata.chain.calls import Event, decode_log
from prorata.chain.types import Log
from prorata.errors import StoreError
from prorata.store import schema
from prorata.store.pages import WORD, split_words
from prorata.values.amounts import Unit

__all__ = ["Contract", "Facts", "Moment", "Stood"]

NEVER_FINAL = "0x" + "00" * WORD
ROLES = ("AgentAdded", "AgentRemoved", "OwnershipTransferred")


@dataclass(frozen=True)
class Contract:
    """A contract that is followed, and the tokens of the assets that it serves."""

    address: str
    kind: str
    added_at: int
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class Stood:
    """Where the chain stands: what is final, and the time before which nothing new can come."""

    epoch: str
    seq: int
    head: int
    head_time: int
    final: int
    final_hash: str
    final_time: int

    @property
    def has_final(self) -> bool:
        """Whether any block was final yet."""
        return self.final_hash != NEVER_FINAL


@dataclass(frozen=True)
class Moment:
    """A time, and the last block of which all is known by then; `begun_at` is the rule's start."""

    block: int
    hash: str
    time: int
    begun_at: int


@dataclass
class Facts:
    """The ledger of one chain, through one connection."""

    connection: Connection
    chain_id: int
    genesis: str
    chain: int = 0
    tokens: dict[int, str] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    contracts: dict[int, Contract] = field(default_factory=dict)

    def __post_init__(self) -> None:
        c = schema.chain.c
        asked = select(c.id).where(c.chain_id == self.chain_id, c.genesis == self.genesis)
        found = self.connection.scalar(asked)
        if found is None:
            raise StoreError(
                f"the ledger has nothing of the chain {self.chain_id}", "run `prorata follow` first"
            )
        self.chain = found
        a, s, served = schema.asset.c, schema.source.c, schema.source_asset.c
        asked = select(a.id, a.token, a.symbol, a.decimals).where(a.chain == found)
        for row in self.connection.execute(asked):
            self.tokens[row.id] = row.token
            self.units[row.token] = Unit(row.symbol, row.decimals)
        linked: dict[int, list[str]] = {}
        for source, asset in self.connection.execute(select(served.source, served.asset)):
            if asset in self.tokens:
                linked.setdefault(source, []).append(self.tokens[asset])
        asked = select(s.id, s.address, s.kind, s.added_at).where(s.chain == found)
        for row in self.connection.execute(asked):
            tokens = tuple(sorted(linked.get(row.id, ())))
            self.contracts[row.id] = Contract(row.address, row.kind, row.added_at, tokens)

    def stood(self) -> Stood:
        """Where it stands now.

        Above `final` every block is kept. All that happened before the time of the block after
        `final` is in final blocks: so it is the time to which nothing can change.
        """
        c = schema.chain.c
        row = self.connection.execute(select(schema.chain).where(c.id == self.chain)).one()
        if row.final >= row.head:
            time = row.head_time
        else:
            b = schema.block.c
            near = and_(b.chain == self.chain, b.number <= row.final + 1)
            time = self.connection.scalar(select(func.max(b.time)).where(near)) or 0
        final_hash = row.final_hash or NEVER_FINAL
        return Stood(row.epoch, row.seq, row.head, row.head_time, row.final, final_hash, time)

    def complete_to(self, token: str, block: int) -> bool:
        """Whether every contract of the asset was read to a block."""
        s, served, a = schema.source.c, schema.source_asset.c, schema.asset.c
        behind = (
            select(s.id)
            .join(schema.source_asset, served.source == s.id)
            .join(schema.asset, a.id == served.asset)
            .where(a.chain == self.chain, a.token == token, s.done_to < block)
            .limit(1)
        )
        return self.connection.scalar(behind) is None

    # ------------------------------------------------------------------------------------- blocks

    def current(self, numbers: Sequence[int]) -> Mapping[int, tuple[str, int]]:
        """Hash and time of those blocks that are kept."""
        b = schema.block.c
        found: dict[int, tuple[str, int]] = {}
        for at in range(0, len(numbers), 500):
            part = numbers[at : at + 500]
            asked = select(b.number, b.hash, b.time).where(
                b.chain == self.chain, b.number.in_(part)
            )
            found.update(
                {row.number: (row.hash, row.time) for row in self.connection.execute(asked)}
            )
        return found

    def with_events(self, first: int) -> list[str]:
        """The hashes of those blocks from `first` on that have events."""
        b, g = schema.block.c, schema.log.c
        has = exists().where(g.chain == b.chain, g.block == b.number)
        asked = select(b.hash).where(b.chain == self.chain, b.number >= first, has)
        return list(self.connection.scalars(asked.order_by(b.number)))

    def events(
        self, number: int, name: str, hashed: str, time: int, *, live: bool
    ) -> Iterator[tuple[Contract, Event]]:
        """The events of that name in a block; `live` leaves out what was history when added."""
        g = schema.log.c
        asked = (
            select(g.source, g.log_index, g.transaction_hash, g.topics, g.data)
            .where(g.chain == self.chain, g.block == number, g.name == name)
            .order_by(g.log_index)
        )
        for row in self.connection.execute(asked):
            contract = self.contracts[row.source]
            if live and number <= contract.added_at:
                continue
            event = _decoded(contract.address, number, hashed, time, row)
            if event is not None:
                yield contract, event

    # ------------------------------------------------------------------------------------ figures

    def measured(self, token: str, what: str, block: int) -> int | None:
        """Supply or holders of an asset after a block; None before it had any."""
        s, a = schema.supply.c, schema.asset.c
        column = s.total if what == "supply" else s.holders
        asked = (
            select(column)
            .join(schema.asset, a.id == s.asset)
            .where(a.chain == self.chain, a.token == token, s.block <= block)
            .order_by(s.block.desc())
            .limit(1)
        )
        return self.connection.scalar(asked)

    def records(self, token: str, block: int) -> list[tuple[int, int, int]]:
        """Number, second of closing and block of every record that stands at a block."""
        r, x, a = schema.record.c, schema.record_cancellation.c, schema.asset.c
        gone = and_(x.asset == r.asset, x.number == r.number, x.block <= block)
        asked = (
            select(r.number, r.closes_at, r.block)
            .join(schema.asset, a.id == r.asset)
            .outerjoin(schema.record_cancellation, gone)
            .where(a.chain == self.chain, a.token == token, r.block <= block, x.number.is_(None))
            .order_by(r.number)
        )
        return [tuple(row) for row in self.connection.execute(asked)]

    def declared(self, token: str, block: int) -> list[tuple[int, int]]:
        """Record and time of every distribution of an asset to a block."""
        d, s, b = schema.distribution.c, schema.source.c, schema.block.c
        asked = (
            select(d.record, b.time)
            .join(schema.source, s.id == d.source)
            .join(schema.block, and_(b.chain == s.chain, b.number == d.block))
            .where(s.chain == self.chain, d.token == token, d.block <= block)
        )
        return [tuple(row) for row in self.connection.execute(asked)]

    def losses(self, token: str, block: int) -> list[tuple[str, int, str, int]]:
        """Every lost wallet of an asset: its address, block, that block's hash and time."""
        x, a, o, b = (schema.succession.c, schema.asset.c, schema.account.c, schema.block.c)
        asked = (
            select(o.address, b.number, b.hash, b.time)
            .select_from(schema.succession)
            .join(schema.asset, a.id == x.asset)
            .join(schema.account, and_(o.chain == a.chain, o.id == x.lost))
            .join(schema.block, and_(b.chain == a.chain, b.number == x.block))
            .where(a.chain == self.chain, a.token == token, x.block <= block)
            .order_by(x.block, x.log_index)
        )
        return [tuple(row) for row in self.connection.execute(asked)]

    def powers(self, token: str, place: tuple[int, int]) -> dict[tuple[str, str], set[str]]:
        """Who has a role of which contract of an asset, after the log at `place` of its block."""
        sources = [n for n, contract in self.contracts.items() if token in contract.tokens]
        g = schema.log.c
        asked = (
            select(g.source, g.block, g.log_index, g.transaction_hash, g.topics, g.data)
            .where(g.chain == self.chain, g.source.in_(sources), g.name.in_(ROLES))
            .where(g.block <= place[0])
            .order_by(g.block, g.log_index)
        )
        found: dict[tuple[str, str], set[str]] = {}
        for row in self.connection.execute(asked):
            if (row.block, row.log_index) > place:
                break
            address = self.contracts[row.source].address
            event = _decoded(address, row.block, "", 0, row)
            if event is None:
                continue
            if event.name == "OwnershipTransferred":
                found[address, "owner"] = {event.args["newOwner"]}
            elif event.name == "AgentAdded":
                found.setdefault((address, "agent"), set()).add(event.args["agent"])
            else:
                found.setdefault((address, "agent"), set()).discard(event.args["agent"])
        return found


def _decoded(address: str, number: int, hashed: str, time: int, row: object) -> Event | None:
    return decode_log(
        Log(
            address=address,
            topics=split_words(bytes(row.topics)),  # type: ignore[attr-defined]
            data=bytes(row.data),  # type: ignore[attr-defined]
            block_number=number,
            block_hash=hashed,
            transaction_hash=str(row.transaction_hash),  # type: ignore[attr-defined]
            log_index=row.log_index,  # type: ignore[attr-defined]
            block_time=time,
        )
    )
