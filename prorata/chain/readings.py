# SPDX-License-Identifier: MIT
"""Readings of one chain: begun again when it is reorganised meanwhile, or its node falls behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from prorata.chain.types import Block, BlockTag, Chain
from prorata.errors import RUN_AGAIN, BooksError, ChainError

__all__ = ["read_steadily"]

T = TypeVar("T")

READINGS = 3
BEHIND_AFTER_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0)


class _State(Enum):
    """What has become of a block."""

    THERE = "there"
    REPLACED = "replaced"
    BEHIND = "behind"


def read_steadily(chain: Chain, read: Callable[[Block], T], last: BlockTag = "latest") -> T:
    """What `read` makes of the chain up to a block, from the beginning if that block is replaced.

    Events of one chain and answers of another never agree, and a reorganisation in between would
    pass for an error in the books. A node that no longer has the block, since another one answers
    now that is behind it, is waited for: that is no reorganisation.

    Raises: ChainError when it is replaced again and again, or the node stays behind; what `read`
    raises.
    """
    for _ in range(READINGS):
        block = _last_block(chain, last)
        try:
            found = read(block)
        except (BooksError, ChainError):
            if (state := _state_of(chain, block)) is _State.THERE:
                raise
            continue
        if (state := _state_of(chain, block)) is _State.THERE:
            return found
    if state is _State.BEHIND:
        raise ChainError(
            f"the node is behind: block {block.number} was read, and it does not have it any more",
            f"wait until it has caught up and {RUN_AGAIN}, or use another node",
        )
    raise ChainError(
        f"the chain was reorganised {READINGS} times while it was read: block {block.number} was "
        f"{block.hash}, and is another one now",
        f"wait until it has settled and {RUN_AGAIN}",
    )


def _last_block(chain: Chain, last: BlockTag) -> Block:
    """The block; the newest one not before it has what this run itself has sent.

    Raises: ChainError when the node stays behind that.
    """
    for pause in (*BEHIND_AFTER_SECONDS, None):
        block = chain.block(last)
        if last != "latest" or block.number >= chain.own_block:
            return block
        if pause is not None:
            time.sleep(pause)
    raise ChainError(
        f"the node is behind: its newest block is {block.number}, and a transaction of this run "
        f"was seen in block {chain.own_block}",
        f"wait until it has caught up and {RUN_AGAIN}, or use another node",
    )


def _state_of(chain: Chain, block: Block) -> _State:
    """Whether the block is there; a node whose head is below it is given a few seconds."""
    for pause in (*BEHIND_AFTER_SECONDS, None):
        try:
            same = chain.block(block.number).hash == block.hash
            return _State.THERE if same else _State.REPLACED
        except ChainError:
            if not _is_below(chain, block):
                return _State.REPLACED
        if pause is not None:
            time.sleep(pause)
    return _State.BEHIND


def _is_below(chain: Chain, block: Block) -> bool:
    """Whether the node's newest block is older than this one."""
    try:
        return chain.block().number < block.number
    except ChainError:
        return False
