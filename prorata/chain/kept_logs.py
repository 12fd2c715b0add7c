# SPDX-License-Identifier: MIT
"""Logs that were read before, from where they are kept; a node is asked for the others only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Protocol, TypeAlias

from prorata.chain.types import Log

__all__ = ["Archive", "Hashes", "Stretch", "Topics", "read_kept"]

Topics: TypeAlias = "Sequence[bytes | Sequence[bytes] | None] | None"

Place: TypeAlias = "tuple[int, int]"
"""Block and log index."""


@dataclass(frozen=True)
class Stretch:
    """Blocks `first` to `last`, in which all logs of these addresses are kept.

    `state` is what the archive knows its own state by.
    """

    first: int
    last: int
    addresses: tuple[str, ...]
    state: object


class Hashes(Protocol):
    """Whose blocks those are that logs are asked of."""

    def hashes(self, numbers: Sequence[int]) -> dict[int, str | None]:
        """The hash of each block by number; None for one that is not there."""
        ...


class Archive(Protocol):
    """Where logs are kept that were read before."""

    def stretches(
        self, chain: Hashes, addresses: Sequence[str], first: int, last: int
    ) -> list[Stretch]:
        """Blocks `first` to `last` in order, whole, each with those whose logs are kept.

        What the chain no longer says is not kept.
        """
        ...

    def page(
        self, stretch: Stretch, address: str, after: Place, topics: Topics
    ) -> list[Log] | None:
        """Some logs of an address after a place, in order; none at the end of the stretch.

        None when what is kept is no longer what the stretch was given by.
        """
        ...


class _Node(Hashes, Protocol):
    """Whoever is asked for what is not kept."""

    def node_logs(
        self, addresses: Sequence[str], first: int, last: int, topics: Topics = None
    ) -> Iterator[Log]: ...


def read_kept(
    chain: _Node,
    archive: Archive,
    addresses: Sequence[str],
    blocks: tuple[int, int],
    topics: Topics,
) -> Iterator[Log]:
    """The logs of the first block to the last, both included, in chain order, wherever they are.

    Raises: ChainError as the node does; what the archive raises.
    """
    for stretch in archive.stretches(chain, addresses, *blocks):
        others = [address for address in addresses if address not in stretch.addresses]
        parts = [_kept(chain, archive, stretch, one, topics) for one in stretch.addresses]
        if others:
            parts.append(chain.node_logs(others, stretch.first, stretch.last, topics))
        yield from parts[0] if len(parts) == 1 else merge(*parts, key=_place_of)


def _kept(
    chain: _Node, archive: Archive, stretch: Stretch, address: str, topics: Topics
) -> Iterator[Log]:
    """The logs of an address in a stretch; from the node what is gone before it was read."""
    after = (stretch.first, -1)
    while page := archive.page(stretch, address, after, topics):
        yield from page
        after = _place_of(page[-1])
    if page is None:
        rest = chain.node_logs([address], after[0], stretch.last, topics)
        yield from (log for log in rest if _place_of(log) > after)


def _place_of(log: Log) -> Place:
    return log.block_number, log.log_index
