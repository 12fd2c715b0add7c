# SPDX-License-Identifier: MIT
"""How shares moved, and what income was paid, up to a block: of one holder or of all.

A transfer of no shares, or to oneself, moves nothing and is none here. Income is what the vault
has settled: for whom, in which currency, in which year by the block's time. Amounts are added up as
Python's integers, since no database adds them exactly everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from prorata.store import schema
from prorata.store.asof import amount_reader, unread
from prorata.values.addresses import ZERO_ADDRESS, checksummed
from prorata.values.times import UTC, year_of

__all__ = ["Declared", "Income", "Movement", "distributions", "income", "transfers"]

PAGE = 10_000
VAULT, RANGES = "DividendVault", "RecordRanges"


@dataclass(frozen=True, slots=True)
class Movement:
    """Shares that went from one account to another; the zero address issues and burns them."""

    block: int
    log_index: int
    time: int
    transaction: str
    giver: str
    receiver: str
    amount: int


@dataclass(frozen=True, slots=True)
class Declared:
    """A distribution; `token` is the share token, or the contract of record ranges."""

    source: int
    number: int
    token: str
    record: int
    currency: str
    declarer: str
    received: int
    carried_in: int
    payable_from: int
    deadline: int
    block: int
    vault: str


@dataclass(frozen=True, slots=True)
class Income:
    """What a holder was paid in a currency, in a year or in all; `payments` counts them."""

    holder: str
    year: int | None
    currency: str
    gross: int
    tax: int
    payments: int

    @property
    def net(self) -> int:
        """What went to the payee."""
        return self.gross - self.tax


# ----------------------------------------------------------------------------------------- shares


def transfers(
    connection: Connection,
    asset: int,
    block: int,
    *,
    of: str | None = None,
    since: int = 0,
    behind: int = -1,
    most: int | None = None,
) -> Iterator[Movement]:
    """How shares moved in blocks `since` to `block`, both included, in the chain's order.

    Those `of` one account are found by the blocks in which its shares changed. Of block `since`
    only logs `behind` one count; `most` are given.
    """
    wanted = _movements(asset, since, block).limit(most)
    if behind >= 0:
        moved = schema.transfer.c
        wanted = wanted.where(or_(moved.block > since, moved.log_index > behind))
    if of is not None:
        account = _account(connection, asset, of)
        if account is None:
            return
        party = or_(schema.transfer.c.giver == account, schema.transfer.c.receiver == account)
        wanted = wanted.where(party)
        # The zero address, which issues and burns, holds nothing: all transfers are looked through.
        if of != ZERO_ADDRESS:
            wanted = _changing(wanted, asset, account)
    for row in _streamed(connection, wanted):
        yield Movement(*row)


def _movements(asset: int, since: int, until: int) -> Select[Any]:
    moved, giver, receiver = schema.transfer, schema.account.alias(), schema.account.alias()
    return (
        select(
            moved.c.block,
            moved.c.log_index,
            schema.block.c.time,
            schema.log.c.transaction_hash,
            giver.c.address,
            receiver.c.address,
            moved.c.amount,
        )
        .join(schema.asset, schema.asset.c.id == moved.c.asset)
        .join(
            schema.block,
            (schema.block.c.chain == schema.asset.c.chain)
            & (schema.block.c.number == moved.c.block),
        )
        .join(
            schema.log,
            (schema.log.c.chain == schema.asset.c.chain)
            & (schema.log.c.block == moved.c.block)
            & (schema.log.c.log_index == moved.c.log_index),
        )
        .join(giver, giver.c.id == moved.c.giver)
        .join(receiver, receiver.c.id == moved.c.receiver)
        .where(
            moved.c.asset == asset,
            moved.c.block.between(since, until),
            moved.c.giver != moved.c.receiver,
            moved.c.amount != 0,
        )
        .order_by(moved.c.block, moved.c.log_index)
    )


def _changing(movements: Select[Any], asset: int, account: int) -> Select[Any]:
    moved, held = schema.transfer, schema.holding
    return movements.join(
        held,
        (held.c.asset == asset) & (held.c.account == account) & (held.c.block == moved.c.block),
    )


def _account(connection: Connection, asset: int, address: str) -> int | None:
    """The number of an account on the asset's chain, if anything is known of it."""
    wanted = (
        select(schema.account.c.id)
        .join(schema.asset, schema.asset.c.chain == schema.account.c.chain)
        .where(schema.asset.c.id == asset, schema.account.c.address == address)
    )
    return connection.execute(wanted).scalar_one_or_none()


# ----------------------------------------------------------------------------------------- income


def distributions(connection: Connection, asset: int, block: int) -> list[Declared]:
    """Those for the asset's holders, of its records and record ranges, as they were declared."""
    found, serving = schema.distribution, schema.source_asset
    wanted: Select[Any] = (
        select(
            found.c.source,
            found.c.number,
            found.c.token,
            found.c.record,
            found.c.currency,
            found.c.declarer,
            found.c.received,
            found.c.carried_in,
            found.c.payable_from,
            found.c.deadline,
            found.c.block,
            schema.source.c.address,
        )
        .join(serving, serving.c.source == found.c.source)
        .join(schema.source, schema.source.c.id == found.c.source)
        .where(
            serving.c.asset == asset,
            found.c.block <= block,
            found.c.token.in_(_paying(connection, asset)),
        )
        .order_by(found.c.block, found.c.log_index)
    )
    return [Declared(*row) for row in connection.execute(wanted)]


def _paying(connection: Connection, asset: int) -> list[str]:
    """In whose name the asset's holders are paid."""
    token = select(schema.asset.c.token).where(schema.asset.c.id == asset)
    ranges = (
        select(schema.source.c.address)
        .join(schema.source_asset, schema.source_asset.c.source == schema.source.c.id)
        .where(schema.source_asset.c.asset == asset, schema.source.c.kind == RANGES)
    )
    return [str(one) for wanted in (token, ranges) for one in connection.execute(wanted).scalars()]


def income(
    connection: Connection,
    asset: int,
    block: int,
    *,
    of: str | None = None,
    by_year: bool = False,
    zone: tzinfo = UTC,
) -> list[Income]:
    """What was settled up to a block, of one holder or of all, each currency for itself.

    By address, year and currency. The years are those of a `zone`'s calendar.
    """
    account = None if of is None else _account(connection, asset, of)
    if of is not None and account is None:
        return []
    currencies = {
        (one.source, one.number): one.currency for one in distributions(connection, asset, block)
    }
    year = _years(zone) if by_year else lambda _: None
    totals: dict[tuple[int, int | None, str], list[int]] = {}
    amount_of = amount_reader(connection)
    for source in sorted({source for source, _ in currencies}):
        wanted = _settled(source, block, account)
        for number, holder, time, gross, tax in _streamed(connection, wanted):
            currency = currencies.get((source, number))
            if currency is None:
                continue
            total = totals.setdefault((holder, year(time), currency), [0, 0, 0])
            total[0] += amount_of(gross)
            total[1] += amount_of(tax)
            total[2] += 1
    addresses = _addresses(connection, asset, {who for who, _, _ in totals})
    found = [
        Income(addresses[who], paid_in, currency, *sums)
        for (who, paid_in, currency), sums in totals.items()
    ]
    return sorted(found, key=lambda one: (one.holder, one.year or 0, one.currency))


def _years(zone: tzinfo) -> Callable[[int], int | None]:
    # A claim of many is one block, and thousands of payments.
    return lru_cache(maxsize=65_536)(lambda time: year_of(time, zone))


def _settled(source: int, block: int, account: int | None) -> Select[Any]:
    paid = schema.settlement
    wanted = (
        select(
            paid.c.number,
            paid.c.holder,
            schema.block.c.time,
            unread(paid.c.gross),
            unread(paid.c.tax),
        )
        .join(schema.source, schema.source.c.id == paid.c.source)
        .join(
            schema.block,
            (schema.block.c.chain == schema.source.c.chain)
            & (schema.block.c.number == paid.c.block),
        )
        .where(paid.c.source == source, paid.c.block <= block)
    )
    return wanted if account is None else wanted.where(paid.c.holder == account)


def _streamed(connection: Connection, wanted: Select[Any]) -> Iterator[Any]:
    # Closed however far it is read.
    with connection.execute(wanted, execution_options={"yield_per": PAGE}) as result:
        yield from result


def _addresses(connection: Connection, asset: int, accounts: set[int]) -> dict[int, str]:
    """Some accounts of the asset's chain, by number."""
    wanted = (
        select(schema.account.c.id, unread(schema.account.c.address))
        .join(schema.asset, schema.asset.c.chain == schema.account.c.chain)
        .where(schema.asset.c.id == asset)
    )
    if len(accounts) == 1:
        wanted = wanted.where(schema.account.c.id.in_(accounts))
    return {
        number: str(checksummed(bytes(address)))
        for number, address in connection.execute(wanted)
        if number in accounts
    }
