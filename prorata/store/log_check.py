# SPDX-License-Identifier: MIT
"""The stored log against the chain's: each event that is missing, doubled or altered, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from prorata.chain.abi import event_name
from prorata.chain.kept_logs import Stretch
from prorata.chain.node import RpcChain
from prorata.chain.types import Log
from prorata.errors import StoreError
from prorata.store.stored_log import StoredLog

__all__ = ["LogCheck", "LogDifference", "check_log"]

BLOCKS = 10_000


@dataclass(frozen=True)
class LogDifference:
    """An event of which the ledger and the chain say different things.

    `kind` is `missing` in the ledger, `doubled` there, `altered`, or `not on the chain`.
    """

    kind: str
    event: str
    contract: str
    block: int
    log_index: int
    more: str = ""

    def __str__(self) -> str:
        where = f"log {self.log_index} of block {self.block:,}"
        more = f", {self.more}" if self.more else ""
        return f"{self.kind}: {self.event} of {self.contract}, {where}{more}"


@dataclass
class LogCheck:
    """What was compared, and what differs. `unread` are blocks that the chain has replaced."""

    differences: list[LogDifference] = field(default_factory=list)
    events: int = 0
    unread: list[tuple[int, int]] = field(default_factory=list)


def check_log(
    stored: StoredLog,
    chain: RpcChain,
    addresses: Sequence[str],
    blocks: tuple[int, int],
    show: Callable[[int, int], None] = lambda _, __: None,
) -> LogCheck:
    """Ask a node again for all logs of some contracts, from one block to another, and compare.

    Blocks that the ledger has not read, or that the chain has replaced since, are not compared.

    Raises: ChainError; StoreError when the ledger is changed meanwhile.
    """
    found, (first, last) = LogCheck(), blocks
    for stretch in stored.stretches(chain, addresses, first, last):
        if not stretch.addresses:
            found.unread.append((stretch.first, stretch.last))
            continue
        for part in _parts(stretch):
            kept = [log for one in part.addresses for log in _kept(stored, part, one)]
            asked = list(chain.node_logs(part.addresses, part.first, part.last))
            found.events += len(asked)
            found.differences += _compared(kept, asked)
            show(part.last - first + 1, last - first + 1)
    return found


def _parts(stretch: Stretch) -> Iterator[Stretch]:
    for first in range(stretch.first, stretch.last + 1, BLOCKS):
        yield replace(stretch, first=first, last=min(first + BLOCKS - 1, stretch.last))


def _kept(stored: StoredLog, part: Stretch, address: str) -> Iterator[Log]:
    after = (part.first, -1)
    while page := stored.page(part, address, after, None):
        yield from page
        after = (page[-1].block_number, page[-1].log_index)
    if page is None:
        raise StoreError(
            "the ledger has taken blocks back while it was compared", "run the same command again"
        )


def _compared(kept: Sequence[Log], asked: Sequence[Log]) -> list[LogDifference]:
    """What differs in a range of blocks, in the chain's order."""
    ours = {(log.block_number, log.log_index): log for log in kept}
    theirs = {(log.block_number, log.log_index): log for log in asked}
    said = {_content(log): log for log in asked}
    found = []
    for place in sorted(ours.keys() | theirs.keys()):
        mine, law = ours.get(place), theirs.get(place)
        if mine is None and law is not None:
            found.append(_difference("missing", law))
        elif mine is not None and law is None:
            twin = said.get(_content(mine))
            if twin is None:
                found.append(_difference("not on the chain", mine))
            else:
                where = f"log {twin.log_index} of block {twin.block_number:,} again"
                found.append(_difference("doubled", mine, f"which is {where}"))
        elif mine is not None and law is not None and (what := _altered(mine, law)):
            found.append(_difference("altered", law, f"another {what}"))
    return found


def _content(log: Log) -> tuple[object, ...]:
    return log.address, log.topics, log.data, log.transaction_hash


def _altered(mine: Log, law: Log) -> str:
    """What is not the same, in words."""
    parts = {
        "contract": mine.address != law.address,
        "topics": mine.topics != law.topics,
        "data": mine.data != law.data,
        "transaction": mine.transaction_hash != law.transaction_hash,
        "block hash": mine.block_hash != law.block_hash,
        "time": law.block_time not in (0, mine.block_time),
    }
    return ", ".join(name for name, differs in parts.items() if differs)


def _difference(kind: str, log: Log, more: str = "") -> LogDifference:
    name = event_name(log.topics) or "an unknown event"
    return LogDifference(kind, name, log.address, log.block_number, log.log_index, more)
