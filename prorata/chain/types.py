# SPDX-License-Identifier: MIT
"""The chain as prorata sees it: blocks, logs, transactions, and what can be read of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from prorata.errors import ProrataError

if TYPE_CHECKING:
    pass

__all__ = [
    "Block",
    "BlockHeader",
    "BlockTag",
    "Chain",
    "Fees",
    "Log",
    "Mined",
    "Sent",
    "Simulated",
    "SimulatedBlock",
]

BlockTag: TypeAlias = int | str
"""A block's number, or `latest`, `earliest`, `pending`, `safe` or `finalized`."""


@dataclass(frozen=True)
class Block:
    """A block's header: `timestamp` in Unix seconds, `hash` as `0x…`."""

    number: int
    timestamp: int
    hash: str


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A block's header with the hash of the block before it: both as `0x…`."""

    number: int
    hash: str
    parent: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event as the chain stores it; `address` is the contract, in EIP-55.

    `block_time` is the block's timestamp, or 0 from a node that does not say it with each log.
    """

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction_hash: str
    log_index: int
    block_time: int = 0


@dataclass(frozen=True)
class Sent:
    """A transaction as it was signed: `to` is None when it created a contract."""

    sender: str
    to: str | None
    data: bytes


@dataclass(frozen=True)
class Mined:
    """What a transaction did; `gas_price` is what each unit of gas cost, in wei."""

    transaction_hash: str
    block_number: int
    block_hash: str
    success: bool
    gas_used: int
    gas_price: int
    contract_address: str | None
    logs: tuple[Log, ...]


@dataclass(frozen=True)
class Fees:
    """EIP-1559 prices of a unit of gas, in wei: the most to pay, and the tip in it."""

    most: int
    tip: int

    @property
    def base(self) -> int:
        """The base fee of the latest block: twice that and the tip is the most."""
        return (self.most - self.tip) // 2

    def over(self, most: int, tip: int) -> Fees:
        """At least so much more than another transaction offers that a node takes this instead."""
        return Fees(max(self.most, _raised(most)), max(self.tip, _raised(tip)))


def _raised(price: int) -> int:
    # The usual rule for a replacement, of geth and others, is 10 %; some ask for 12.5 %.
    return max(-(-price * 9 // 8), price + 1)


@dataclass(frozen=True)
class SimulatedBlock:
    """Calls in the node's own terms, to be run in a block of that time, or the next one."""

    calls: Sequence[Mapping[str, object]]
    timestamp: int | None = None


@dataclass(frozen=True)
class Simulated:
    """What a simulated call would do and return; `error` says why it would fail."""

    gas_used: int
    logs: tuple[Log, ...]
    error: ProrataError | None
    answer: bytes = b""


class Chain(Protocol):
    """What can be read from a chain. Addresses are hexadecimal text, amounts wei."""

    @property
    def chain_id(self) -> int:
        """The EIP-155 id."""
        ...

    @property
    def own_block(self) -> int:
        """The newest block in which a transaction of this run was seen; 0 without one."""
        ...

    def call(
        self, to: str, data: bytes, *, sender: str | None = None, block: BlockTag = "latest"
    ) -> bytes:
        """What a call returns. Raises: RevertError when the contract refuses; ChainError."""
        ...

    def call_many(
        self, calls: Sequence[tuple[str, bytes]], *, block: BlockTag = "latest"
    ) -> list[bytes]:
        """What many calls return, each given as address and data, at one block."""
        ...

    def code(self, address: str, *, block: BlockTag = "latest") -> bytes:
        """The code at `address`; empty where there is no contract."""
        ...

    def balance(self, address: str, *, block: BlockTag = "latest") -> int:
        """The native coin that `address` holds, in wei."""
        ...

    def block(self, number: BlockTag = "latest") -> Block:
        """A block's header. Raises: ChainError when there is no such block."""
        ...

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Many headers at once. Raises: ChainError when one is missing."""
        ...

    def sent(self, hashes: Sequence[str]) -> list[Sent | None]:
        """What was signed for each transaction; None for one that the node does not know."""
        ...

    def logs(
        self,
        addresses: Sequence[str],
        first: int,
        last: int,
        topics: Sequence[bytes | Sequence[bytes] | None] | None = None,
    ) -> Iterator[Log]:
        """The logs of `addresses` in blocks `first` to `last`, both included, in chain order."""
        ...
