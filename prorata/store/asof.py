# SPDX-License-Identifier: MIT
"""The ledger as of a moment: who held what after a block, at a record date, or at a time.

What an account had after a block is its newest row at or before it: one seek for each holder,
however long the history is. Nothing is added up, so that no amount can wrap.

An asset answers only as far as all contracts that serve it have been read. A `connection` is to be
of one snapshot (`Database.snapshot`): then whatever is asked of it is of one moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, type_coerce
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import NullType

from prorata.errors import IncompleteError, InputError, StoreError
from prorata.store import schema
from prorata.values.as_of import Occasion, parse_as_of
from prorata.values.times import moment as written

__all__ = [
    "AsOf",
    "FollowedAsset",
    "Supply",
    "amount_reader",
    "asset_of",
    "balances",
    "closing_time",
    "holder",
    "moment",
    "newest_holding",
    "supply",
    "unread",
]

_FOLLOW = "run `prorata follow`"

# -------------------------------------------------------------------------------------- statements


def unread(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as the driver gives it: of ten thousand rows, reading each value takes longest."""
    return type_coerce(column, NullType())


def amount_reader(connection: Connection) -> Callable[[Any], int]:
    """Makes an integer of an amount that came `unread`."""
    if connection.dialect.name == "sqlite":
        return lambda packed: int.from_bytes(packed, "big")
    return int


def newest_holding() -> ColumnElement[Any]:
    """What each row of `holder` had after the block that is asked for, `unread`."""
    return (
        select(unread(schema.holding.c.amount))
        .where(
            schema.holding.c.asset == schema.holder.c.asset,
            schema.holding.c.account == schema.holder.c.account,
            schema.holding.c.block <= bindparam("block"),
        )
        .order_by(schema.holding.c.block.desc())
        .limit(1)
        .correlate(schema.holder)
        .scalar_subquery()
    )


_BALANCES = (
    select(unread(schema.account.c.address), newest_holding())
    .select_from(schema.holder)
    .join(schema.account, schema.account.c.id == schema.holder.c.account)
    .where(schema.holder.c.asset == bindparam("asset"), schema.holder.c.block <= bindparam("block"))
)

_BALANCE = (
    select(schema.holding.c.amount)
    .join(schema.account, schema.account.c.id == schema.holding.c.account)
    .join(schema.asset, schema.asset.c.chain == schema.account.c.chain)
    .where(
        schema.asset.c.id == bindparam("asset"),
        schema.account.c.address == bindparam("address"),
        schema.holding.c.asset == bindparam("asset"),
        schema.holding.c.block <= bindparam("block"),
    )
    .order_by(schema.holding.c.block.desc())
    .limit(1)
)

_SUPPLY = (
    select(schema.supply.c.total, schema.supply.c.holders)
    .where(schema.supply.c.asset == bindparam("asset"), schema.supply.c.block <= bindparam("block"))
    .order_by(schema.supply.c.block.desc())
    .limit(1)
)

_STAND = (
    select(schema.chain, schema.asset.c.symbol)
    .join(schema.asset, schema.asset.c.chain == schema.chain.c.id)
    .where(schema.asset.c.id == bindparam("asset"))
)

_SOURCES = (
    select(
        schema.source.c.done_to,
        schema.source.c.first_block,
        schema.source.c.address,
        schema.source.c.stopped,
    )
    .join(schema.source_asset, schema.source_asset.c.source == schema.source.c.id)
    .where(schema.source_asset.c.asset == bindparam("asset"))
    .order_by(schema.source.c.done_to, schema.source.c.id)
)

_NEWEST_BLOCK = (
    select(schema.block.c.number, schema.block.c.hash, schema.block.c.time)
    .where(schema.block.c.chain == bindparam("chain"), schema.block.c.number <= bindparam("until"))
    .order_by(schema.block.c.number.desc())
    .limit(1)
)

_RECORD = select(schema.record.c.closes_at).where(
    schema.record.c.asset == bindparam("asset"),
    schema.record.c.number == bindparam("number"),
    schema.record.c.block <= bindparam("block"),
)

_CANCELLED = select(schema.record_cancellation.c.block).where(
    schema.record_cancellation.c.asset == bindparam("asset"),
    schema.record_cancellation.c.number == bindparam("number"),
    schema.record_cancellation.c.block <= bindparam("block"),
)

_RECORDS = select(func.count()).where(
    schema.record.c.asset == bindparam("asset"), schema.record.c.block <= bindparam("block")
)

# ------------------------------------------------------------------------------------------ moment


@dataclass(frozen=True)
class FollowedAsset:
    """An asset as the database numbers it."""

    id: int
    chain: int
    token: str
    symbol: str
    decimals: int


def asset_of(connection: Connection, chain_id: int, genesis: str, token: str) -> FollowedAsset:
    """The asset whose share token is `token` on that chain.

    Raises: StoreError when the database does not follow it.
    """
    wanted = (
        select(schema.asset)
        .join(schema.chain, schema.chain.c.id == schema.asset.c.chain)
        .where(
            schema.chain.c.chain_id == chain_id,
            schema.chain.c.genesis == genesis,
            schema.asset.c.token == token,
        )
    )
    row = connection.execute(wanted).one_or_none()
    if row is None:
        sentence = f"the ledger does not follow the token {token} of chain {chain_id}"
        raise StoreError(sentence, _FOLLOW)
    return FollowedAsset(row.id, row.chain, row.token, row.symbol, row.decimals)


@dataclass(frozen=True)
class AsOf:
    """A moment of an asset: after the last event of `block`.

    Of a block without an event at or below finality no header is kept: then `hash` is empty, and
    `time` 0. `complete` says whether the ledger had got to the newest block that it had seen;
    `seq`, `undone` and `epoch` say which state of the ledger answered.
    """

    block: int
    hash: str
    time: int
    final: bool
    seq: int
    epoch: str
    verified_to: int
    complete: bool
    undone: int = 0
    chain: int = 0
    head: int = 0


def moment(connection: Connection, asset: int, at: str | Occasion | None) -> AsOf:
    """The moment that `at` names: `record:3`, `block:N`, a time, or None for the newest.

    Raises: InputError when it is none, or a record was never scheduled or was cancelled;
    IncompleteError when the ledger has not got that far; StoreError when there is no such asset.
    """
    standing = _standing(connection, asset)
    if at is None:
        return standing.at(connection, standing.until)
    occasion = parse_as_of(at) if isinstance(at, str) else at
    if occasion.kind == "block":
        standing.check_block(occasion.number)
        return standing.at(connection, occasion.number)
    if occasion.kind == "record":
        second = _closing(connection, asset, standing, occasion.number)
    else:
        second = occasion.number
        standing.check_time(connection, second)
    return standing.at(connection, _block_at(connection, standing, second))


def closing_time(connection: Connection, asset: int, record: int) -> int:
    """The second at whose end a record has closed.

    Raises: InputError when it was never scheduled, or was cancelled; IncompleteError when the
    ledger has not got that far.
    """
    return _closing(connection, asset, _standing(connection, asset), record)


@dataclass(frozen=True)
class _Standing:
    """How far an asset has been read, and the row of its chain."""

    chain: Any
    until: int
    first: int
    stopped: str | None

    @property
    def symbol(self) -> str:
        return str(self.chain.symbol)

    @property
    def is_at_head(self) -> bool:
        return bool(self.until >= self.chain.head)

    def known_time(self, connection: Connection) -> int:
        """To when every event is known; when the time of that very block is not, a bit less."""
        if self.is_at_head:
            return int(self.chain.head_time)
        row = _newest(connection, self.chain.id, self.until)
        return 0 if row is None else int(row.time)

    def check_block(self, number: int) -> None:
        """Raises: IncompleteError when the block was not read."""
        if number > self.until:
            raise self._incomplete(f"to block {self.until:,}", f"block {number:,}")

    def check_time(self, connection: Connection, second: int) -> None:
        """Raises: IncompleteError when the second is not over, as far as is known."""
        known = self.known_time(connection)
        if second > known:
            raise self._incomplete(f"to {written(known)}", written(second))

    def check_closed(self, connection: Connection, record: int, second: int) -> None:
        """Raises: IncompleteError while something may still count for the record."""
        known = self.known_time(connection)
        if second >= known:
            wanted = f"record {record}, which closes {written(second)}"
            raise self._incomplete(f"to {written(known)}", wanted)

    def _incomplete(self, known: str, wanted: str) -> IncompleteError:
        sentence = f"the ledger of {self.symbol} is incomplete: it is read {known}, and {wanted}"
        sentence += " was asked for"
        if self.stopped is not None:
            return IncompleteError(sentence, f"it was stopped, for {self.stopped}")
        return IncompleteError(sentence, f"{_FOLLOW}, or ask for an earlier moment")

    def at(self, connection: Connection, number: int) -> AsOf:
        chain, row = self.chain, _newest(connection, self.chain.id, number)
        kept = None if row is None or row.number != number else row
        at_head = chain.head_time if number == chain.head else 0
        return AsOf(
            block=number,
            hash="" if kept is None else kept.hash,
            time=at_head if kept is None else kept.time,
            final=number <= chain.final,
            seq=chain.seq,
            epoch=chain.epoch,
            verified_to=chain.verified_to,
            complete=self.is_at_head,
            undone=chain.undone,
            chain=chain.id,
            head=chain.head,
        )


def _standing(connection: Connection, asset: int) -> _Standing:
    chain = connection.execute(_STAND, {"asset": asset}).one_or_none()
    if chain is None:
        raise StoreError(f"the ledger has no asset {asset}", _FOLLOW)
    sources = connection.execute(_SOURCES, {"asset": asset}).all()
    if not sources:
        raise IncompleteError(f"the ledger has read nothing of {chain.symbol} yet", _FOLLOW)
    least = sources[0]
    first = min(one.first_block for one in sources)
    if least.done_to < first:
        raise IncompleteError(f"the ledger has read nothing of {chain.symbol} yet", _FOLLOW)
    stopped = next((one.stopped for one in sources if one.stopped is not None), None)
    return _Standing(chain, least.done_to, first, stopped)


def _newest(connection: Connection, chain: int, until: int) -> Any:
    """The newest block that is kept, at or before one."""
    return connection.execute(_NEWEST_BLOCK, {"chain": chain, "until": until}).one_or_none()


def _block_at(connection: Connection, standing: _Standing, second: int) -> int:
    """The newest kept block of that second or earlier; the one before all if there is none.

    Times rise with numbers, which the table is ordered by: so the half is looked for in which it
    must be. The blocks in between, which are not kept, have no event.
    """
    low, high, found = standing.first, standing.until, standing.first - 1
    while low <= high:
        middle = (low + high) // 2
        row = _newest(connection, standing.chain.id, middle)
        if row is None or row.number < low:
            low = middle + 1
        elif row.time > second:
            high = row.number - 1
        else:
            found, low = row.number, middle + 1
    return max(found, 0)


def _closing(connection: Connection, asset: int, standing: _Standing, number: int) -> int:
    """When a record closed."""
    named = {"asset": asset, "number": number, "block": standing.until}
    closes_at = connection.execute(_RECORD, named).scalar_one_or_none()
    if closes_at is None:
        count = connection.execute(_RECORDS, named).scalar_one()
        if not standing.is_at_head:
            standing.check_block(standing.chain.head)
        remedy = f"give 1 to {count}" if count else "schedule a record date first"
        raise InputError.of("record", number, "was never scheduled", remedy)
    if connection.execute(_CANCELLED, named).one_or_none() is not None:
        raise InputError.of("record", number, "was cancelled", "give another one")
    standing.check_closed(connection, number, closes_at)
    return int(closes_at)


# ---------------------------------------------------------------------------------------- balances


@dataclass(frozen=True)
class Supply:
    """All shares, and how many accounts had one."""

    total: int
    holders: int


def balances(connection: Connection, asset: int, block: int) -> dict[bytes, int]:
    """Shares by holder after a block, by 20-byte address; who had none is left out."""
    amount_of = amount_reader(connection)
    # All at once: row by row, they take as long again.
    rows = connection.execute(_BALANCES, {"asset": asset, "block": block}).all()
    return {
        bytes(address): amount
        for address, packed in rows
        if packed is not None and (amount := amount_of(packed))
    }


def holder(connection: Connection, asset: int, block: int, address: str | bytes) -> int:
    """Shares of one account after a block."""
    asked = {"asset": asset, "block": block, "address": address}
    return connection.execute(_BALANCE, asked).scalar_one_or_none() or 0


def supply(connection: Connection, asset: int, block: int) -> Supply:
    """All shares after a block, and how many accounts had one."""
    row = connection.execute(_SUPPLY, {"asset": asset, "block": block}).one_or_none()
    return Supply(0, 0) if row is None else Supply(row.total, row.holders)
