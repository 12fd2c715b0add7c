# SPDX-License-Identifier: MIT
"""Events of an asset's contracts from the stored log, decoded, up to a block.

Of a contract that serves several assets all events are given: whoever asks takes those that are
about its asset. So it may be asked for those with certain topics only.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, LargeBinary, func, select

from prorata.chain.calls import Event, decode_log
from prorata.chain.kept_logs import Topics
from prorata.chain.types import Log
from prorata.store import schema
from prorata.store.asof import AsOf
from prorata.store.pages import WORD, split_words

__all__ = ["contracts_of", "stored_events", "times_around", "topic_conditions"]


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
        select(
            source.c.address,
            log.c.block,
            log.c.log_index,
            log.c.transaction_hash,
            log.c.topics,
            log.c.data,
            schema.block.c.hash,
            schema.block.c.time,
        )
        .join(source, source.c.id == log.c.source)
        .join(serving, serving.c.source == source.c.id)
        .join(
            schema.block,
            (schema.block.c.chain == log.c.chain) & (schema.block.c.number == log.c.block),
        )
        .where(
            serving.c.asset == asset,
            source.c.kind == kind,
            log.c.name.in_(names),
            log.c.block <= block,
            *topic_conditions(topics),
        )
        .order_by(log.c.block, log.c.log_index)
    )
    found = []
    for row in connection.execute(wanted):
        event = decode_log(
            Log(
                address=row.address,
                topics=split_words(bytes(row.topics)),
                data=bytes(row.data),
                block_number=row.block,
                block_hash=row.hash,
                transaction_hash=row.transaction_hash,
                log_index=row.log_index,
                block_time=row.time,
            )
        )
        if event is not None:
            found.append((event, int(row.time)))
    return found


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
