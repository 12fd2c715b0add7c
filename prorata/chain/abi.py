# SPDX-License-Identifier: MIT
"""From Python values to call data and back, by the ABIs that the compiler made.

Nothing about a function, event or error is written down twice: names and types come from the
artifacts in the package. Addresses come back in EIP-55, integers as `int`, structs as dicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial, reduce
from operator import xor
from typing import Any, TypeAlias

from eth_abi.codec import ABICodec
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import registry
from eth_utils.abi import (
    abi_to_signature,
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from prorata.chain.artifacts import artifact, artifacts
from prorata.errors import ChainError, InputError, RevertError
from prorata.values.addresses import checksummed

__all__ = [
    "Function",
    "decode_error",
    "encode_constructor",
    "event_for",
    "event_name",
    "function",
    "functions_of",
    "interface_id",
    "only_reads",
    "plain",
    "topics_of",
]

_BUILT_IN = (
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)
_THROWN_WHEN = "Thrown when "

WORD = 32

AbiItem: TypeAlias = Any
"""An entry of an ABI, or a part of one: JSON as the compiler writes it."""

WordReader: TypeAlias = Callable[[bytes], Any]


# ------------------------------------------------------------------------------------- functions

# Our own: whoever decodes loosely with the library's shared one, as ape does, makes it loose for
# all, and words that are missing would be noughts.
_CODEC = ABICodec(registry.copy())  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Function:
    """One function of a contract; `selector` is the first four bytes of its call data."""

    name: str
    inputs: tuple[AbiItem, ...]
    outputs: tuple[AbiItem, ...]
    selector: bytes

    def encode(self, *arguments: object) -> bytes:
        """The call data for `arguments`.

        Raises: InputError when an argument does not fit its type.
        """
        return self.selector + _encode(self.name, self.inputs, arguments)

    def arguments(self, data: bytes) -> tuple[Any, ...] | None:
        """The arguments in call data; None if it is not a call of this function."""
        if data[:4] != self.selector:
            return None
        try:
            return tuple(_decode(self.inputs, data[4:]))
        except DecodingError:
            return None

    def decode(self, data: bytes) -> Any:
        """What the function returned: a single value, or a tuple of several.

        Raises: ChainError when `data` is not what the function returns.
        """
        try:
            values = _decode(self.outputs, data)
        except (DecodingError, UnicodeDecodeError):
            raise ChainError(
                f"the answer to {self.name} makes no sense: 0x{data[:32].hex()}",
                "check that the address is the contract you mean",
            ) from None
        return values[0] if len(values) == 1 else tuple(values)


@cache
def function(contract: str, name: str) -> Function:
    """The function `name` of `contract`; neither of the product's contracts overloads one.

    Raises: InputError when there is no such contract or function.
    """
    for entry in artifact(contract).abi:
        if entry["type"] == "function" and entry["name"] == name:
            inputs, outputs = tuple(entry["inputs"]), tuple(entry["outputs"])
            return Function(name, inputs, outputs, function_abi_to_4byte_selector(entry))
    raise InputError.of("function", name, f"is not a function of {contract}", "check its interface")


@cache
@cache
def functions_of(contract: str) -> tuple[Function, ...]:
    """Every function of `contract`.

    Raises: InputError when there is no such contract.
    """
    entries = (entry for entry in artifact(contract).abi if entry["type"] == "function")
    return tuple(
        Function(
            entry["name"],
            tuple(entry["inputs"]),
            tuple(entry["outputs"]),
            function_abi_to_4byte_selector(entry),
        )
        for entry in entries
    )


def interface_id(contract: str) -> bytes:
    """What ERC-165 calls the interface `contract`: the selectors of its functions, by XOR."""
    selectors = (
        int.from_bytes(function_abi_to_4byte_selector(entry), "big")
        for entry in artifact(contract).abi
        if entry["type"] == "function"
    )
    return reduce(xor, selectors, 0).to_bytes(4, "big")


def only_reads(data: bytes) -> bool:
    """Whether call data asks a function of ours that changes nothing, whoever answers it."""
    return data[:4] in _reading()


def plain(value: Any) -> Any:
    """A decoded value as JSON has it. Integers of any size are text: some readers round them."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value if value is None or isinstance(value, str | bool) else str(value)


def encode_constructor(contract: str, arguments: Sequence[object]) -> bytes:
    """What follows the creation code of `contract` in its deployment.

    Raises: InputError when an argument does not fit its type.
    """
    constructors = (e for e in artifact(contract).abi if e["type"] == "constructor")
    inputs = next((e["inputs"] for e in constructors), ())
    return _encode(f"the constructor of {contract}", inputs, arguments)


# ------------------------------------------------------------------------------ events and errors


def topics_of(contract: str, *names: str) -> list[bytes]:
    """The first topics of those of the named events that the contract writes, to ask for them."""
    written = (e for e in artifact(contract).abi if e["type"] == "event" and e["name"] in names)
    return [event_abi_to_log_topic(entry) for entry in written]


def event_name(topics: Sequence[bytes]) -> str | None:
    """The name of the event with these topics, or None when it is not a known one."""
    entry = _events().get((topics[0], len(topics))) if topics else None
    return None if entry is None else str(entry["name"])


def event_for(topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]] | None:
    """The name and arguments of the event with these topics, or None when it is not a known one.

    Of an indexed argument without a fixed size the topic holds only a hash, which is given as it
    stands.
    """
    if not topics or (entry := _events().get((topics[0], len(topics)))) is None:
        return None
    unindexed = [item for item in entry["inputs"] if not item["indexed"]]
    try:
        values = iter(_decode(unindexed, data))
        rest = iter(topics[1:])
        arguments = {
            item["name"]: _topic(item, next(rest)) if item["indexed"] else next(values)
            for item in entry["inputs"]
        }
    except (DecodingError, UnicodeDecodeError):
        return None
    return entry["name"], arguments


def decode_error(data: bytes) -> RevertError:
    """The refusal that a contract's revert data stands for, explained by its documentation."""
    if not data:
        return RevertError("NoReason", {}, "the contract gave none; check the address and the gas")
    known = _errors().get(data[:4])
    if known is None:
        return RevertError("UnknownError", {"data": f"0x{data.hex()}"})
    entry, notice = known
    try:
        values = _decode(entry["inputs"], data[4:])
    except (DecodingError, UnicodeDecodeError):
        return RevertError("UnknownError", {"data": f"0x{data.hex()}"})
    names = [item["name"] or f"argument{i}" for i, item in enumerate(entry["inputs"], start=1)]
    return RevertError(entry["name"], dict(zip(names, values, strict=True)), notice)


@cache
def _reading() -> frozenset[bytes]:
    entries = _entries("function")
    changing = {function_abi_to_4byte_selector(e) for e in entries if not _is_view(e)}
    return frozenset(map(function_abi_to_4byte_selector, entries)) - changing


def _is_view(entry: AbiItem) -> bool:
    return entry["stateMutability"] in ("view", "pure")


@cache
def _events() -> dict[tuple[bytes, int], AbiItem]:
    """By first topic and number of topics: ERC-20 and ERC-721 share the name of `Transfer`."""
    found: dict[tuple[bytes, int], AbiItem] = {}
    for entry in _entries("event"):
        topics = 1 + sum(item["indexed"] for item in entry["inputs"])
        found.setdefault((event_abi_to_log_topic(entry), topics), entry)
    return found


@cache
def _errors() -> dict[bytes, tuple[AbiItem, str | None]]:
    notices = {
        signature: notice[0]["notice"]
        for artifact in artifacts().values()
        for signature, notice in artifact.userdoc.get("errors", {}).items()
        if notice and "notice" in notice[0]
    }
    found: dict[bytes, tuple[AbiItem, str | None]] = {}
    for entry in (*_BUILT_IN, *_entries("error")):
        signature = abi_to_signature(entry)
        found[keccak(text=signature)[:4]] = (entry, _meaning(notices.get(signature)))
    return found


def _meaning(notice: str | None) -> str | None:
    """`Thrown when X.` as what a person reads after the error's name."""
    if notice is None or not notice.startswith(_THROWN_WHEN):
        return None
    return f"that is, {notice.removeprefix(_THROWN_WHEN).split('. ')[0].rstrip('.')}"


def _entries(kind: str) -> list[AbiItem]:
    return [e for artifact in artifacts().values() for e in artifact.abi if e["type"] == kind]


# ----------------------------------------------------------------------------------- single values


def _types(items: Sequence[AbiItem]) -> list[str]:
    """The canonical types, with structs spelled out."""
    return [collapse_if_tuple(item) for item in items]


def _encode(what: str, inputs: Sequence[AbiItem], arguments: Sequence[object]) -> bytes:
    try:
        return _CODEC.encode(_types(inputs), arguments)
    except (EncodingError, ValueError, TypeError) as error:
        raise InputError.of(what, arguments, f"cannot be encoded ({error})", "check it") from None


def _decode(items: Sequence[AbiItem], data: bytes) -> list[Any]:
    readers = [_reader(item["type"]) for item in items]
    # Nearly all there is to decode are words, and a register has millions of them.
    if all(readers) and len(data) >= WORD * len(readers):
        return [
            read(data[start : start + WORD])
            for read, start in zip(readers, range(0, len(data), WORD), strict=False)
            if read is not None
        ]
    values = _CODEC.decode(_types(items), data)
    return [_python(item, value) for item, value in zip(items, values, strict=True)]


@cache
def _reader(kind: str) -> WordReader | None:
    """What reads a value of this type from the one word that it fills; None for other types."""
    if kind == "address":
        return _address
    if kind == "bool":
        return _bool
    if (unsigned := re.fullmatch(r"uint([0-9]+)", kind)) is not None:
        return partial(_unsigned, int(unsigned[1]))
    if (fixed := re.fullmatch(r"bytes([0-9]+)", kind)) is not None:
        return partial(_bytes, int(fixed[1]))
    return None


@lru_cache(maxsize=2**18)
def _address(word: bytes) -> str:
    """In EIP-55, whose checksum costs more than all the rest."""
    if any(word[:12]):
        raise DecodingError(f"{word.hex()} is no address")
    return to_checksum_address(word[12:])


def _bool(word: bytes) -> bool:
    return bool(_unsigned(1, word))


def _unsigned(bits: int, word: bytes) -> int:
    value = int.from_bytes(word, "big")
    if value >> bits:
        raise DecodingError(f"{value} does not fit {bits} bits")
    return value


def _bytes(size: int, word: bytes) -> bytes:
    if any(word[size:]):
        raise DecodingError(f"{word.hex()} is longer than {size} bytes")
    return word[:size]


def _python(item: AbiItem, value: Any) -> Any:
    written: str = item["type"]
    if written.endswith("]"):
        inner = {**item, "type": written[: written.rindex("[")]}
        return tuple(_python(inner, element) for element in value)
    if written == "tuple":
        parts = zip(item["components"], value, strict=True)
        return {part["name"]: _python(part, element) for part, element in parts}
    return checksummed(value) if written == "address" else value


def _topic(item: AbiItem, topic: bytes) -> Any:
    if (read := _reader(item["type"])) is not None:
        return read(topic)
    fixed = not item["type"].endswith("]") and item["type"] not in ("bytes", "string", "tuple")
    return _decode([item], topic)[0] if fixed else topic
