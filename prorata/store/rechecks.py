# SPDX-License-Identifier: MIT
"""What was read above finality is asked for again once it is final, and compared with the ledger.

Below finality the reader asks twice before anything is written. So all that is at or below
`verified_to` was asked for twice, and was the same. What differs is said, and nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from prorata.chain.encoding import hex_of
from prorata.chain.log_pages import LogRange
from prorata.chain.rpc import BusyError
from prorata.errors import ChainError
from prorata.store.pages import Source
from prorata.store.reading import Reader, canonical, check_same_logs
from prorata.store.schema import block, log, source
from prorata.store.writer import Writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["recheck", "stored_logs"]

WORD = 32
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
    elif asked:
        _compare(reader, writer, asked, verified + 1, target)
    writer.verified(target)
    return True


def _compare(
    reader: Reader, writer: Writer, sources: Sequence[Source], first: int, until: int
) -> None:
    addresses = [one.address for one in sources]
    for part in _again(reader, addresses, first, until):
        with writer.database.snapshot() as connection:
            kept = list(stored_logs(connection, [s.id for s in sources], part.first, part.until))
        check_same_logs(kept, map(canonical, part.logs), LEDGER, part.node)


def _again(reader: Reader, addresses: Sequence[str], first: int, until: int) -> list[LogRange]:
    """The ranges from another node than the one that was asked last, where one answers."""
    for other in reader.chain.others():
        try:
            return list(other.log_ranges(addresses, first, until))
        except BusyError:
            reader.chain.rest(other)
        except ChainError:
            reader.chain.rest(other)
    return list(reader.chain.log_ranges(addresses, first, until))


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
            _words(bytes(topics)),
            hex_of(bytes(data)),
        )


def _words(topics: bytes) -> tuple[str, ...]:
    parts: Any = (topics[start : start + WORD] for start in range(0, len(topics), WORD))
    return tuple(hex_of(part) for part in parts)
