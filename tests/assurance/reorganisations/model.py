"""A chain that can be reorganised, and nodes that tell it: exact, in this process, quick.

The blocks and events are those of `tests.prorata.store.made_logs`; whatever is drawn here is
possible on the branch on which it is drawn: nobody gives shares that he has not. A node answers as
one does over JSON-RPC, and is asked through the product's own wires, pools and readers: what is
made up is the network alone.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from prorata.chain.node import RpcChain
from prorata.chain.rpc import Wire
from tests.prorata.store.made_logs import (
    OTHER,
    TOKEN,
    VAULT,
    Event,
    MadeChain,
    claimed,
    declared,
    move,
    told,
)

__all__ = ["CHAIN_ID", "Killed", "ModelChain", "ModelNode", "chain_of"]

CHAIN_ID = 4242
PERSONS = 12
BRANCHES_OF_ONE_BLOCK = (0, 0, 0, 0, 1, 1, 2, 4)


class Killed(BaseException):
    """The process has ended here: nothing of the product may catch it."""


@dataclass
class _State:
    """What stands after a block: shares by token and person, records, income declared and paid."""

    shares: dict[str, dict[int, int]] = field(default_factory=lambda: {TOKEN: {}, OTHER: {}})
    closes: dict[str, list[int]] = field(default_factory=lambda: {TOKEN: [], OTHER: []})
    declared: int = 0
    paid: set[tuple[int, int]] = field(default_factory=set)


class ModelChain(MadeChain):
    """Blocks drawn at random; `final` only rises, and nothing at or below it is ever replaced."""

    def __init__(self, seed: object) -> None:
        self.rng = random.Random(f"chain {seed}")
        self.branch = 0
        self.states = [_State()]
        self.final = 0
        self.logs_by_hash: dict[bytes, list[dict[str, Any]]] = {}
        super().__init__()

    def mine(self, events: Sequence[Event] = ()) -> None:
        """A block of the branch that grows now: the same events make another block on another."""
        self.blocks.append(events)
        said = repr((self.hashes[-1], self.branch, events)).encode()
        self.hashes.append(hashlib.sha256(said).digest())
        if len(self.states) < len(self.blocks):
            self.states.append(deepcopy(self.states[-1]))

    def grow(self, count: int) -> None:
        """So many blocks more, with whatever may happen in them."""
        for _ in range(count):
            state = deepcopy(self.states[-1])
            drawn = [self._event(state) for _ in range(self.rng.choice(BRANCHES_OF_ONE_BLOCK))]
            self.states.append(state)
            self.mine([event for event in drawn if event is not None])

    def replace(self, depth: int, count: int) -> None:
        """Another branch in place of the last `depth` blocks."""
        assert 0 < depth <= self.head - self.final
        ancestor = self.head - depth
        del self.blocks[ancestor + 1 :], self.hashes[ancestor + 1 :], self.states[ancestor + 1 :]
        self.branch += 1
        self.grow(count)

    def finalise(self, number: int) -> None:
        self.final = max(self.final, min(number, self.head))

    def _event(self, state: _State) -> Event | None:
        rng, token = self.rng, self.rng.choice((TOKEN, TOKEN, OTHER))
        shares, closes = state.shares[token], state.closes[token]
        what = rng.choice(("issue", "move", "move", "move", "burn", "record", "freeze", "income"))
        if what == "issue" or not shares:
            return self._moved(state, token, 0, rng.randint(1, PERSONS), rng.randint(1, 2**100))
        if what in ("move", "burn"):
            giver = rng.choice(sorted(shares))
            amount = rng.choice((shares[giver], rng.randint(0, shares[giver])))
            receiver = 0 if what == "burn" else rng.randint(1, PERSONS)
            return self._moved(state, token, giver, receiver, amount)
        if what == "record":
            closes.append((closes[-1] if closes else self.time(self.head)) + rng.randint(1, 99))
            return told("RecordScheduled", token, recordId=len(closes), closesAt=closes[-1])
        if what == "freeze":
            who = self._person()
            return told(
                "AddressFrozen", token, userAddress=who, isFrozen=rng.random() < 0.5, owner=who
            )
        return self._income(state, token)

    @staticmethod
    def _person() -> str:
        return move(0, 3, 0)[3]["to"]

    def _income(self, state: _State, token: str) -> Event | None:
        unpaid = [
            (number, who)
            for number in range(1, state.declared + 1)
            for who in range(1, PERSONS + 1)
            if (number, who) not in state.paid
        ]
        if not unpaid or self.rng.random() < 0.3:
            state.declared += 1
            return declared(state.declared, 1, self.rng.randint(1, 10**9), token)
        number, who = self.rng.choice(unpaid)
        state.paid.add((number, who))
        return claimed(number, who, self.rng.randint(1, 10**6))

    @staticmethod
    def _moved(state: _State, token: str, giver: int, receiver: int, amount: int) -> Event:
        shares = state.shares[token]
        if giver:
            shares[giver] -= amount
            if not shares[giver]:
                del shares[giver]
        if receiver and amount:
            shares[receiver] = shares.get(receiver, 0) + amount
        return move(giver, receiver, amount, token)

    def block_logs(self, number: int) -> list[dict[str, Any]]:
        """All logs of a block, made once."""
        key = self.hashes[number]
        if key not in self.logs_by_hash:
            self.logs_by_hash[key] = self.logs(number, number, (TOKEN, OTHER, VAULT))
        return self.logs_by_hash[key]

    def json_header(self, number: int) -> dict[str, Any]:
        parent = self.hashes[number - 1] if number else bytes(32)
        return {
            "number": hex(number),
            "hash": f"0x{self.hashes[number].hex()}",
            "parentHash": f"0x{parent.hex()}",
            "timestamp": hex(self.time(number)),
        }


Refuse = Callable[[int, int, int], str | None]
"""From the first and last block of a range, and how many logs it has: why it is refused."""


class ModelNode:
    """A node, as a provider of web3 is one: it is asked by `make_request` and in batches.

    `lag` blocks are not there for it yet; `finalized` says whether it tells finality; `refuse`
    refuses ranges; `spoil` may change the logs of an answer, `forge` a header. `before` is called
    before each request, and may end the process.
    """

    def __init__(self, chain: ModelChain, *, finalized: bool = True) -> None:
        self.chain = chain
        self.lag = 0
        self.finalized = finalized
        self.down = False
        self.refuse: Refuse = lambda first, last, count: None
        self.spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda logs: logs
        self.forge: Callable[[dict[str, Any]], dict[str, Any]] = lambda header: header
        self.before: Callable[[], None] = lambda: None
        self.heard: list[str] = []

    # --------------------------------------------------------------------------- as a provider

    def make_request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self._arrive()
        return self._answer(method, params)

    def make_batch_request(self, asked: Iterable[tuple[str, Sequence[Any]]]) -> list[Any]:
        self._arrive()
        return [
            {"id": number, **self._answer(method, params)}
            for number, (method, params) in enumerate(asked, start=1)
        ]

    def _arrive(self) -> None:
        self.before()
        if self.down:
            raise ConnectionRefusedError

    # -------------------------------------------------------------------------------- answers

    @property
    def head(self) -> int:
        return max(0, self.chain.head - self.lag)

    def _answer(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self.heard.append(method)
        if method == "eth_chainId":
            return {"result": hex(CHAIN_ID)}
        if method == "eth_getBlockByNumber":
            return self._header(params[0])
        if method == "eth_getLogs":
            return self._logs(params[0])
        return {"error": {"code": -32601, "message": "method not found"}}

    def _header(self, tag: str) -> dict[str, Any]:
        if tag == "finalized" and not self.finalized:
            return {"error": {"code": -39001, "message": "finalized block not found"}}
        named = {"latest": self.head, "finalized": min(self.chain.final, self.head)}
        number = named[tag] if tag in named else int(tag, 16)
        if number > self.head:
            return {"result": None}
        return {"result": self.forge(self.chain.json_header(number))}

    def _logs(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if "blockHash" in wanted:
            return self._logs_of(bytes.fromhex(wanted["blockHash"][2:]), wanted["address"])
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        numbers = range(first, min(last, self.head) + 1)
        logs = [log for number in numbers for log in self.chain.block_logs(number)]
        found = self._chosen(logs, wanted["address"])
        refusal = self.refuse(first, last, len(found))
        if refusal is not None:
            return {"error": {"code": -32005, "message": refusal}}
        return {"result": self.spoil(found)}

    def _logs_of(self, block_hash: bytes, addresses: Sequence[str]) -> dict[str, Any]:
        numbers = [n for n in range(self.head + 1) if self.chain.hashes[n] == block_hash]
        if not numbers:
            return {"error": {"code": -32000, "message": "unknown block"}}
        return {"result": self.spoil(self._chosen(self.chain.block_logs(numbers[0]), addresses))}

    @staticmethod
    def _chosen(logs: Iterable[dict[str, Any]], addresses: Sequence[str]) -> list[dict[str, Any]]:
        wanted = {address.lower() for address in addresses}
        return [dict(log) for log in logs if log["address"] in wanted]


def chain_of(*nodes: ModelNode) -> RpcChain:
    """The product's own way to one node or several."""
    wires = []
    for number, node in enumerate(nodes):
        wire = Wire(node)  # type: ignore[arg-type]
        wire.name = f"node {'ABCDE'[number]}"
        wires.append(wire)
    return RpcChain(wires if len(wires) > 1 else wires[0])
