# SPDX-License-Identifier: MIT
"""JSON-RPC's terms and ours: quantities, bytes, blocks, logs, receipts, and a node's errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from prorata.chain.abi import decode_error
from prorata.chain.rpc import BusyError
from prorata.chain.transports.replies import asks_too_often, reason_given
from prorata.chain.types import BlockHeader, BlockTag, Log, Mined, Sent, Simulated
from prorata.errors import RUN_AGAIN, ChainError
from prorata.values.addresses import checksummed

__all__ = [
    "bytes_of",
    "header_of",
    "hex_of",
    "int_of",
    "log_of",
    "mined_of",
    "refusal_of",
    "sent_of",
    "simulated_of",
    "tag_of",
    "topic_of",
]

HASH_BYTES = 32


def refusal_of(method: str, failed: object) -> ChainError:
    """A node's error as an exception; revert data hides in three places."""
    message = reason_given(failed)
    data = failed.get("data") if isinstance(failed, dict) else None
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str) and "0x" in data:
        found = data[data.index("0x") :].split()[0]
        if len(found) % 2 == 0 and (len(found) > 2 or "revert" in message.lower()):
            return decode_error(bytes.fromhex(found[2:]))
    if "revert" in message.lower() and method in ("eth_call", "eth_estimateGas"):
        return decode_error(b"")
    if asks_too_often({"error": failed}):
        return BusyError(f"the node refused {method}: {message}", f"wait a minute and {RUN_AGAIN}")
    return ChainError(f"the node refused {method}: {message}", f"{RUN_AGAIN}, or use another node")


def sent_of(transaction: Mapping[str, Any]) -> Sent:
    """A transaction as it was signed."""
    to = transaction.get("to")
    return Sent(
        sender=checksummed(transaction["from"]),
        to=None if to is None else checksummed(to),
        data=bytes_of(transaction["input"]),
    )


def simulated_of(call: Mapping[str, Any]) -> Simulated:
    """What a simulated call would do."""
    failed = call.get("error")
    if failed is not None and call.get("returnData", "0x") != "0x":
        failed = {**failed, "data": call["returnData"]}
    return Simulated(
        gas_used=int_of(call["gasUsed"]),
        logs=tuple(log_of(entry) for entry in call["logs"]),
        error=None if failed is None else refusal_of("eth_simulateV1", failed),
        answer=bytes_of(call.get("returnData", "0x")),
    )


def mined_of(receipt: Mapping[str, Any]) -> Mined:
    """What a receipt says."""
    created = receipt.get("contractAddress")
    return Mined(
        transaction_hash=receipt["transactionHash"],
        block_number=int_of(receipt["blockNumber"]),
        block_hash=receipt["blockHash"],
        success=int_of(receipt["status"]) == 1,
        gas_used=int_of(receipt["gasUsed"]),
        gas_price=int_of(receipt["effectiveGasPrice"]),
        contract_address=None if created is None else checksummed(created),
        logs=tuple(log_of(entry) for entry in receipt["logs"]),
    )


def log_of(entry: Mapping[str, Any]) -> Log:
    """One log."""
    return Log(
        address=checksummed(entry["address"]),
        topics=tuple(bytes_of(topic) for topic in entry["topics"]),
        data=bytes_of(entry["data"]),
        block_number=int_of(entry["blockNumber"]),
        block_hash=entry["blockHash"],
        transaction_hash=entry["transactionHash"],
        log_index=int_of(entry["logIndex"]),
        block_time=int_of(entry.get("blockTimestamp") or "0x0"),
    )


def header_of(header: Mapping[str, Any]) -> BlockHeader:
    """A block's header with its parent.

    Raises: ChainError when it is none.
    """
    block_hash, parent = header.get("hash"), header.get("parentHash")
    for found in (block_hash, parent):
        if len(bytes_of(found)) != HASH_BYTES:
            raise _misfit(found, "the hash of a block belongs")
    return BlockHeader(
        number=int_of(header.get("number")),
        hash=str(block_hash).lower(),
        parent=str(parent).lower(),
        timestamp=int_of(header.get("timestamp")),
    )


def topic_of(topic: bytes | Sequence[bytes] | None) -> object:
    """A topic to ask for: one, any of several, or whatever it is."""
    if topic is None:
        return None
    return hex_of(topic) if isinstance(topic, bytes) else [hex_of(one) for one in topic]


def tag_of(block: BlockTag) -> str:
    """A block as a node is asked for it."""
    return hex(block) if isinstance(block, int) else block


def hex_of(data: bytes) -> str:
    """Bytes as `0x…`."""
    return f"0x{data.hex()}"


def int_of(text: object) -> int:
    """A quantity.

    Raises: ChainError when it is none.
    """
    if isinstance(text, str):
        with suppress(ValueError):
            return int(text, 16)
    raise _misfit(text, "a number belongs")


def bytes_of(text: object) -> bytes:
    """The bytes that `0x…` stands for.

    Raises: ChainError when it is something else.
    """
    if isinstance(text, str):
        with suppress(ValueError):
            return bytes.fromhex(text.removeprefix("0x"))
    raise _misfit(text, "bytes belong")


def _misfit(answer: object, wanted: str) -> ChainError:
    said = "nothing" if answer is None else repr(answer)[:40]
    return ChainError(
        f"the node answered {said} where {wanted}",
        f"wait a minute and {RUN_AGAIN}, or use another node",
    )
