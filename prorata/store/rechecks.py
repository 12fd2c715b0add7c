# SPDX-License-Identifier: MIT
"""What was read above finality is asked for again once it is final, and compared with the ledger.

Below finality the reader asks twice before anything is written. So all that is at or below
`verified_to` was asked for twice, and was the same. What differs is said, and nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from prorata.chain.encoding import hex_of
from prorata.store.pages import Source, split_words
from prorata.store.reading import Reader, canonical, check_same_logs
from prorata.store.schema import block, log, source
from prorata.store.writer import Writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["recheck", "stored_logs"]

CHUNK = 2_000
LEDGER = "the ledger"


def recheck(reader: Reader, writer: Writer, sources: Sequence[Source]) -> bool:
    """Ask again for blocks that have become final, a range at a time; whether there was one.

    Sources that are not even at `verified_to` are left out: what they still read below finality is
    asked for twice then.

    Raises: StoreError with the first log that differs; ChainError.
    """
    stand = writer.stand
    verified = stand.verified_to
    ahead = [one for one in sources if one.done_to > verified]
    target = min([stand.final, verified + CHUNK, *(one.done_to for one in ahead)])
    if not ahead or target <= verified:
        return False
    asked = [one for one in ahead if one.first_block <= target]
    if not asked:
        # Nothing was there to be read.
        target = min([stand.final, *(one.done_to for one in ahead)])
    else:
        _compare(reader, writer, asked, verified + 1, target)
    writer.verified(target)
    return True


def _compare(
    reader: Reader, writer: Writer, sources: Sequence[Source], first: int, until: int
) -> None:
    addresses = [one.address for one in sources]
    for part in reader.ranges_again(addresses, first, until):
        with writer.database.snapshot() as connection:
            kept = list(stored_logs(connection, [s.id for s in sources], part.first, part.until))
        check_same_logs(kept, map(canonical, part.logs), LEDGER, part.node)


def stored_logs(
    connection: Connection, ids: Sequence[int], first: int, until: int
) -> Iterator[tuple[int, int, str, str, str, tuple[str, ...], str]]:
    """What the ledger has of some sources' logs, as `canonical` gives a node's."""
    rows = connection.execute(
        select(
            log.c.block,
            log.c.log_index,
            block.c.hash,
            source.c.address,
            log.c.transaction_hash,
            log.c.topics,
            log.c.data,
        )
        .join(source, source.c.id == log.c.source)
        .join(block, (block.c.chain == log.c.chain) & (block.c.number == log.c.block))
        .where(log.c.source.in_(ids), log.c.block.between(first, until))
        .order_by(log.c.block, log.c.log_index)
    )
    for number, index, block_hash, address, transaction, topics, data in rows:
        yield (
            number,
            index,
            block_hash.lower(),
            address.lower(),
            transaction.lower(),
            tuple(map(hex_of, split_words(bytes(topics)))),
            hex_of(bytes(data)),
        )
