# SPDX-License-Identifier: MIT
"""The rows of a published table, out of the ledger and into Arrow, a page at a time.

An amount below 10^31 becomes a DECIMAL(38, 0). A larger one is text in a column of its own, so that
no engine ever adds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    and_,
    literal,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)

from prorata.errors import StoreError
from prorata.files.manifests import EXACT_DIGITS, LIMIT, TABLES, exact
from prorata.store import schema
from prorata.values.addresses import checksummed

__all__ = ["Extract", "Tally", "arrow_schema", "batch", "extracts"]

DECIMAL = pa.decimal128(38, 0)
_TYPES = {"text": pa.string(), "integer": pa.int64(), "amount": DECIMAL}
_RANGES = "RecordRanges"
"""The kind of contract that stands for a token where income is paid over a range of records."""


# --------------------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class Extract:
    """A published table as a question to the ledger; `key` counts its rows, in order."""

    table: str
    rows: Select[Any]
    key: Sequence[ColumnElement[Any]]
    block: ColumnElement[int]
    places: Sequence[int]
    """Where in a row the key's parts are."""

    def page(
        self, blocks: tuple[int, int], after: tuple[Any, ...] | None, most: int
    ) -> Select[Any]:
        """So many rows of a range of blocks, those that follow a key."""
        wanted = self.rows.where(self.block.between(*blocks)).order_by(*self.key).limit(most)
        if after is None:
            return wanted
        return wanted.where(tuple_(*self.key) > tuple_(*(literal(part) for part in after)))

    def key_of(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """The key of a row that was read."""
        return tuple(row[place] for place in self.places)


def extracts(chain: int, asset: int, sources: Sequence[int]) -> dict[str, Extract]:
    """Every table of an asset, which these contracts serve."""
    made = (
        _transfers(asset),
        _holdings(asset),
        _supply(asset),
        _records(asset),
        _distributions(asset, sources),
        _settlements(asset, sources),
    )
    return {one[0]: _extract(chain, one) for one in made}


_Made = tuple[
    str,
    FromClause,
    ColumnElement[bool],
    Mapping[str, ColumnElement[Any]],
    Sequence[str | ColumnElement[Any]],
]
"""Table, what its rows are read from, which of them, published columns, and what counts them."""


def _extract(chain: int, made: _Made) -> Extract:
    """In the order of the published columns, with the time of the block; then what only counts.

    What is looked up for a row is joined from outside: else a database may begin with it, and walk
    through all rows for each. So a row that nothing is found for is there, and is refused.
    """
    table, origin, where, columns, key = made
    blocks = schema.block
    time = and_(blocks.c.chain == chain, blocks.c.number == columns["block"])
    known = {**columns, "time": blocks.c.time}
    named = [column.name for column in TABLES[table] if column.name in known]
    parts = [known[part] if isinstance(part, str) else part for part in key]
    shown = [known[name].label(name) for name in named]
    keys = [part.label(f"key_{number}") for number, part in enumerate(parts)]
    rows = select(*shown, *keys).select_from(origin.outerjoin(blocks, time)).where(where)
    places = range(len(shown), len(shown) + len(keys))
    return Extract(table, rows, parts, columns["block"], places)


def _account(name: str) -> Any:
    return schema.account.alias(name)


def _address(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The 20 bytes: a checksum for every row would cost more than all else."""
    return type_coerce(column, LargeBinary)


def _transfers(asset: int) -> _Made:
    rows, giver, receiver = schema.transfer, _account("giver"), _account("receiver")
    origin = rows.outerjoin(giver, giver.c.id == rows.c.giver).outerjoin(
        receiver, receiver.c.id == rows.c.receiver
    )
    columns = {
        "block": rows.c.block,
        "log_index": rows.c.log_index,
        "giver": _address(giver.c.address),
        "receiver": _address(receiver.c.address),
        "amount": rows.c.amount,
    }
    return "transfers", origin, rows.c.asset == asset, columns, ("block", "log_index")


def _holdings(asset: int) -> _Made:
    rows, holder = schema.holding, _account("holder_account")
    columns = {
        "block": rows.c.block,
        "holder": _address(holder.c.address),
        "amount": rows.c.amount,
    }
    origin = rows.outerjoin(holder, holder.c.id == rows.c.account)
    return "holdings", origin, rows.c.asset == asset, columns, (rows.c.account, "block")


def _supply(asset: int) -> _Made:
    rows = schema.supply
    columns = {"block": rows.c.block, "holders": rows.c.holders, "total": rows.c.total}
    return "supply", rows, rows.c.asset == asset, columns, ("block",)


def _records(asset: int) -> _Made:
    """Scheduled and cancelled, each by its own block."""
    made, gone = schema.record, schema.record_cancellation
    scheduled = select(
        made.c.block,
        made.c.log_index,
        made.c.number,
        made.c.closes_at,
        literal(0).label("cancelled"),
    ).where(made.c.asset == asset)
    same = and_(made.c.asset == gone.c.asset, made.c.number == gone.c.number)
    cancelled = (
        select(gone.c.block, gone.c.log_index, gone.c.number, made.c.closes_at, literal(1))
        .select_from(gone.outerjoin(made, same))
        .where(gone.c.asset == asset)
    )
    rows = union_all(scheduled, cancelled).subquery("records")
    key = ("block", "log_index", "number")
    return "records", rows, true(), dict(rows.c.items()), key


def _paid_for(asset: int, sources: Sequence[int]) -> ColumnElement[bool]:
    """Distributions of the asset: for its token, or for its ranges of records."""
    source, distribution = schema.source, schema.distribution
    token = select(_address(schema.asset.c.token)).where(schema.asset.c.id == asset)
    ranges = select(_address(source.c.address)).where(
        source.c.id.in_(sources), source.c.kind == _RANGES
    )
    return and_(
        distribution.c.source.in_(sources),
        _address(distribution.c.token).in_(union_all(token, ranges)),
    )


def _distributions(asset: int, sources: Sequence[int]) -> _Made:
    rows, vault = schema.distribution, schema.source.alias("vault")
    columns = {
        "block": rows.c.block,
        "log_index": rows.c.log_index,
        "distribution": rows.c.number,
        "record": rows.c.record,
        "payable_from": rows.c.payable_from,
        "deadline": rows.c.deadline,
        "vault": _address(vault.c.address),
        "token": _address(rows.c.token),
        "currency": _address(rows.c.currency),
        "declarer": _address(rows.c.declarer),
        "received": rows.c.received,
        "carried_in": rows.c.carried_in,
    }
    origin = rows.outerjoin(vault, vault.c.id == rows.c.source)
    key = ("block", "log_index", rows.c.source, "distribution")
    return "distributions", origin, _paid_for(asset, sources), columns, key


def _settlements(asset: int, sources: Sequence[int]) -> _Made:
    rows, paid, vault = schema.settlement, schema.distribution, schema.source.alias("vault")
    holder, payee = _account("holder_account"), _account("payee_account")
    origin = (
        rows.outerjoin(vault, vault.c.id == rows.c.source)
        .outerjoin(holder, holder.c.id == rows.c.holder)
        .outerjoin(payee, payee.c.id == rows.c.payee)
    )
    of = and_(paid.c.source == rows.c.source, paid.c.number == rows.c.number)
    columns = {
        "block": rows.c.block,
        "log_index": rows.c.log_index,
        "part": rows.c.part,
        "distribution": rows.c.number,
        # Looked up for each row as well, for the same reason.
        "record": select(paid.c.record).where(of).correlate(rows).scalar_subquery(),
        "vault": _address(vault.c.address),
        "currency": _address(select(paid.c.currency).where(of).correlate(rows).scalar_subquery()),
        "holder": _address(holder.c.address),
        "payee": _address(payee.c.address),
        "gross": rows.c.gross,
        "tax": rows.c.tax,
    }
    ours = and_(
        rows.c.source.in_(sources),
        select(paid.c.number).where(of, _paid_for(asset, sources)).correlate(rows).exists(),
    )
    key = (rows.c.source, "block", "log_index", "part")
    return "settlements", origin, ours, columns, key


# ------------------------------------------------------------------------------------------- Arrow


@dataclass
class Tally:
    """What a reader of a file must know before it adds amounts."""

    amounts: Sequence[str]
    rows: int = 0
    largest: dict[str, int] = field(default_factory=dict)
    exact: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing was seen yet."""
        self.largest = dict.fromkeys(self.amounts, 0)
        self.exact = dict.fromkeys(self.amounts, 0)


def arrow_schema(table: str) -> pa.Schema:
    """The columns of a file; only amounts and their text can be NULL, one of the two always is."""
    fields = []
    for column in TABLES[table]:
        is_amount = column.type == "amount"
        fields.append(pa.field(column.name, _TYPES[column.type], nullable=is_amount))
        if is_amount:
            fields.append(pa.field(exact(column.name), pa.string()))
    return pa.schema(fields)


def batch(table: str, token: str, rows: Sequence[Sequence[Any]], tally: Tally) -> pa.RecordBatch:
    """Rows of an extract as a batch; the tally counts them.

    Raises: StoreError when the ledger lacks a block or an account that a row names.
    """
    named = [column.name for column in TABLES[table] if column.name not in _MADE]
    read: dict[str, Sequence[Any]] = dict(zip(named, zip(*rows, strict=True), strict=False))
    for name, values in read.items():
        if None in values:
            raise StoreError(
                f"the ledger knows no {name} of a row of {table}", "run `prorata ledger rebuild`"
            )
    spans = [_span(second) for second in read["time"]]
    read |= {"asset": (token,) * len(rows)}
    read |= {"year": [year for year, _ in spans], "month": [month for _, month in spans]}
    arrays: list[pa.Array] = []
    for column in TABLES[table]:
        values = read[column.name]
        if column.type == "amount":
            arrays += _amounts(column.name, values, tally)
        else:
            arrays.append(_CONVERSIONS[column.type](values))
    tally.rows += len(rows)
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))


_MADE = ("asset", "year", "month")
"""The columns that no row of the ledger has."""


@lru_cache(maxsize=65_536)
def _span(second: int) -> tuple[int, str]:
    """Year and month of a second, in UTC."""
    at = datetime.fromtimestamp(second, timezone.utc)
    return at.year, f"{at.year:04}-{at.month:02}"


def _texts(values: Sequence[str | bytes]) -> pa.Array:
    texts = [value if isinstance(value, str) else _spelled(bytes(value)) for value in values]
    return pa.array(texts, pa.string())


@lru_cache(maxsize=1_000_000)
def _spelled(address: bytes) -> str:
    """An address as people read it: each is spelled once, for a checksum costs a hash."""
    return str(checksummed(f"0x{address.hex()}"))


_CONVERSIONS: Mapping[str, Callable[[Sequence[Any]], pa.Array]] = {
    "text": _texts,
    "integer": lambda values: pa.array(values, pa.int64()),
}


def _amounts(name: str, values: Sequence[int], tally: Tally) -> list[pa.Array]:
    """The decimals, and the text of those that are too large for one."""
    fitting = [value < LIMIT for value in values]
    small = values if all(fitting) else [value if value < LIMIT else 0 for value in values]
    packed = pa.py_buffer(b"".join(value.to_bytes(16, "little") for value in small))
    tally.largest[name] = max(tally.largest[name], *small)
    if small is values:
        valid, texts = None, pa.nulls(len(values), pa.string())
    else:
        tally.exact[name] += fitting.count(False)
        # A column of true and false has just the bits that say which values there are.
        valid = pa.array(fitting).buffers()[1]
        texts = pa.array(
            [None if value < LIMIT else f"{value:0{EXACT_DIGITS}}" for value in values], pa.string()
        )
    return [pa.Array.from_buffers(DECIMAL, len(values), [valid, packed]), texts]
