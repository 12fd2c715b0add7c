# SPDX-License-Identifier: MIT
"""Which block is final: what a node says of itself, and what two of several nodes agree on.

A node's own word is its `finalized` block. A node that has none, and a local chain on which it
stays the first block, are believed as far below the newest block as `depth` says. Of several nodes
one may lie, or be on a branch that nobody else follows: there the greatest block counts that two of
them have, with the same hash, at or below what each of them calls final.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prorata.chain.encoding import header_of
from prorata.chain.node import RpcChain
from prorata.chain.types import BlockHeader

__all__ = ["AGREEING", "DEPTH", "agreed_final", "final_number"]

DEPTH = 64
"""Two epochs of Ethereum: deeper reorganisations are not undone by anybody's software."""

AGREEING = 2


def final_number(latest: object, finalized: object, *, depth: int, local: bool) -> int | None:
    """The number of a node's final block, from its answers; None while it has none."""
    if isinstance(finalized, dict):
        number = header_of(finalized).number
        if number > 0 or not local:
            return number
    if not isinstance(latest, dict):
        return None
    number = header_of(latest).number - depth
    return number if number >= 0 else None


@dataclass(frozen=True)
class _Voice:
    """One node: how far it calls the chain final, and which block it has where."""

    final: int
    headers: dict[int, BlockHeader]


def agreed_final(
    chain: RpcChain, *, depth: int = DEPTH, known: tuple[int, str] | None = None
) -> BlockHeader | None:
    """The greatest block that two nodes call final, or the only node does.

    Who has another block at the number `known` than the one of that hash has no voice, where it
    calls that number final or not: nothing final may be built on what it does not have.

    Raises: ChainError when none answers, or one is of another chain.
    """
    asked = [("eth_getBlockByNumber", (tag, False)) for tag in ("latest", "finalized")]
    finals = {
        name: number
        for name, (latest, finalized) in chain.opinions(asked)
        if (number := final_number(latest, finalized, depth=depth, local=chain.is_local))
        is not None
    }
    if not finals:
        return None
    numbers = sorted({*finals.values(), *(() if known is None else (known[0],))}, reverse=True)
    voices = [
        _Voice(finals[name], _headers(numbers, answers))
        for name, answers in chain.opinions(
            [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
        )
        if name in finals
    ]
    if known is not None:
        voices = [voice for voice in voices if _stands_on(voice, *known)]
    return _greatest(voices, numbers, min(AGREEING, chain.node_count))


def _headers(numbers: Sequence[int], answers: Sequence[Any]) -> dict[int, BlockHeader]:
    return {
        number: header_of(answer)
        for number, answer in zip(numbers, answers, strict=True)
        if isinstance(answer, dict)
    }


def _stands_on(voice: _Voice, number: int, block_hash: str) -> bool:
    """Whether the node has that block, or has not come so far."""
    there = voice.headers.get(number)
    return there is None or there.hash == block_hash.lower()


def _greatest(voices: Sequence[_Voice], numbers: Sequence[int], needed: int) -> BlockHeader | None:
    for number in numbers:
        there = [voice.headers.get(number) for voice in voices if voice.final >= number]
        hashes = Counter(header.hash for header in there if header is not None)
        for block_hash, votes in hashes.most_common(1):
            if votes >= needed:
                return next(h for h in there if h is not None and h.hash == block_hash)
    return None
