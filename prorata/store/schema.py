# SPDX-License-Identifier: MIT
"""The tables of the ledger: what the chain has said, and what follows from it, each by its block.

Nothing is ever updated but the places where a writer stands (`chain`, `source`). Every other row
carries the block that it is of, so that a reorganisation is `DELETE ... WHERE block > n`, and no
amount is ever counted backwards. What follows from the log can be made from `log` anew.

Amounts are in smallest units, times in Unix seconds. `asset` and `source` are this database's own
numbers; what two databases must agree on is joined by address (`prorata.store.digest`).
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from prorata.store.columns import AddressColumn, AmountColumn, BigNumber, HashColumn

__all__ = [
    "FACTS",
    "METADATA",
    "account",
    "asset",
    "block",
    "chain",
    "change",
    "distribution",
    "freeze",
    "holder",
    "holding",
    "log",
    "record",
    "record_cancellation",
    "settlement",
    "source",
    "source_asset",
    "succession",
    "supply",
    "transfer",
]

METADATA = MetaData()


def _table(name: str, *parts: SchemaItem, rowid: bool = True) -> Table:
    """A table; STRICT in SQLite, which else takes anything in any column."""
    return Table(name, METADATA, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def _flag(name: str) -> Column[int]:
    """0 or 1: a STRICT table of SQLite has no type for true and false."""
    return Column(name, Integer, nullable=False)


# What pages fill has no foreign keys: to look each up costs PostgreSQL half the time of a page, and
# nobody but the writer adds a row.
def _chain() -> Column[int]:
    return Column("chain", Integer, nullable=False)


def _asset() -> Column[int]:
    return Column("asset", Integer, nullable=False)


def _number(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigNumber, nullable=nullable)


def _address(name: str) -> Column[str]:
    return Column(name, AddressColumn, nullable=False)


def _amount(name: str) -> Column[int]:
    return Column(name, AmountColumn, nullable=False)


# --------------------------------------------------------------------------------- where one stands

chain = _table(
    "chain",
    Column("id", Integer, primary_key=True),
    _number("chain_id"),
    Column("genesis", HashColumn, nullable=False),
    # Another history of changes: renewed when the ledger is rebuilt or restored.
    Column("epoch", Text, nullable=False),
    # Changes so far, and how many of them took something back.
    _number("seq"),
    _number("undone"),
    # The newest block that a node has shown; its hash and time stand in `block` if it was read.
    _number("head"),
    _number("head_time"),
    # Nothing at or below it is ever undone. It only rises.
    _number("final"),
    Column("final_hash", HashColumn),
    # To here every log was asked for a second time, and was the same.
    _number("verified_to"),
    # Who writes: a number that each new writer raises, its host and process, its last sign of life.
    _number("fence"),
    Column("writer", Text),
    _number("beat"),
    # The digest of these tables and of the events that this version knows.
    Column("schema", Text, nullable=False),
    UniqueConstraint("chain_id", "genesis"),
)

asset = _table(
    "asset",
    Column("id", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    _address("token"),
    Column("name", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    UniqueConstraint("chain", "token"),
)

# A contract that is followed. One that serves several assets, as a vault or the market's contracts
# do, is one row, and `source_asset` says whom it serves.
source = _table(
    "source",
    Column("id", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    _address("address"),
    # The contract's name, as in `ShareToken`.
    Column("kind", Text, nullable=False),
    # Whether an event that this version does not know stops its assets.
    _flag("ours"),
    _number("first_block"),
    # Its log is complete to here; `first_block - 1` before anything was read.
    _number("done_to"),
    # Where the chain was when it was added: what lies before is history, and alarms nobody.
    _number("added_at"),
    # Why it is not read on; NULL while all is well.
    Column("stopped", Text),
    UniqueConstraint("chain", "address"),
)

source_asset = _table(
    "source_asset",
    Column("source", Integer, ForeignKey("source.id"), nullable=False),
    Column("asset", Integer, ForeignKey("asset.id"), nullable=False),
    PrimaryKeyConstraint("source", "asset"),
    rowid=False,
)

# ----------------------------------------------------------------------------------- as it was said

# Every block with an event, and every block above `final`. Of a block that was read in a range
# below `final` the parent is not known.
block = _table(
    "block",
    _chain(),
    _number("number"),
    Column("hash", HashColumn, nullable=False),
    Column("parent", HashColumn),
    _number("time"),
    PrimaryKeyConstraint("chain", "number"),
    rowid=False,
)

log = _table(
    "log",
    _chain(),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    Column("source", Integer, nullable=False),
    Column("transaction_hash", HashColumn, nullable=False),
    # The event's name in our interfaces; empty for one that no contract of ours writes.
    Column("name", Text, nullable=False),
    # One after the other, 32 bytes each.
    Column("topics", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("chain", "block", "log_index"),
)
Index("log_of_source", log.c.source, log.c.block)

# ----------------------------------------------------------------------------- what follows from it

# Small numbers in place of 20 bytes. No list of holders, and no fact: numbers are never undone.
account = _table(
    "account",
    Column("id", Integer, primary_key=True, autoincrement=False),
    _chain(),
    _address("address"),
    UniqueConstraint("chain", "address"),
)

transfer = _table(
    "transfer",
    _asset(),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    # Of the zero address where shares are issued or burnt.
    Column("giver", Integer, nullable=False),
    Column("receiver", Integer, nullable=False),
    _amount("amount"),
    PrimaryKeyConstraint("asset", "block", "log_index"),
    rowid=False,
)

# Who ever had a share of the asset, since the first block with one.
holder = _table(
    "holder",
    _asset(),
    Column("account", Integer, nullable=False),
    _number("block"),
    PrimaryKeyConstraint("asset", "account"),
    rowid=False,
)

# What an account had after the last event of a block that changed it.
holding = _table(
    "holding",
    _asset(),
    Column("account", Integer, nullable=False),
    _number("block"),
    _amount("amount"),
    PrimaryKeyConstraint("asset", "account", "block"),
    rowid=False,
)

# All shares, and how many accounts had one, after the last event of a block that changed either.
supply = _table(
    "supply",
    _asset(),
    _number("block"),
    _amount("total"),
    _number("holders"),
    PrimaryKeyConstraint("asset", "block"),
    rowid=False,
)

record = _table(
    "record",
    _asset(),
    _number("number"),
    _number("closes_at"),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    PrimaryKeyConstraint("asset", "number"),
)

record_cancellation = _table(
    "record_cancellation",
    _asset(),
    _number("number"),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    PrimaryKeyConstraint("asset", "number"),
)

# The successor of a lost wallet.
succession = _table(
    "succession",
    _asset(),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("successor", Integer, nullable=False),
    PrimaryKeyConstraint("asset", "block", "log_index"),
)

freeze = _table(
    "freeze",
    _asset(),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    Column("account", Integer, nullable=False),
    _flag("frozen"),
    PrimaryKeyConstraint("asset", "block", "log_index"),
)

# A vault's distribution. `token` is the share token, or the contract of record ranges.
distribution = _table(
    "distribution",
    Column("source", Integer, nullable=False),
    _number("number"),
    _address("token"),
    _number("record"),
    _address("currency"),
    _address("declarer"),
    _amount("received"),
    _amount("carried_in"),
    _number("payable_from"),
    _number("deadline"),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    PrimaryKeyConstraint("source", "number"),
)

# What one holder was paid of one distribution; `part` counts within one event.
settlement = _table(
    "settlement",
    Column("source", Integer, nullable=False),
    _number("block"),
    Column("log_index", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    _number("number"),
    Column("holder", Integer, nullable=False),
    Column("payee", Integer, nullable=False),
    _amount("gross"),
    _amount("tax"),
    PrimaryKeyConstraint("source", "block", "log_index", "part"),
    rowid=False,
)
Index("settlement_of_holder", settlement.c.source, settlement.c.holder, settlement.c.block)

# -------------------------------------------------------------------------------- what has happened

# Numbered by the page's own transaction, without a gap. `kind` is `block`, for a block whose events
# were read, or `undo`, for all blocks from this one on, which are gone. A `historic` block was
# there before its contract was followed.
change = _table(
    "change",
    _chain(),
    _number("seq"),
    Column("kind", Text, nullable=False),
    _number("block"),
    Column("hash", HashColumn),
    _flag("historic"),
    PrimaryKeyConstraint("chain", "seq"),
    rowid=False,
)

FACTS: tuple[Table, ...] = (
    log,
    transfer,
    holder,
    holding,
    supply,
    record,
    record_cancellation,
    succession,
    freeze,
    distribution,
    settlement,
)
"""What a reorganisation deletes above the ancestor, by `block`; `block` itself by `number`."""
