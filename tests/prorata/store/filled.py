"""A ledger that plain inserts have filled, and beside it what was put in, as Python has it.

Deterministic by its seed: shares are issued, traded and burnt, records close, two vaults pay in two
currencies. The rows are the oracle of the tests: nothing here is read back from a database.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from eth_utils.address import to_checksum_address
from sqlalchemy import Table, insert, select, update

from prorata.store import schema
from prorata.store.database import Database, schema_digest

ZERO = "0x" + "0" * 40
START = 1_767_225_600
"""2026-01-01T00:00:00Z."""
CHAIN_ID, GENESIS = 31_337, "0x" + "ab" * 32
ROOM = 50_000
PLACES = 3
"""Events in a block."""


def address(number: int) -> str:
    """An account's; 0 is the zero address."""
    if number == 0:
        return ZERO
    return str(to_checksum_address(f"0x{pow(3, number, 2**160):040x}"))


class Moved(NamedTuple):
    """A transfer; accounts are numbers."""

    block: int
    log_index: int
    giver: int
    receiver: int
    amount: int


class Declared(NamedTuple):
    """A distribution of one of two vaults, for the token or for its contract of ranges."""

    vault: int
    number: int
    currency: int
    received: int
    carried_in: int
    block: int
    log_index: int
    ranges: bool


class Paid(NamedTuple):
    """A settlement."""

    vault: int
    block: int
    log_index: int
    part: int
    number: int
    holder: int
    gross: int
    tax: int


@dataclass
class Story:
    """What has happened to one asset; amounts are of any size that is asked for."""

    number: int = 1
    holders: int = 20
    transfers: int = 200
    payments: int = 100
    seconds: int = 30_000
    """From block to block."""
    first: int = 100
    scale: int = 10**24

    moved: list[Moved] = field(default_factory=list)
    held: dict[tuple[int, int], int] = field(default_factory=dict)
    """By account and block."""
    supplied: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By block: all shares, and how many hold some."""
    declared: list[Declared] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    closed: list[tuple[int, int, int]] = field(default_factory=list)
    """Number, block, log index of a record; the first one is cancelled in the block after."""

    def __post_init__(self) -> None:
        """Play it."""
        self.dice = random.Random(f"prorata/{self.number}")
        self.place = self.first * PLACES
        self.balances: dict[int, int] = defaultdict(int)
        self.total = self.holding = 0
        self.play(self.transfers, self.payments)

    @property
    def token(self) -> str:
        return address(1_000_000 + self.number)

    @property
    def symbol(self) -> str:
        return f"SHARE{self.number}"

    @property
    def vaults(self) -> tuple[str, str]:
        return address(2_000_000 + self.number), address(3_000_000 + self.number)

    @property
    def ranges(self) -> str:
        return address(4_000_000 + self.number)

    @property
    def currencies(self) -> tuple[str, str]:
        return address(5_000_000), ZERO

    @property
    def last(self) -> int:
        """The block of the last event."""
        return (self.place - 1) // PLACES

    def time(self, block: int) -> int:
        return START + (block - self.first) * self.seconds

    # ------------------------------------------------------------------------------ what happens

    def play(self, transfers: int, payments: int) -> Story:
        """So much more of it, from the next block on."""
        self.place = (self.last + 1) * PLACES
        for _ in range(transfers):
            self.trade()
        for _ in range(payments):
            self.pay()
        return self

    def trade(self) -> None:
        """Shares are issued to somebody, pass on, or are burnt."""
        giver = self.dice.randint(1, self.holders)
        share = self.dice.choice((0, 1, 3, 7))
        amount = self.balances[giver] * share // 7
        if amount == 0:
            self.move(0, giver, self.dice.randrange(self.scale))
        elif self.dice.random() < 0.05:
            self.move(giver, 0, amount)
        else:
            self.move(giver, self.dice.randint(1, self.holders), amount)

    def move(self, giver: int, receiver: int, amount: int) -> None:
        """One transfer."""
        block, log_index = self._next()
        self.moved.append(Moved(block, log_index, giver, receiver, amount))
        for account, change in ((giver, -amount), (receiver, amount)):
            if account:
                before = self.balances[account]
                self.balances[account] = before + change
                self.total += change
                self.holding += (before + change > 0) - (before > 0)
        for account in {giver, receiver} - {0}:
            self.held[account, block] = self.balances[account]
        self.supplied[block] = (self.total, self.holding)

    def pay(self) -> None:
        """Somebody is paid; for every tenth payment income is declared, behind a new record."""
        if len(self.paid) % 10 == 0:
            self.declare()
        of = self.dice.choice(self.declared[-4:])
        gross = self.dice.randrange(self.scale)
        self.settle(of, self.dice.randint(1, self.holders), gross, gross * 3 // 20)

    def declare(self) -> Declared:
        """A distribution."""
        number = len(self.declared) + 1
        self.closed.append((len(self.closed) + 1, *self._next()))
        place = self._next()
        amount = self.dice.randrange(self.scale)
        self.declared.append(
            Declared(number % 2, number, number % 3 % 2, amount, number, *place, number % 5 == 0)
        )
        return self.declared[-1]

    def settle(self, of: Declared, holder: int, gross: int, tax: int) -> None:
        """One payment."""
        self.paid.append(Paid(of.vault, *self._next(), 0, of.number, holder, gross, tax))

    def _next(self) -> tuple[int, int]:
        self.place += 1
        return (self.place - 1) // PLACES, (self.place - 1) % PLACES


# ---------------------------------------------------------------------------- into the database


@dataclass
class Filled:
    """A database with stories in it, and how far each has been put there."""

    database: Database
    epoch: str = "first"
    stories: list[Story] = field(default_factory=list)
    put: dict[int, int] = field(default_factory=dict)
    """By story: the block to which it is in the database."""

    def __post_init__(self) -> None:
        """The chain, of which nothing was read."""
        with self.database.writing() as connection:
            connection.execute(
                insert(schema.chain),
                {
                    "id": 1, "chain_id": CHAIN_ID, "genesis": GENESIS, "epoch": self.epoch,
                    "seq": 0, "undone": 0, "head": 0, "head_time": START, "final": 0,
                    "verified_to": 0, "fence": 0, "beat": 0, "schema": schema_digest(),
                },
            )  # fmt: skip

    def add(self, story: Story) -> Filled:
        """A story as it is now, read, final and verified to its last block."""
        self.stories.append(story)
        number = story.number
        with self.database.writing() as connection:
            connection.execute(
                insert(schema.asset),
                {
                    "id": number, "chain": 1, "token": story.token, "name": f"Asset {number}",
                    "symbol": story.symbol, "decimals": 18,
                },
            )  # fmt: skip
            contracts = (story.token, *story.vaults, story.ranges)
            kinds = ("ShareToken", "DividendVault", "DividendVault", "RecordRanges")
            for place, (contract, kind) in enumerate(zip(contracts, kinds, strict=True)):
                source = number * 10 + place
                connection.execute(
                    insert(schema.source),
                    {
                        "id": source, "chain": 1, "address": contract, "kind": kind, "ours": 1,
                        "first_block": story.first, "done_to": story.first - 1, "added_at": 0,
                    },
                )  # fmt: skip
                connection.execute(insert(schema.source_asset), {"source": source, "asset": number})
        self.put[number] = story.first - 1
        return self.update()

    def update(self, *, verified: int | None = None) -> Filled:
        """What has happened since; read and final, and verified to its end or to a block."""
        for story in self.stories:
            self._put(story)
        last = max(story.last for story in self.stories)
        self.set(
            schema.chain,
            head=last, final=last, verified_to=last if verified is None else verified,
        )  # fmt: skip
        return self.set(schema.source, done_to=last)

    def set(self, table: Table, **values: Any) -> Filled:
        """Where the writer stands."""
        with self.database.writing() as connection:
            connection.execute(update(table).values(**values))
        return self

    def _put(self, story: Story) -> None:
        asset, after = story.number, self.put[story.number]
        accounts = {a for m in story.moved for a in (m.giver, m.receiver)}
        accounts |= {p.holder for p in story.paid}
        self._insert(
            schema.account,
            (
                {"id": account, "chain": 1, "address": address(account)}
                for account in sorted(accounts - self._known())
            ),
        )
        known = self._known(schema.block.c.number)
        self._insert(
            schema.block,
            (
                {"chain": 1, "number": block, "hash": f"0x{block:064x}", "time": story.time(block)}
                for block in range(after + 1, story.last + 1)
                if block not in known
            ),
        )
        for table, rows in _rows(story, asset):
            self._insert(table, (row for row in rows if row["block"] > after))
        self.put[asset] = story.last

    def _known(self, column: Any = schema.account.c.id) -> set[int]:
        with self.database.snapshot() as connection:
            return set(connection.scalars(select(column)))

    def _insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        waiting = iter(rows)
        while page := list(islice(waiting, ROOM)):
            with self.database.writing() as connection:
                connection.execute(insert(table), page)


def _rows(story: Story, asset: int) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
    yield schema.transfer, ({"asset": asset, **m._asdict()} for m in story.moved)
    held = sorted(story.held.items())
    yield (
        schema.holding,
        (
            {"asset": asset, "account": account, "block": block, "amount": amount}
            for (account, block), amount in held
        ),
    )
    yield (
        schema.supply,
        (
            {"asset": asset, "block": block, "total": total, "holders": holders}
            for block, (total, holders) in story.supplied.items()
        ),
    )
    yield (
        schema.record,
        (
            {
                "asset": asset, "number": number, "closes_at": story.time(block) + 60,
                "block": block, "log_index": log_index,
            }
            for number, block, log_index in story.closed
        ),
    )  # fmt: skip
    gone = story.closed[:1] if len(story.closed) > 1 else []
    yield (
        schema.record_cancellation,
        (
            {"asset": asset, "number": number, "block": block, "log_index": PLACES}
            for number, block, _ in gone
        ),
    )
    yield schema.distribution, (_distribution(story, asset, one) for one in story.declared)
    yield (
        schema.settlement,
        (
            {
                "source": asset * 10 + 1 + p.vault, "block": p.block, "log_index": p.log_index,
                "part": p.part, "number": p.number, "holder": p.holder, "payee": p.holder,
                "gross": p.gross, "tax": p.tax,
            }
            for p in story.paid
        ),
    )  # fmt: skip


def _distribution(story: Story, asset: int, one: Declared) -> dict[str, Any]:
    return {
        "source": asset * 10 + 1 + one.vault, "number": one.number,
        "token": story.ranges if one.ranges else story.token, "record": one.number,
        "currency": story.currencies[one.currency], "declarer": address(1),
        "received": one.received, "carried_in": one.carried_in,
        "payable_from": story.time(one.block), "deadline": 0,
        "block": one.block, "log_index": one.log_index,
    }  # fmt: skip


def balances_of(story: Story, at: int) -> dict[str, int]:
    """What each address has after a block, by adding up the transfers."""
    found: dict[int, int] = defaultdict(int)
    for one in story.moved:
        if one.block <= at:
            found[one.giver] -= one.amount
            found[one.receiver] += one.amount
    return {address(account): amount for account, amount in found.items() if account and amount}


def within(rows: Sequence[Any], at: int) -> list[Any]:
    """Those of blocks at or before one."""
    return [row for row in rows if row.block <= at]
