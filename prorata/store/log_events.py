# SPDX-License-Identifier: MIT
"""Events of an asset's contracts from the stored log, decoded, up to a block.

Of a contract that serves several assets all events are given: whoever asks takes those that are
about its asset. So it may be asked for those with certain topics only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, func, select

from prorata.chain.calls import Event, decode_log
from prorata.chain.kept_logs import Topics
from prorata.chain.types import Log
from prorata.store import schema
from prorata.store.asof import AsOf, unread
from prorata.store.pages import WORD, split_words

__all__ = ["LOG", "contracts_of", "log_of", "logs_to", "stored_events", "times_around",
           "topic_conditions"]  # fmt: skip

LOGS_AT_ONCE = 10_000

LOG = (
    schema.log.c.block,
    schema.log.c.log_index,
    unread(schema.log.c.transaction_hash),
    unread(schema.log.c.topics),
    unread(schema.log.c.data),
    unread(schema.block.c.hash),
    schema.block.c.time,
)
"""What a log has, as it is stored."""


def contracts_of(connection: Connection, asset: int, kind: str) -> list[str]:
    """The contracts of a kind that are followed for an asset."""
    source, serving = schema.source, schema.source_asset
    wanted = (
        select(source.c.address)
        .join(serving, serving.c.source == source.c.id)
        .where(serving.c.asset == asset, source.c.kind == kind)
        .order_by(source.c.id)
    )
    return [str(one) for one in connection.execute(wanted).scalars()]


def stored_events(
    connection: Connection,
    asset: int,
    block: int,
    kind: str,
    names: tuple[str, ...],
    *,
    topics: Topics = None,
) -> list[tuple[Event, int]]:
    """Events of the asset's contracts of a kind, with their times, in the chain's order."""
    log, source, serving = schema.log, schema.source, schema.source_asset
    wanted = (
        logs()
        .join(serving, serving.c.source == source.c.id)
        .where(
            serving.c.asset == asset,
            source.c.kind == kind,
            log.c.name.in_(names),
            log.c.block <= block,
            *topic_conditions(topics),
        )
    )
    told = (log_of(address, row) for address, *row in connection.execute(wanted))
    decoded = ((decode_log(one), one) for one in told)
    return [(event, one.block_time) for event, one in decoded if event is not None]


def logs_to(
    connection: Connection, chain: int, addresses: Sequence[str], last: int
) -> Iterator[Log]:
    """What contracts have told up to a block, in the chain's order, as one snapshot has it."""
    log, source = schema.log, schema.source
    wanted = logs().where(
        log.c.chain == chain, source.c.address.in_(addresses), log.c.block <= last
    )
    for address, *row in connection.execute(wanted.execution_options(yield_per=LOGS_AT_ONCE)):
        yield log_of(address, row)


def logs() -> Select[Any]:
    """The stored log in the chain's order: an address, and what `log_of` makes a log of."""
    log, block, source = schema.log, schema.block, schema.source
    return (
        select(source.c.address, *LOG)
        .join(source, source.c.id == log.c.source)
        .join(block, (block.c.chain == log.c.chain) & (block.c.number == log.c.block))
        .order_by(log.c.block, log.c.log_index)
    )


def log_of(address: str, row: Any) -> Log:
    """A log of a contract, of the columns `LOG`."""
    number, index, transaction, topics, data, block_hash, time = row
    return Log(
        address=address,
        topics=split_words(bytes(topics)),
        data=bytes(data),
        block_number=number,
        block_hash=f"0x{bytes(block_hash).hex()}",
        transaction_hash=f"0x{bytes(transaction).hex()}",
        log_index=index,
        block_time=time,
    )


def topic_conditions(topics: Topics) -> Iterator[ColumnElement[bool]]:
    """As a node filters: a log has as many topics at least, and in each place one of those."""
    if topics:
        yield func.length(schema.log.c.topics) >= WORD * len(topics)
    for place, topic in enumerate(topics or ()):
        asked = [topic] if isinstance(topic, bytes) else topic
        if asked:
            found = func.substr(schema.log.c.topics, WORD * place + 1, WORD, type_=LargeBinary)
            yield found.in_([bytes(one) for one in asked])


def times_around(connection: Connection, then: AsOf) -> tuple[int, int | None]:
    """Between which seconds the block of a moment was made, both included.

    They are the same where the ledger keeps its header. Else it is between its neighbours that are
    kept; None where nothing is known of what came after it.
    """
    if then.time:
        return then.time, then.time
    kept = schema.block.c
    of_chain = select(kept.time).where(kept.chain == then.chain).limit(1)
    before = of_chain.where(kept.number <= then.block).order_by(kept.number.desc())
    after = of_chain.where(kept.number > then.block).order_by(kept.number)
    least = connection.execute(before).scalar_one_or_none()
    most = connection.execute(after).scalar_one_or_none()
    if most is None:
        head = select(schema.chain.c.head_time).where(schema.chain.c.id == then.chain)
        most = connection.execute(head).scalar_one_or_none() or None
    return int(least or 0), None if most is None else int(most)
