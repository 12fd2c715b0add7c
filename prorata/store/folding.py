# SPDX-License-Identifier: MIT
"""What follows from events: balances, supply, records, successions, freezes, income.

It applies the rules of `prorata.register.shares.Ledger`, which stays the law, to a page at a time.
What an asset's accounts have now is kept in bounded memory, and read where it is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from prorata.chain.encoding import bytes_of
from prorata.store import bulk, schema
from prorata.store.accounts import Accounts, chunked
from prorata.store.bulk import Packer, Row
from prorata.store.decoding import VAULT, Decoded, Fault, Moved, Settled, Told
from prorata.store.pages import Source

__all__ = ["Registers"]

MOST_KEPT = 100_000
AMOUNTS = 2**256
NUMBERS = 2**63
ADDRESS_WORD = f"0x{'0' * 64}"

_MISSING = "an event is missing or was altered"


@dataclass
class _Register:
    """What one asset has now; `new` are accounts that are known never to have had a share."""

    asset: int
    source: Source
    total: int = 0
    holders: int = 0
    balances: dict[int, int] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    records: dict[int, int] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)


class Registers:
    """The registers of a chain's assets, as far as they are written."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._registers: dict[int, _Register] = {}

    def forget(self) -> None:
        """After a transaction that failed, or an undo: what is there is read anew."""
        self._registers.clear()

    def fold(
        self,
        connection: Connection,
        decoded: Decoded,
        assets: Mapping[int, tuple[int, Source]],
        times: Mapping[int, int],
    ) -> None:
        """Write what follows from a page; `assets` are by the share token's source.

        Raises: Fault where a register would make no sense.
        """
        for number, moved in decoded.moved.items():
            if moved:
                self._move(connection, self._register(connection, *assets[number]), moved)
        told = _Tables(connection, self._accounts)
        for each in decoded.told:
            source = each[0]
            if source.kind == VAULT:
                told.income(each)
            else:
                register = self._register(connection, *assets[source.id])
                told.register(register, each, times[each[1]])
        told.settle(decoded.settled)
        told.write(connection)

    # ------------------------------------------------------------------------------ what there is

    def _register(self, connection: Connection, asset: int, source: Source) -> _Register:
        found = self._registers.get(asset)
        if found is None:
            found = self._registers[asset] = _read_register(connection, asset, source)
        # The source may be known by another row than before, with other places.
        found.source = source
        if len(found.balances) + len(found.new) > MOST_KEPT:
            found.balances.clear()
            found.new.clear()
        return found

    def _move(self, connection: Connection, register: _Register, moved: Sequence[Moved]) -> None:
        texts = dict.fromkeys(text for m in moved for text in (m[2], m[3]))
        numbers = self._accounts.numbers(connection, texts)
        _read_balances(connection, register, {numbers[text] for text in texts})
        pack = bulk.packer(connection)
        zero = numbers.get(ADDRESS_WORD, 0)
        rows = _Movement(register, zero)
        bulk.insert(connection, schema.transfer, rows.transfers(moved, numbers, pack))
        bulk.insert(connection, schema.holder, rows.holder_rows())
        bulk.insert(connection, schema.holding, rows.holding_rows(pack))
        bulk.insert(connection, schema.supply, rows.supply_rows(pack))


def _read_register(connection: Connection, asset: int, source: Source) -> _Register:
    found = _Register(asset, source)
    t, r, c, s = schema.supply.c, schema.record.c, schema.record_cancellation.c, schema.succession.c
    newest = select(t.total, t.holders).where(t.asset == asset).order_by(t.block.desc()).limit(1)
    for total, holders in connection.execute(newest):
        found.total, found.holders = total, holders
    records = select(r.number, r.closes_at).where(r.asset == asset)
    found.records.update(map(tuple, connection.execute(records)))
    found.cancelled = set(connection.scalars(select(c.number).where(c.asset == asset)))
    found.lost = set(connection.scalars(select(s.lost).where(s.asset == asset)))
    return found


def _read_balances(connection: Connection, register: _Register, wanted: Collection[int]) -> None:
    missing = [n for n in wanted if n not in register.balances and n not in register.new]
    h, o = schema.holding.c, schema.holder.c
    newest = (
        select(h.amount)
        .where(h.asset == register.asset, h.account == o.account)
        .order_by(h.block.desc())
        .limit(1)
        .scalar_subquery()
    )
    for part in chunked(sorted(missing)):
        asked = select(o.account, newest).where(o.asset == register.asset, o.account.in_(part))
        held: dict[int, int] = dict(map(tuple, connection.execute(asked)))
        register.balances |= held
        register.new |= {number for number in part if number not in held}


class _Movement:
    """A page's transfers of one asset, and the rows that follow from them."""

    def __init__(self, register: _Register, zero: int) -> None:
        self.register = register
        self.zero = zero
        self.first: dict[int, int] = {}
        self.held: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self.supply: list[tuple[int, int, int]] = []
        self.told = register.total, register.holders

    def transfers(
        self, moved: Sequence[Moved], numbers: Mapping[str, int], pack: Packer
    ) -> Iterator[Row]:
        """The rows of `transfer`; the others are known when they have been taken.

        Raises: Fault for one that takes more than there is.
        """
        register, held_at, zero = self.register, self.held, self.zero
        asset, balances, new = register.asset, register.balances, register.new
        current = moved[0][0]
        for block, index, giver_text, receiver_text, amount in moved:
            if block != current:
                self._close(current)
                current = block
            giver, receiver = numbers[giver_text], numbers[receiver_text]
            yield asset, block, index, giver, receiver, pack(amount)
            held = 0 if giver == zero else balances.get(giver, 0)
            if held < amount and giver != zero:
                raise self._fault(
                    block, index, f"takes {amount} shares from {giver_text}, who has {held}"
                )
            if not amount or giver == receiver:
                continue
            if giver == zero:
                register.total += amount
            else:
                balances[giver] = held_at[giver][block] = held - amount
                register.holders -= held == amount
            if receiver == zero:
                register.total -= amount
            else:
                if receiver in new:
                    new.discard(receiver)
                    self.first[receiver] = block
                had = balances.get(receiver, 0)
                balances[receiver] = held_at[receiver][block] = had + amount
                register.holders += not had
        self._close(current)

    def _close(self, block: int) -> None:
        """After a block's last transfer, what there is of shares and holders."""
        now = self.register.total, self.register.holders
        if now[0] >= AMOUNTS:
            raise self._fault(block, 0, f"makes a supply of {now[0]}, over 2^256 - 1")
        if now != self.told:
            self.told = now
            self.supply.append((block, *now))

    def _fault(self, block: int, index: int, what: str) -> Fault:
        return Fault(
            self.register.source,
            block,
            f"the transfer in log {index} of block {block} by {self.register.source.address} "
            f"{what}: {_MISSING}",
        )

    def holder_rows(self) -> Iterator[Row]:
        """Who has a share for the first time."""
        asset = self.register.asset
        return ((asset, account, self.first[account]) for account in sorted(self.first))

    def holding_rows(self, pack: Packer) -> Iterator[Row]:
        """Sorted as the table is: a tree is filled in its order at half the cost."""
        asset = self.register.asset
        for account in sorted(self.held):
            for block, amount in self.held[account].items():
                yield asset, account, block, pack(amount)

    def supply_rows(self, pack: Packer) -> Iterator[Row]:
        """Of each block after which there were more shares or fewer, or holders."""
        asset = self.register.asset
        return ((asset, block, pack(total), holders) for block, total, holders in self.supply)


class _Tables:
    """A page's other events, as rows of their tables."""

    def __init__(self, connection: Connection, accounts: Accounts) -> None:
        self._connection = connection
        self._accounts = accounts
        self._pack = bulk.packer(connection)
        self._rows: dict[Any, list[Row]] = defaultdict(list)

    def write(self, connection: Connection) -> None:
        """All rows, each table's at once."""
        for table, rows in self._rows.items():
            bulk.insert(connection, table, rows)

    def _account(self, *texts: str) -> list[int]:
        numbers = self._accounts.numbers(self._connection, texts)
        return [numbers[text] for text in texts]

    # ------------------------------------------------------------------------------------- a token

    def register(self, register: _Register, told: Told, time: int) -> None:
        """An event of a share token.

        Raises: Fault as the ledger refuses it.
        """
        _, block, index, event = told
        args, asset = event.args, register.asset
        if event.name == "RecordScheduled":
            number, closes_at = int(args["recordId"]), int(args["closesAt"])
            self._check_scheduled(register, told, number, closes_at)
            register.records[number] = closes_at
            self._rows[schema.record].append((asset, number, closes_at, block, index))
        elif event.name == "RecordCancelled":
            number = int(args["recordId"])
            self._check_cancelled(register, told, number, time)
            register.cancelled.add(number)
            self._rows[schema.record_cancellation].append((asset, number, block, index))
        elif event.name == "RecoverySuccess":
            lost, successor = self._account(args["lostWallet"], args["newWallet"])
            if lost == successor or {lost, successor} & register.lost:
                raise _refused(told, "replaces a wallet by one that is lost, or one twice")
            register.lost.add(lost)
            self._rows[schema.succession].append((asset, block, index, lost, successor))
        else:
            [account] = self._account(args["userAddress"])
            frozen = int(bool(args["isFrozen"]))
            self._rows[schema.freeze].append((asset, block, index, account, frozen))

    def _check_scheduled(
        self, register: _Register, told: Told, number: int, closes_at: int
    ) -> None:
        if number != len(register.records) + 1:
            raise _refused(told, f"is of record {number}, not of {len(register.records) + 1}")
        standing = register.records.keys() - register.cancelled
        if standing and closes_at <= register.records[max(standing)]:
            raise _refused(told, f"closes record {number} no later than the one before it")

    def _check_cancelled(self, register: _Register, told: Told, number: int, time: int) -> None:
        standing = register.records.keys() - register.cancelled
        if not standing or number != max(standing) or time > register.records[number]:
            raise _refused(told, f"is of record {number}, which is not the last open one")

    # ------------------------------------------------------------------------------------- a vault

    def income(self, told: Told) -> None:
        """An event of a vault."""
        source, block, index, event = told
        self._declare(source, block, index, event.args)

    def _declare(self, source: Source, block: int, index: int, args: Mapping[str, Any]) -> None:
        # Anybody may declare for a token of his own, which may call its record what it likes. Of
        # such a one the log is kept, and no row: no asset that is followed has that many records.
        if args["recordId"] >= NUMBERS:
            return
        self._rows[schema.distribution].append(
            (
                source.id,
                args["id"],
                bytes_of(args["token"]),
                args["recordId"],
                bytes_of(args["currency"]),
                bytes_of(args["declarer"]),
                self._pack(args["received"]),
                self._pack(args["carriedIn"]),
                args["terms"]["payableFrom"],
                args["terms"]["deadline"],
                block,
                index,
            )
        )

    def settle(self, settled: Sequence[Settled]) -> None:
        """Who was paid what."""
        if not settled:
            return
        texts = dict.fromkeys(text for row in settled for text in row[5:7])
        numbers, pack = self._accounts.numbers(self._connection, texts), self._pack
        rows = (
            (*row[:5], numbers[row[5]], numbers[row[6]], pack(row[7]), pack(row[8]))
            for row in settled
        )
        bulk.insert(self._connection, schema.settlement, rows)


def _refused(told: Told, what: str) -> Fault:
    source, block, index, event = told
    return Fault(
        source,
        block,
        f"the event {event.name} in log {index} of block {block} by {source.address} {what}: "
        f"{_MISSING}",
    )
