# SPDX-License-Identifier: MIT
"""A chain behind one node or several, asked in batches and in pages; every answer is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from prorata.chain.encoding import (
    bytes_of,
    header_of,
    hex_of,
    int_of,
    mined_of,
    refusal_of,
    sent_of,
    simulated_of,
    tag_of,
    topic_of,
)
from prorata.chain.kept_logs import Archive, Topics, read_kept
from prorata.chain.log_pages import LogRange, read_logs, read_ranges
from prorata.chain.pool import Pool
from prorata.chain.rpc import BusyError, Wire
from prorata.chain.transports.limits import Limits
from prorata.chain.transports.replies import Answer, Request
from prorata.chain.types import (
    Block,
    BlockHeader,
    BlockTag,
    Fees,
    Log,
    Mined,
    Sent,
    Simulated,
    SimulatedBlock,
)
from prorata.errors import RUN_AGAIN, ChainError, ProrataError, RevertError

if TYPE_CHECKING:
    from web3 import Web3
    from web3.providers.base import BaseProvider

__all__ = ["HEAVY_BATCH", "LOCAL_CHAINS", "RpcChain"]

HEAVY_BATCH = 10  # of questions that each run millions of gas, to be answered in time
LOCAL_CHAINS = frozenset({1337, 31337})


class _LeftOutError(BusyError):
    """A question that the node has not answered at all."""


class RpcChain:
    """A node, given by its address or as a `Web3`, or a provider of web3, to borrow; or several.

    An address is `http(s)://…`, `ws(s)://…`, or the path of an IPC socket: `ipc:///…`, or one that
    ends in `.ipc`. Of several the first is asked that answers and is not behind the others.
    `expected_chain_id` refuses any other chain before anything else is asked of it. Each host is
    asked at most `rate` questions a second. Nothing is sent until the first question.

    Raises: InputError for what is neither.
    """

    def __init__(
        self,
        node: str | Web3 | BaseProvider | Wire | Sequence[str | Wire],
        *,
        expected_chain_id: int | None = None,
        rate: float | None = None,
    ) -> None:
        def wire(one: str | Web3 | BaseProvider | Wire) -> Wire:
            return one if isinstance(one, Wire) else Wire(one, rate=rate)

        self._wire: Wire | Pool
        if isinstance(node, list | tuple):
            self._wire = Pool([wire(one) for one in node])
        else:
            self._wire = wire(node)  # type: ignore[arg-type]
        self._expected = expected_chain_id
        self._own_block = 0
        self.archive: Archive | None = None
        """Where logs are kept that were read before; `logs` asks the node for the others only."""

    @property
    def name(self) -> str:
        """The address of the node that is asked, without what may be a key in it."""
        return self._wire.name

    @property
    def limits(self) -> Limits:
        """How much that node takes at once."""
        return self._wire.limits

    @cached_property
    def chain_id(self) -> int:
        """The EIP-155 id.

        Raises: ChainError when it is not the expected one, or the node does not answer.
        """
        found = int_of(self.request("eth_chainId"))
        if self._expected not in (None, found):
            raise ChainError(
                f"{self.name} is chain {found}, not chain {self._expected}",
                "choose the network of that chain",
            )
        return found

    @cached_property
    def genesis_hash(self) -> str:
        """The hash of block 0, which tells two local chains of one id apart.

        All that Anvil's says is the second in which it began.
        """
        return self.block(0).hash

    def check_same(self) -> None:
        """Whether the address still leads to the chain that it led to before.

        Raises: ChainError when a node of another chain has taken the place.
        """
        number, header = self.request_many(
            [("eth_chainId", ()), ("eth_getBlockByNumber", ("0x0", False))]
        )
        found = int_of(number), "" if header is None else str(header["hash"])
        if found != (self.chain_id, self.genesis_hash):
            raise ChainError(
                f"{self.name} was chain {self.chain_id} with genesis {self.genesis_hash} when this "
                f"began, and now is chain {found[0]} with genesis {found[1]}",
                f"start the node of the first chain again and {RUN_AGAIN}, which resumes",
            )

    @property
    def is_local(self) -> bool:
        """Whether its id is that of a chain on a developer's machine (Anvil, Hardhat, geth)."""
        return self.chain_id in LOCAL_CHAINS

    @property
    def own_block(self) -> int:
        """The newest block in which a transaction of this run was seen; 0 without one.

        On a local chain always 0: it may be set back, and its only node is never behind.
        """
        return 0 if self.is_local else self._own_block

    def now(self) -> int:
        """The chain's time in Unix seconds: what a transaction sent now would see, or a bit less.

        Without regular blocks that can be much later than the latest block.
        """
        headers = self.try_many(
            [("eth_getBlockByNumber", (tag, False)) for tag in ("latest", "pending")]
        )
        if isinstance(headers[0], ProrataError):
            raise headers[0]
        times = [int_of(h["timestamp"]) for h in headers if isinstance(h, dict)]
        if not times:
            raise self._no_block("latest")
        return max(times)

    # ----------------------------------------------------------- several nodes

    @property
    def node_count(self) -> int:
        """How many nodes there are, whether they answer or not."""
        return len(self._wire.wires) if isinstance(self._wire, Pool) else 1

    @property
    def websockets(self) -> tuple[str, ...]:
        """The whole addresses of those of its nodes that are asked over a websocket."""
        wires = self._wire.wires if isinstance(self._wire, Pool) else (self._wire,)
        return tuple(found for wire in wires if (found := wire.websocket) is not None)

    def opinions(self, questions: Sequence[Request]) -> list[tuple[str, list[Any]]]:
        """What each node that answers says to the same questions, by its name.

        A refused question has its error in place of its answer, and so has one without any.
        """
        if isinstance(self._wire, Pool):
            said = self._wire.opinions(questions)
            return [(wire.name, self._read(questions, answers)) for wire, answers in said]
        return [(self.name, self._read(questions, self._wire(questions)))]

    def others(self) -> list[RpcChain]:
        """Those nodes, one by one, that were not asked last and can be asked the same again."""
        wires = self._wire.others if isinstance(self._wire, Pool) else ()
        return [RpcChain(wire, expected_chain_id=self._expected) for wire in wires]

    def rest(self, other: RpcChain) -> None:
        """Leave one of `others` alone for a while, which has failed."""
        if isinstance(self._wire, Pool) and isinstance(other._wire, Wire):
            self._wire.rest(other._wire)

    # ------------------------------------------------------------------ questions

    def request(self, method: str, *params: object) -> Any:
        """Ask one question; the answer as JSON gives it.

        Raises: RevertError, ChainError.
        """
        return self.request_many([(method, params)])[0]

    def request_many(self, questions: Sequence[Request]) -> list[Any]:
        """Ask many in batches; answers in the order of the questions.

        Raises: the first refusal among the answers.
        """
        answers = self.try_many(questions)
        for answer in answers:
            if isinstance(answer, ProrataError):
                raise answer
        return answers

    def try_many(
        self, questions: Sequence[Request], *, batch: int | None = None, hasty: bool = False
    ) -> list[Any]:
        """As `request_many`, with each refused question's error in place of its answer.

        At most `batch` are asked at once, if not as many as the node takes. A `hasty` question is
        given up early where the node is slow, to be asked for less.
        """
        answers: list[Any] = []
        for start in range(0, len(questions), batch or len(questions) or 1):
            answers += self._asked(questions[start : start + (batch or len(questions))], hasty)
        return answers

    def _asked(self, questions: Sequence[Request], hasty: bool) -> list[Any]:
        found = self._read(questions, self._wire(questions, hasty=hasty))
        for answer in found:
            if isinstance(answer, _LeftOutError):
                raise answer
        return found

    def _read(self, questions: Sequence[Request], answers: Sequence[Answer | None]) -> list[Any]:
        """The results, with an error in place of what was refused or left out."""
        found: list[Any] = []
        for (method, _), answer in zip(questions, answers, strict=True):
            if answer is None:
                said = f"{self.name} left {method} without an answer"
                found.append(_LeftOutError(said, f"wait a minute and {RUN_AGAIN}"))
                continue
            failed = answer.get("error")
            found.append(answer.get("result") if failed is None else refusal_of(method, failed))
        return found

    # ---------------------------------------------------------------------- reads

    def call(
        self, to: str, data: bytes, *, sender: str | None = None, block: BlockTag = "latest"
    ) -> bytes:
        """What a call returns.

        Raises: RevertError when the contract refuses; ChainError.
        """
        transaction = {"to": to, "data": hex_of(data)} | (
            {} if sender is None else {"from": sender}
        )
        return bytes_of(self.request("eth_call", transaction, tag_of(block)))

    def call_many(
        self, calls: Sequence[tuple[str, bytes]], *, block: BlockTag = "latest"
    ) -> list[bytes]:
        """What many calls return, at one block.

        Raises: RevertError for the first that a contract refuses; ChainError.
        """
        answers = self.try_calls(calls, block=block)
        for answer in answers:
            if isinstance(answer, ProrataError):
                raise answer
        return [answer for answer in answers if isinstance(answer, bytes)]

    def try_calls(
        self, calls: Sequence[tuple[str, bytes]], *, block: BlockTag = "latest"
    ) -> list[bytes | ProrataError]:
        """As `call_many`, with each refused call's error in place of what it returns."""
        if block == "latest" and len(calls) > self.limits.batch.size:
            # A block could be mined between two batches.
            block = self.block().number
        questions = [
            ("eth_call", ({"to": to, "data": hex_of(data)}, tag_of(block))) for to, data in calls
        ]
        answers = self.try_many(questions)
        if block == "latest" and len(calls) > self.limits.batch.size:
            # The node has just shown that it takes less at once, and was asked in parts.
            return self.try_calls(calls, block=self.block().number)
        return [a if isinstance(a, ProrataError) else bytes_of(a) for a in answers]

    def code(self, address: str, *, block: BlockTag = "latest") -> bytes:
        """The code at `address`; empty where there is no contract."""
        return bytes_of(self.request("eth_getCode", address, tag_of(block)))

    def balance(self, address: str, *, block: BlockTag = "latest") -> int:
        """The native coin that `address` holds, in wei."""
        return int_of(self.request("eth_getBalance", address, tag_of(block)))

    def block(self, number: BlockTag = "latest") -> Block:
        """A block's header.

        Raises: ChainError when there is no such block.
        """
        header = self.request("eth_getBlockByNumber", tag_of(number), False)
        if header is None:
            raise self._no_block(number)
        return Block(int_of(header["number"]), int_of(header["timestamp"]), header["hash"])

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Many headers at once.

        Raises: ChainError when one is missing.
        """
        headers = self.request_many([("eth_getBlockByNumber", (hex(n), False)) for n in numbers])
        if None in headers:
            raise self._no_block(numbers[headers.index(None)])
        return [Block(int_of(h["number"]), int_of(h["timestamp"]), h["hash"]) for h in headers]

    def headers(self, wanted: Sequence[BlockTag]) -> list[BlockHeader | None]:
        """Headers with their parents, by number or tag; None for one that is not there.

        Raises: ChainError when one is refused.
        """
        asked = [("eth_getBlockByNumber", (tag_of(block), False)) for block in wanted]
        found = self.request_many(asked)
        return [None if header is None else header_of(header) for header in found]

    def hashes(self, numbers: Sequence[int]) -> dict[int, str | None]:
        """The hash of each block by number; None for one that is not there, or no longer."""
        headers = self.request_many([("eth_getBlockByNumber", (hex(n), False)) for n in numbers])
        found = (None if header is None else str(header["hash"]) for header in headers)
        return dict(zip(numbers, found, strict=True))

    def _no_block(self, number: BlockTag) -> ChainError:
        # Every chain has a first block and a latest one; a node that has none is not ready.
        ready = isinstance(number, int) and number > 0
        remedy = "choose an earlier one"
        if not ready:
            remedy = f"wait until the node is ready and {RUN_AGAIN}"
        return ChainError(f"{self.name} has no block {number}", remedy)

    def sent(self, hashes: Sequence[str]) -> list[Sent | None]:
        """What was signed for each transaction; None for one that the node does not know."""
        answers = self.request_many([("eth_getTransactionByHash", (item,)) for item in hashes])
        return [None if answer is None else sent_of(answer) for answer in answers]

    def logs(
        self, addresses: Sequence[str], first: int, last: int, topics: Topics = None
    ) -> Iterator[Log]:
        """The logs of `addresses` in blocks `first` to `last`, both included, in chain order.

        What the archive has is not asked for again.

        Raises: ChainError when the node refuses even a single block.
        """
        if self.archive is None:
            return self.node_logs(addresses, first, last, topics)
        return read_kept(self, self.archive, addresses, (first, last), topics)

    def node_logs(
        self, addresses: Sequence[str], first: int, last: int, topics: Topics = None
    ) -> Iterator[Log]:
        """As `logs`, all from the node: it is asked in ranges as wide as it takes them.

        Raises: ChainError when the node refuses even a single block.
        """
        wanted: dict[str, object] = {"address": list(addresses)}
        if topics is not None:
            wanted["topics"] = [topic_of(topic) for topic in topics]
        return read_logs(self, wanted, first, last)

    def log_ranges(self, addresses: Sequence[str], first: int, last: int) -> Iterator[LogRange]:
        """The logs as the node's JSON has them, range by range, each with the header of its end.

        Raises: ChainError as `logs`; BusyError when the node has not got so far.
        """
        return read_ranges(self, {"address": list(addresses)}, first, last)

    def logs_of_blocks(
        self, addresses: Sequence[str], hashes: Sequence[str]
    ) -> list[list[dict[str, Any]] | ProrataError]:
        """The logs of each block, asked for by its hash: no other block's can be among them.

        As the node's JSON has them; the refusal in the place of one that is no longer known.
        """
        wanted = list(addresses)
        return self.try_many(
            [("eth_getLogs", ({"address": wanted, "blockHash": one},)) for one in hashes]
        )

    # -------------------------------------------------------------------- sending

    def nonce(self, address: str, *, block: BlockTag = "latest") -> int:
        """How many transactions of `address` have been mined; with `pending`, or are known."""
        return int_of(self.request("eth_getTransactionCount", address, tag_of(block)))

    def fees(self) -> Fees:
        """What to offer now: room for the base fee to double, and the node's idea of a tip."""
        header, tip = self.try_many(
            [("eth_getBlockByNumber", ("latest", False)), ("eth_maxPriorityFeePerGas", ())]
        )
        if isinstance(header, ProrataError):
            raise header
        if header is None:
            raise self._no_block("latest")
        if "baseFeePerGas" not in header:
            raise ChainError(f"{self.name} knows no EIP-1559 fees", "choose a chain that does")
        offered = 1_000_000_000 if isinstance(tip, ProrataError) else int_of(tip)
        return Fees(2 * int_of(header["baseFeePerGas"]) + offered, offered)

    def estimate(self, transactions: Sequence[Mapping[str, object]]) -> list[int | ProrataError]:
        """The gas that each would use in the next block, or why it would fail."""
        # On a chain without regular blocks the latest block's time may be long past.
        pending = [("eth_estimateGas", (t, "pending")) for t in transactions]
        answers = self.try_many(pending, batch=HEAVY_BATCH)
        if any(isinstance(a, ChainError) and not isinstance(a, RevertError) for a in answers):
            latest = [("eth_estimateGas", (t,)) for t in transactions]
            answers = self.try_many(latest, batch=HEAVY_BATCH)
        return [a if isinstance(a, ProrataError) else int_of(a) for a in answers]

    def send_raw(self, signed: Sequence[bytes]) -> list[str | ProrataError]:
        """Broadcast signed transactions; for each its hash, or why the node did not take it."""
        answers = self.try_many([("eth_sendRawTransaction", (hex_of(raw),)) for raw in signed])
        return [a if isinstance(a, ProrataError) else str(a) for a in answers]

    def receipts(self, hashes: Sequence[str]) -> list[Mined | None]:
        """What each transaction did; None while it is not mined."""
        answers = self.request_many([("eth_getTransactionReceipt", (item,)) for item in hashes])
        found = [None if answer is None else mined_of(answer) for answer in answers]
        seen = (mined.block_number for mined in found if mined is not None)
        self._own_block = max((self._own_block, *seen))
        return found

    def mine_leftovers(self, awaited: str) -> bool:
        """Let an Anvil mine what it was sent and forgot; on any other node, nothing.

        One that mines at once fills one block, and leaves what does not fit to the next
        transaction that comes, though none may (foundry issue 10122). What comes while the one
        before it is being mined may wait for that for ever: if `awaited`, a hash, waits so, all
        that its sender has there is taken out. Returns whether it was, and must be sent again.
        """
        if not self.is_local or self.try_many([("anvil_getAutomine", ())]) != [True]:
            return False
        # A node that is only slow has it by now, and another block would be one too many.
        if self.try_many([("eth_getTransactionReceipt", (awaited,))]) != [None]:
            return False
        _, status = self.try_many([("evm_mine", ()), ("txpool_status", ())])
        # Nearly always nothing waits, and what is in the pool may be megabytes.
        if not isinstance(status, dict) or status["queued"] == "0x0":
            return False
        [pool] = self.try_many([("txpool_content", ())])
        waiting = pool["queued"] if isinstance(pool, dict) else {}
        for sender, own in waiting.items():
            if any(one["hash"] == awaited for one in own.values()):
                self.try_many([("anvil_removePoolTransactions", (sender,))])
                return True
        return False

    def simulate(self, blocks: Sequence[SimulatedBlock]) -> list[Simulated]:
        """What calls would do one after the other in blocks to come; nothing is kept of it.

        Raises: ChainError when the node does not simulate, or not so much.
        """
        states = [
            {"calls": list(block.calls)}
            if block.timestamp is None
            else {"calls": list(block.calls), "blockOverrides": {"time": hex(block.timestamp)}}
            for block in blocks
        ]
        answer = self.request("eth_simulateV1", {"blockStateCalls": states}, "latest")
        return [simulated_of(call) for block in answer for call in block["calls"]]

    def replay(self, transaction: Mapping[str, object], mined_in: int) -> None:
        """Run a failed transaction again as a call on the state before its block.

        Raises: RevertError, which is the answer; ChainError when the node has forgotten that state.
        """
        self.request("eth_call", transaction, hex(mined_in - 1))
