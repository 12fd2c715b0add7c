"""Calldata, answers, reverts and logs as bytes, by hand: the general codec costs more than the EVM.

Everything goes one way. What the law says is spelt out and compared with what the chain said; the
chain's bytes are read by the general codec only when they differ, for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from eth_utils.crypto import keccak

from tests.chainkit import Codec

WORD = 32
UNDECLARED = {"Panic": "Panic(uint256)", "Overflow": "Overflow()"}
"""Errors that no interface has: the compiler's own, and of a library that writes its own bytes."""

REVERTED = re.compile(r"output: 0x([0-9a-f]*)")


class Blob(bytes):
    """Bytes of any length, where plain `bytes` are one word."""

    __slots__ = ()


def word(value: Any) -> bytes:
    """A number or a whole word as the ABI has it."""
    return value if isinstance(value, bytes) else int(value).to_bytes(WORD, "big")


def is_dynamic(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(is_dynamic(item) for item in value)
    return isinstance(value, list | Blob)


def encoded(values: Sequence[Any]) -> bytes:
    """A sequence of values: numbers, words, `list` for an array, `tuple` for a struct."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    static = [None if is_dynamic(value) else _body(value) for value in values]
    at = sum(WORD if body is None else len(body) for body in static)
    for value, body in zip(values, static, strict=True):
        if body is not None:
            heads.append(body)
            continue
        tail = _body(value)
        heads.append(word(at))
        tails.append(tail)
        at += len(tail)
    return b"".join(heads + tails)


def _body(value: Any) -> bytes:
    if isinstance(value, tuple):
        return encoded(value)
    if isinstance(value, list):
        return word(len(value)) + encoded(value)
    if isinstance(value, Blob):
        return word(len(value)) + bytes(value) + b"\0" * (-len(value) % WORD)
    return word(value)


class Wire:
    """Speaks in names: an address book, and the contract behind each name."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.at: dict[str, bytes] = {}
        self.kinds: dict[str, str] = {}

    def enter(self, name: str, address: str, kind: str = "") -> None:
        """Note who is where."""
        self.at[name] = bytes(12) + bytes.fromhex(address[2:])
        if kind:
            self.kinds[name] = kind

    def spelt(self, value: Any) -> Any:
        """Names turned into addresses, however deep."""
        if isinstance(value, str):
            return self.at[value]
        if isinstance(value, list):
            return [self.spelt(item) for item in value]
        if isinstance(value, tuple):
            return tuple(self.spelt(item) for item in value)
        return value

    def call(self, contract: str, function: str, args: Sequence[Any]) -> bytes:
        """Calldata."""
        head = selector(self.codec, self.kinds[contract], function, len(args))
        return head + encoded(self.spelt(tuple(args)))

    def refusal(self, reason: tuple[str, tuple[Any, ...]]) -> bytes:
        """Revert data of a custom error."""
        name, values = reason
        return error_selector(self.codec, name) + encoded(self.spelt(values))

    def log(
        self, event: Sequence[Any], interface: str = "IDividendVault"
    ) -> tuple[tuple[bytes, ...], bytes]:
        """Topics and data of an event that an interface declares."""
        name, *values = event
        topic, indexed = event_topic(self.codec, interface, name)
        spelt = self.spelt(tuple(values))
        topics = tuple(word(value) for value, on in zip(spelt, indexed, strict=True) if on)
        data = tuple(value for value, on in zip(spelt, indexed, strict=True) if not on)
        return (topic, *topics), encoded(data)

    def read_revert(self, data: bytes) -> str:
        """A revert for people, addresses as names."""
        return self.named(str(self.codec.error(data)))

    def named(self, text: str) -> str:
        """A text with names in place of addresses."""
        for name, address in self.at.items():
            if any(address):
                text = re.sub(f"0x{address[12:].hex()}", name, text, flags=re.IGNORECASE)
        return text


@lru_cache(maxsize=1_024)
def selector(codec: Codec, contract: str, function: str, count: int) -> bytes:
    return codec.signature(contract, function, count).selector


@lru_cache(maxsize=256)
def error_selector(codec: Codec, name: str) -> bytes:
    if name in UNDECLARED:
        return keccak(text=UNDECLARED[name])[:4]
    return next(head for head, entry in codec.errors.items() if entry["name"] == name)


@lru_cache(maxsize=128)
def event_topic(codec: Codec, interface: str, name: str) -> tuple[bytes, tuple[bool, ...]]:
    """Of the event of this name in an interface."""
    entries = codec.artifacts[interface].abi
    entry = next(e for e in entries if e["type"] == "event" and e["name"] == name)
    inputs: list[Mapping[str, Any]] = entry["inputs"]
    kinds = ",".join(_kind(part) for part in inputs)
    return keccak(text=f"{name}({kinds})"), tuple(bool(part["indexed"]) for part in inputs)


def _kind(part: Mapping[str, Any]) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    inside = ",".join(_kind(inner) for inner in part["components"])
    return f"({inside}){part['type'].removeprefix('tuple')}"


def raw_log(log: Any) -> tuple[tuple[bytes, ...], bytes]:
    """A log of the EVM in the same form."""
    topics = tuple(bytes.fromhex(topic.removeprefix("0x")) for topic in log.topics)
    return topics, bytes(log.data[1])


def revert_data(error: RuntimeError) -> bytes:
    """What a call reverted with."""
    found = REVERTED.search(str(error))
    assert found, error
    return bytes.fromhex(found[1])


def words(values: Iterable[Any]) -> bytes:
    """Values without a head."""
    return b"".join(word(value) for value in values)
