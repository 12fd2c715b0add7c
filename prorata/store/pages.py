# SPDX-License-Identifier: MIT
"""A page of a chain's log on its way from a node into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["WORD", "Header", "Page", "Source", "split_words", "thinned"]

WORD = 32
"""Bytes of a topic."""


@dataclass(frozen=True, slots=True)
class Header:
    """A block's header; of a block that was read in a range the parent is not known."""

    number: int
    hash: bytes
    time: int
    parent: bytes | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A contract that is followed, as the database numbers it; `assets` are those it serves."""

    id: int
    address: str
    kind: str
    ours: bool
    first_block: int
    done_to: int
    added_at: int
    assets: tuple[int, ...] = ()
    stopped: str | None = None


@dataclass(frozen=True)
class Page:
    """All logs of some sources, which all stood at `after`, in blocks `after + 1` to `until`.

    `logs` are JSON as the node gave it, in the chain's order, and were held against the headers;
    `thinned` ones will do.
    `headers` has the block of `until`, of every log, and, above finality, every block between.
    """

    sources: tuple[Source, ...]
    after: int
    until: int
    logs: Sequence[Mapping[str, Any]]
    headers: Mapping[int, Header] = field(default_factory=dict)


def thinned(logs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Logs with only what the ledger keeps of them, in half the memory.

    What is told again and again is held once: a contract's address, a block, an event, a holder.
    """
    shared: dict[str, str] = {}
    once = shared.setdefault
    return [
        {
            "address": once(log["address"], log["address"]),
            "topics": [once(topic, topic) for topic in log["topics"]],
            "data": log["data"],
            "blockNumber": once(log["blockNumber"], log["blockNumber"]),
            "transactionHash": log["transactionHash"],
            "logIndex": once(log["logIndex"], log["logIndex"]),
        }
        for log in logs
    ]


def split_words(topics: bytes) -> tuple[bytes, ...]:
    """A log's topics, which the ledger keeps one after the other."""
    return tuple(topics[at : at + WORD] for at in range(0, len(topics), WORD))
