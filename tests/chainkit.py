"""The thinnest way to drive a local chain from a test: encode, send, decode; nothing in between.

It is deliberately not the product's own chain layer, so that a fault there cannot hide one here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http.client import HTTPConnection
from typing import Any

import pyrevm
from eth_abi.abi import decode, encode
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)
from eth_utils.address import to_checksum_address

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil

ZERO = "0x" + "00" * 20
GAS_CAP = 16_777_216  # EIP-7825
Events = tuple[tuple[str, dict[str, Any]], ...]

checksummed = lru_cache(maxsize=4_096)(to_checksum_address)
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


class Reverted(Exception):  # noqa: N818 - it is what happened
    """A call that reverted: the custom error's name and its arguments, or the raw data."""

    def __init__(self, name: str, args: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{args}")
        self.name = name
        self.values = args


@dataclass(frozen=True)
class Receipt:
    """What is left of a transaction: the gas it used, its decoded events, and what it returned."""

    gas: int
    decode: Callable[[], Events]
    address: str | None

    @cached_property
    def events(self) -> Events:
        """Name and arguments of every event, in order; decoded when first asked for."""
        return self.decode()

    def named(self, name: str) -> list[dict[str, Any]]:
        """The arguments of every event of one name, in order."""
        return [args for event, args in self.events if event == name]

    @property
    def settlements(self) -> list[dict[str, Any]]:
        """What a vault's `Claimed` and `ClaimedMany` say, in order, in the words of `Claimed`."""
        reported = []
        for event, args in self.events:
            if event == "Claimed":
                reported.append(args)
            if event == "ClaimedMany":
                of = {"holder": args["holder"], "payee": args["payee"]}
                reported += [
                    {"id": number, **of, "gross": gross, "tax": tax}
                    for number, gross, tax in args["settlements"]
                ]
        return reported


def types_of(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ABI types of parameters, tuples spelt out."""
    return [collapse_if_tuple(dict(parameter)) for parameter in parameters]


UINTS = {f"uint{bits}": 1 << bits for bits in range(8, 257, 8)}
WORD = 32


def word(kind: str, value: Any) -> bytes | None:
    """A value that is one word in the ABI, or None where eth-abi has to look."""
    if kind in UINTS and type(value) is int and 0 <= value < UINTS[kind]:
        return value.to_bytes(WORD, "big")
    if kind == "address" and type(value) is str and _ADDRESS.fullmatch(value):
        return bytes.fromhex(value[2:]).rjust(WORD, b"\0")
    if kind == "bool" and type(value) is bool:
        return value.to_bytes(WORD, "big")
    if kind == "bytes32" and type(value) is bytes and len(value) == WORD:
        return value
    return None


def encoded(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    """The ABI's encoding of arguments, at once because it is asked for millions of times; of what
    is rare, or not of its kind, by eth-abi, which refuses it."""
    quick = _row(tuple(kinds), values)
    return encode(kinds, values) if quick is None else quick


def _row(kinds: Sequence[str], values: Any) -> bytes | None:
    """Heads, then tails: arguments, the members of a struct, the items of a list."""
    if not isinstance(values, list | tuple) or len(kinds) != len(values):
        return None
    parts = [_part(kind, value) for kind, value in zip(kinds, values, strict=True)]
    sized = [
        WORD if _grows(kind) else len(part or b"") for kind, part in zip(kinds, parts, strict=True)
    ]
    heads, tails, place = [], [], sum(sized)
    for kind, part in zip(kinds, parts, strict=True):
        if part is None:
            return None
        if _grows(kind):
            heads.append(place.to_bytes(WORD, "big"))
            tails.append(part)
            place += len(part)
        else:
            heads.append(part)
    return b"".join(heads + tails)


def _part(kind: str, value: Any) -> bytes | None:
    if kind.endswith("[]"):
        items = _row((kind[:-2],) * len(value), value) if isinstance(value, list | tuple) else None
        return None if items is None else len(value).to_bytes(WORD, "big") + items
    if kind.startswith("("):
        return _row(_members(kind), value)
    if (kind, type(value)) in {("string", str), ("bytes", bytes)}:
        raw = value.encode() if kind == "string" else value
        return len(raw).to_bytes(WORD, "big") + raw + b"\0" * (-len(raw) % WORD)
    return word(kind, value)


@lru_cache(maxsize=1_024)
def _grows(kind: str) -> bool:
    """Whether values of this kind have no fixed size."""
    if kind.startswith("(") and kind.endswith(")"):
        return any(map(_grows, _members(kind)))
    return kind.endswith("[]") or kind in {"string", "bytes"}


@lru_cache(maxsize=1_024)
def _members(kind: str) -> tuple[str, ...]:
    """The kinds within a struct's, as in `(uint8,(bool,string)[],address)`."""
    found, depth = [""], 0
    for letter in kind[1:-1]:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return tuple(found) if kind != "()" else ()


def unworded(kind: str, data: bytes) -> Any:
    """The value that a word stands for, or None where eth-abi has to look."""
    value = int.from_bytes(data, "big")
    if kind in UINTS:
        return value if value < UINTS[kind] else None
    if kind == "address":
        return _address_of(data) if value < 1 << 160 else None
    if kind == "bool":
        return bool(value) if value < 2 else None
    return data if kind == "bytes32" else None


@lru_cache(maxsize=4_096)
def _address_of(data: bytes) -> str:
    return to_checksum_address(data[-20:])


def decoded(kinds: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """The values in the ABI's encoding, addresses with their checksum; as `encoded` does it."""
    if len(data) >= WORD * len(kinds):
        values = [
            unworded(kind, data[WORD * place : WORD * (place + 1)])
            for place, kind in enumerate(kinds)
        ]
        if None not in values:
            return tuple(values)
    read = decode(kinds, data)
    return tuple(plain(value, kind) for value, kind in zip(read, kinds, strict=True))


def plain(value: Any, kind: str) -> Any:
    """Addresses with their checksum, whatever holds them."""
    if kind == "address":
        return checksummed(value)
    if kind.endswith("[]"):
        return tuple(plain(item, kind[:-2]) for item in value)
    return value


@dataclass(frozen=True)
class Signature:
    """What a call needs of a function's ABI, worked out once."""

    selector: bytes
    takes: list[str]
    gives: list[str]


class Codec:
    """Encodes calls of, and decodes what comes back from, a set of contracts."""

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        self.artifacts = artifacts
        self.errors: dict[bytes, Mapping[str, Any]] = {}
        self.topics: dict[str, Mapping[str, Any]] = {}
        self._errors: dict[bytes, tuple[str, tuple[Any, ...]]] = {}
        self._signatures: dict[tuple[str, str, int], Signature] = {}
        for artifact in artifacts.values():
            for entry in artifact.abi:
                if entry["type"] == "error":
                    self.errors[function_abi_to_4byte_selector(entry)] = entry
                if entry["type"] == "event":
                    topic = "0x" + event_abi_to_log_topic(entry).hex()
                    indexed = sum(item["indexed"] for item in entry["inputs"])
                    self.topics[f"{topic}{indexed}"] = entry

    def function(self, contract: str, name: str, count: int) -> Mapping[str, Any]:
        """The ABI of the function of this name and number of arguments."""
        for entry in self.artifacts[contract].abi:
            if (entry["type"], entry.get("name"), len(entry.get("inputs", ()))) == (
                "function",
                name,
                count,
            ):
                return entry
        raise LookupError(f"{contract}.{name} with {count} arguments")

    def signature(self, contract: str, name: str, count: int) -> Signature:
        """The same, as far as calls need it."""
        found = self._signatures.get((contract, name, count))
        if found is None:
            entry = self.function(contract, name, count)
            selector = function_abi_to_4byte_selector(dict(entry))
            found = Signature(selector, types_of(entry["inputs"]), types_of(entry["outputs"]))
            self._signatures[contract, name, count] = found
        return found

    def call(self, contract: str, name: str, *args: Any) -> bytes:
        """Calldata of a function."""
        signature = self.signature(contract, name, len(args))
        return signature.selector + encoded(signature.takes, args)

    def creation(self, contract: str, *args: Any) -> bytes:
        """Creation code with constructor arguments."""
        artifact = self.artifacts[contract]
        inputs = next((e["inputs"] for e in artifact.abi if e["type"] == "constructor"), [])
        return artifact.bytecode + encoded(types_of(inputs), args)

    def result(self, contract: str, name: str, count: int, data: bytes) -> Any:
        """What a function returned: nothing, a value, or a tuple."""
        kinds = self.signature(contract, name, count).gives
        values = decoded(kinds, data)
        return values[0] if len(values) == 1 else values or None

    def error(self, data: bytes) -> Reverted:
        """The custom error behind revert data."""
        entry = self.errors.get(data[:4])
        if entry is None:
            return Reverted("unknown" if data else "empty", (data.hex(),))
        if data not in self._errors:
            kinds = types_of(entry["inputs"])
            self._errors[data] = (entry["name"], decoded(kinds, data[4:]))
        return Reverted(*self._errors[data])

    def event(self, topics: Sequence[str], data: bytes) -> tuple[str, dict[str, Any]] | None:
        """The event behind a log, if it is one of these contracts'."""
        entry = self.topics.get(f"{topics[0]}{len(topics) - 1}") if topics else None
        if entry is None:
            return None
        args: dict[str, Any] = {}
        rest = [item for item in entry["inputs"] if not item["indexed"]]
        indexed = [item for item in entry["inputs"] if item["indexed"]]
        for item, topic in zip(indexed, topics[1:], strict=True):
            kind = collapse_if_tuple(dict(item))
            # Of what has no fixed size only the hash is kept.
            kind = "bytes32" if kind in {"string", "bytes"} or kind.endswith("]") else kind
            [args[item["name"]]] = decoded([kind], bytes.fromhex(topic[2:]))
        for item, value in zip(rest, decoded(types_of(rest), data), strict=True):
            args[item["name"]] = value
        return entry["name"], args


class Kit:
    """What both kinds of chain have in common."""

    codec: Codec
    accounts: list[str]

    def deploy(self, contract: str, *args: Any, sender: str | None = None) -> Deployed:
        """Create a contract."""
        receipt = self.transact(
            sender or self.accounts[0], None, self.codec.creation(contract, *args)
        )
        assert receipt.address
        return Deployed(self, contract, receipt.address, receipt)

    def at(self, contract: str, address: str) -> Deployed:
        """A contract that is already there."""
        return Deployed(self, contract, address, Receipt(0, tuple, address))

    def transact(self, sender: str, to: str | None, data: bytes, value: int = 0) -> Receipt:
        """Send a transaction; raises ``Reverted``."""
        raise NotImplementedError

    def read(self, sender: str, to: str, data: bytes) -> bytes:
        """Call without a transaction; raises ``Reverted``."""
        raise NotImplementedError

    def balance(self, address: str) -> int:
        """Native coin of an account, in wei."""
        raise NotImplementedError

    def _decoder(self, logs: Iterable[tuple[Sequence[str], bytes]]) -> Callable[[], Events]:
        kept = tuple(logs)

        def decode_all() -> Events:
            events = (self.codec.event(topics, data) for topics, data in kept)
            return tuple(event for event in events if event)

        return decode_all


class AnvilKit(Kit):
    """Deploys, sends and calls on an Anvil with unlocked accounts."""

    def __init__(self, anvil: Anvil, artifacts: Mapping[str, Artifact]) -> None:
        self.codec = Codec(artifacts)
        self._connection = HTTPConnection(anvil.url.removeprefix("http://"), timeout=60)
        self.accounts = [to_checksum_address(a) for a in self.rpc("eth_accounts")]
        self._impersonated: set[str] = set()

    def __enter__(self) -> AnvilKit:
        return self

    def __exit__(self, *_: object) -> None:
        # A node counts them among its own accounts, also when its state is put back.
        for address in self._impersonated:
            self.rpc("anvil_stopImpersonatingAccount", address)
        self._connection.close()

    def ask(self, method: str, *params: Any) -> dict[str, Any]:
        """Call the node's RPC and return its whole answer."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer

    def rpc(self, method: str, *params: Any) -> Any:
        """Call the node's RPC and return the result."""
        answer = self.ask(method, *params)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    @property
    def now(self) -> int:
        """The time of the latest block."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def next_block_at(self, timestamp: int) -> None:
        """Mine the next block, with the next transaction, at this time."""
        self.rpc("evm_setNextBlockTimestamp", timestamp)

    def mine_at(self, timestamp: int) -> None:
        """Mine an empty block at this time."""
        self.next_block_at(timestamp)
        self.rpc("evm_mine")

    def impersonate(self, *addresses: str) -> None:
        """Let these addresses send, and give them ether for it."""
        for address in addresses:
            self.rpc("anvil_setBalance", address, hex(10**21))
            self.rpc("anvil_impersonateAccount", address)
            self._impersonated.add(address)

    def transact(self, sender: str, to: str | None, data: bytes, value: int = 0) -> Receipt:
        transaction = {
            "from": sender,
            "data": "0x" + data.hex(),
            "value": hex(value),
            "gas": hex(GAS_CAP),
        }
        if to is not None:
            transaction["to"] = to
        sent = self.rpc("eth_sendTransaction", transaction)
        receipt = None
        while receipt is None:
            receipt = self.rpc("eth_getTransactionReceipt", sent)
        if int(receipt["status"], 16) == 0:
            block = hex(int(receipt["blockNumber"], 16) - 1)
            raise self._why(transaction, block)
        logs = ((log["topics"], bytes.fromhex(log["data"][2:])) for log in receipt["logs"])
        address = receipt.get("contractAddress")
        return Receipt(
            int(receipt["gasUsed"], 16),
            self._decoder(logs),
            to_checksum_address(address) if address else None,
        )

    def _why(self, transaction: Mapping[str, Any], block: str) -> Reverted:
        try:
            self._raw_call(transaction, block)
        except Reverted as reverted:
            return reverted
        return Reverted("failed", ())

    def balance(self, address: str) -> int:
        return int(self.rpc("eth_getBalance", address, "latest"), 16)

    def read(self, sender: str, to: str, data: bytes) -> bytes:
        return self._raw_call({"from": sender, "to": to, "data": "0x" + data.hex()})

    def _raw_call(self, transaction: Mapping[str, Any], block: str = "latest") -> bytes:
        answer = self.ask("eth_call", transaction, block)
        if "error" in answer:
            data = answer["error"].get("data") or "0x"
            raise self.codec.error(bytes.fromhex(data[2:]))
        return bytes.fromhex(answer["result"][2:])


class RevmKit(Kit):
    """The same on an EVM in this process, thousands of times faster; a new one costs a fraction of
    a millisecond, so that every example starts from the same state.
    """

    START = 2_000_000_000

    def __init__(self, artifacts: Mapping[str, Artifact] | Codec) -> None:
        self.codec = artifacts if isinstance(artifacts, Codec) else Codec(artifacts)
        self.evm = pyrevm.EVM()
        self.accounts = [
            checksummed((0xACC0000000000000000000000000000000000000 + i).to_bytes(20, "big"))
            for i in range(1, 11)
        ]
        for account in self.accounts:
            self.evm.set_balance(account, 10**30)
        self.now = self.START

    @property
    def now(self) -> int:
        """The time at which every following call runs."""
        return self._now

    @now.setter
    def now(self, timestamp: int) -> None:
        self._now = timestamp
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=timestamp, number=timestamp // 12))

    def transact(
        self, sender: str, to: str | None, data: bytes, value: int = 0, *, gas: int = 30_000_000
    ) -> Receipt:
        address = None
        self.evm.reset_transient_storage()
        try:
            if to is None:
                address = to_checksum_address(self.evm.deploy(sender, data, value))
            else:
                self.evm.message_call(sender, to, data, value, gas)
        except RuntimeError as error:
            raise self._reverted(error) from None
        result = self.evm.result
        logs = (
            (["0x" + topic.removeprefix("0x") for topic in log.topics], bytes(log.data[1]))
            for log in result.logs
        )
        return Receipt(result.gas_used, self._decoder(logs), address)

    def read(self, sender: str, to: str, data: bytes) -> bytes:
        self.evm.reset_transient_storage()
        checkpoint = self.evm.snapshot()
        try:
            return bytes(self.evm.message_call(sender, to, data, 0, 30_000_000))
        except RuntimeError as error:
            raise self._reverted(error) from None
        finally:
            self.evm.revert(checkpoint)

    def balance(self, address: str) -> int:
        return int(self.evm.get_balance(address))

    @contextmanager
    def looking(self) -> Iterator[Callable[[str, bytes], bytes]]:
        """Many reads at the price of one: a function that calls, and leaves no trace at the end.

        It returns what the contract answered, undecoded, and raises ``Reverted``.
        """
        caller, call = self.accounts[0], self.evm.message_call

        def look(to: str, data: bytes) -> bytes:
            try:
                return bytes(call(caller, to, data, 0, 30_000_000))
            except RuntimeError as error:
                raise self._reverted(error) from None

        self.evm.reset_transient_storage()
        checkpoint = self.evm.snapshot()
        try:
            yield look
        finally:
            self.evm.revert(checkpoint)

    def _reverted(self, error: RuntimeError) -> Reverted:
        found = re.search(r"output: 0x([0-9a-f]*)", str(error))
        return self.codec.error(bytes.fromhex(found[1])) if found else Reverted(str(error), ())


@dataclass(frozen=True)
class Deployed:
    """One contract on a chain."""

    kit: Kit
    name: str
    address: str
    receipt: Receipt

    def send(self, function: str, *args: Any, sender: str | None = None, value: int = 0) -> Receipt:
        """Send a transaction; raises ``Reverted``."""
        data = self.kit.codec.call(self.name, function, *args)
        return self.kit.transact(sender or self.kit.accounts[0], self.address, data, value)

    def call(self, function: str, *args: Any, sender: str | None = None) -> Any:
        """Call without a transaction; raises ``Reverted``."""
        data = self.kit.codec.call(self.name, function, *args)
        answer = self.kit.read(sender or self.kit.accounts[0], self.address, data)
        return self.kit.codec.result(self.name, function, len(args), answer)
