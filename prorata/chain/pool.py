# SPDX-License-Identifier: MIT
"""Several nodes of one chain, asked as if they were one.

Questions go to the first that answers and is not behind what was seen before, transactions go to
all. A node of another chain is refused by name. One whose newest block is older than one that was
seen is behind, and waited for or passed over: that is no reorganisation, unless it has another
block where a known one was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from prorata.chain.rpc import BusyError, SlowError, Wire
from prorata.chain.transports.limits import Limits
from prorata.chain.transports.replies import Answer, Request, asks_too_often, reason_given
from prorata.chain.transports.wordings import is_unknown_here
from prorata.errors import RUN_AGAIN, ChainError, InputError

__all__ = ["Pool"]

REST_SECONDS = 30.0
MOST_DOUBLED = 4
BEHIND_AFTER_SECONDS = (0.25, 0.5, 1.0, 2.0)
REMEMBERED_BLOCKS = 512

SENDING = "eth_sendRawTransaction"
NONCE = "eth_getTransactionCount"
HEADER = "eth_getBlockByNumber"
RECEIPT = "eth_getTransactionReceipt"
NOTHING_IS_NO_ANSWER = frozenset({HEADER, RECEIPT, "eth_getTransactionByHash"})


class _OtherChainError(ChainError):
    """A node that belongs to another pool."""


class _TriedError(Exception):
    """A node that does not answer now, for a `reason`."""

    def __init__(self, reason: ChainError) -> None:
        super().__init__()
        self.reason = reason


@dataclass
class _Node:
    """One of them: its newest known block, and until when it is left alone after a failure."""

    wire: Wire
    head: int = -1
    rests_until: float = 0.0
    failures: int = 0
    met: bool = False

    @property
    def rests(self) -> bool:
        """Whether it has failed a moment ago."""
        return time.monotonic() < self.rests_until

    def rest(self) -> None:
        """Leave it alone for a while, and for twice as long when it fails again."""
        self.rests_until = time.monotonic() + REST_SECONDS * 2 ** min(self.failures, MOST_DOUBLED)
        self.failures += 1

    def recover(self) -> None:
        """It has answered."""
        self.rests_until, self.failures = 0.0, 0


class Pool:
    """Speaks with several nodes as a `Wire` does with one.

    Raises: InputError when there is none.
    """

    def __init__(self, wires: Sequence[Wire]) -> None:
        self._nodes = [_Node(wire) for wire in wires]
        if not wires:
            raise InputError.of("node", "", "is no list of nodes", "give the address of one")
        self._asked = self._nodes[0]
        self._origin: tuple[str, str, str] | None = None
        self._newest = -1
        self._blocks: dict[int, str] = {}

    @property
    def name(self) -> str:
        """The address of the node that was asked last."""
        return self._asked.wire.name

    @property
    def limits(self) -> Limits:
        """How much that node takes at once."""
        return self._asked.wire.limits

    def __call__(self, questions: Sequence[Request], *, hasty: bool = False) -> list[Answer | None]:
        """Ask all at once: the answer to each, in their order; None for what was left out.

        Raises: ChainError when none of the nodes answers, or one is of another chain; SlowError of
        a `hasty` question from the node that was slow.
        """
        if self._origin is None:
            self._meet_all()
        answers: list[Answer | None] = [None] * len(questions)
        for method in (SENDING, NONCE, None):
            mine = [n for n, (name, _) in enumerate(questions) if _kind(name) == method]
            if mine:
                found = self._answered(method, [questions[n] for n in mine], hasty)
                for number, answer in zip(mine, found, strict=True):
                    answers[number] = answer
        return answers

    @property
    def wires(self) -> tuple[Wire, ...]:
        """All of them, in the order in which they are asked."""
        return tuple(node.wire for node in self._nodes)

    @property
    def others(self) -> tuple[Wire, ...]:
        """Those that can be asked the same again: all that are well but the one asked last."""
        return tuple(n.wire for n in self._nodes if n is not self._asked and not n.rests)

    def rest(self, wire: Wire) -> None:
        """Leave a node alone for a while that has failed elsewhere."""
        for node in self._nodes:
            if node.wire is wire:
                node.rest()

    def opinions(self, questions: Sequence[Request]) -> list[tuple[Wire, list[Answer | None]]]:
        """What each node says that answers, those among them that are behind.

        Raises: ChainError when one is of another chain.
        """
        found = []
        for node in self._nodes:
            if node.rests:
                continue
            try:
                self._meet(node)
                answers = node.wire(questions, hasty=True)
            except _OtherChainError:
                raise
            except ChainError:
                node.rest()
                continue
            node.recover()
            found.append((node.wire, answers))
        return found

    def _answered(
        self, method: str | None, questions: Sequence[Request], hasty: bool
    ) -> list[Answer | None]:
        answers = self._read(questions, hasty)
        if method == SENDING:
            return self._with_others(questions, answers, range(len(questions)), _taken)
        if method == NONCE:
            return self._with_others(questions, answers, range(len(questions)), _greater)
        missing = [n for n, a in enumerate(answers) if _lacks(questions[n][0], a)]
        return self._with_others(questions, answers, missing, _found) if missing else answers

    # ------------------------------------------------------------------------- one of them

    def _read(self, questions: Sequence[Request], hasty: bool) -> list[Answer | None]:
        """The answers of the first node that is well; with more patience if none is."""
        for node in self._nodes:
            if not node.rests:
                with suppress(_TriedError):
                    return self._tried(node, questions, hasty=hasty, patient=False)
        troubles: list[ChainError] = []
        for node in self._nodes:
            try:
                return self._tried(node, questions, hasty=hasty, patient=True)
            except _TriedError as tried:
                troubles.append(tried.reason)
        raise _none_of(troubles)

    def _tried(
        self, node: _Node, questions: Sequence[Request], *, hasty: bool, patient: bool
    ) -> list[Answer | None]:
        """What the node answers.

        Raises: _TriedError when another may answer instead; ChainError when none may be asked.
        """
        try:
            return self._of(node, questions, hasty=hasty or not patient, patient=patient)
        except _OtherChainError:
            raise
        except SlowError as error:
            if hasty:
                raise
            reason: ChainError = error
        except ChainError as error:
            reason = error
        node.rest()
        raise _TriedError(reason)

    def _of(
        self, node: _Node, questions: Sequence[Request], *, hasty: bool, patient: bool
    ) -> list[Answer | None]:
        self._meet(node)
        self._catch_up(node, patient)
        answers = node.wire(questions, hasty=hasty)
        node.recover()
        self._asked = node
        self._note(node, questions, answers)
        return answers

    def _with_others(
        self,
        questions: Sequence[Request],
        answers: list[Answer | None],
        numbers: Sequence[int],
        better: Callable[[Answer | None, Answer | None], bool],
    ) -> list[Answer | None]:
        """The answers, with those of the other nodes to some of the questions if `better`."""
        first = self._asked
        for node in self._nodes:
            if node is first or node.rests:
                continue
            asked = [questions[number] for number in numbers]
            try:
                self._meet(node)
                others = node.wire(asked, hasty=True)
            except _OtherChainError:
                raise
            except ChainError:
                node.rest()
                continue
            self._note(node, asked, others)
            for number, other in zip(numbers, others, strict=True):
                if better(answers[number], other):
                    answers[number] = other
        return answers

    # ------------------------------------------------------------------------------- who it is

    def _meet_all(self) -> None:
        """Look at each of them before the first question, so that no stranger is met later."""
        for node in self._nodes:
            try:
                self._meet(node)
            except _OtherChainError:
                raise
            except ChainError:
                node.rest()

    def _meet(self, node: _Node) -> None:
        if node.met:
            return
        asked: list[Request] = [("eth_chainId", ()), (HEADER, ("0x0", False))]
        asked.append((HEADER, ("latest", False)))
        number, genesis, latest = node.wire(asked, hasty=True)
        found = str(_result(number)), str(_result(genesis, "hash")), node.wire.name
        self._origin = self._origin or found
        if found[:2] != self._origin[:2]:
            raise _OtherChainError(
                f"the nodes are of different chains: {self._described(self._origin)}, and "
                f"{self._described(found)}",
                "leave those of the other chain out",
            )
        node.met = True
        self._note(node, asked[2:], [latest])

    @staticmethod
    def _described(origin: tuple[str, str, str]) -> str:
        number, genesis, name = origin
        return f"{name} is chain {int(number, 16)} with genesis {genesis}"

    # ---------------------------------------------------------------------------- how far it is

    def _note(
        self, node: _Node, questions: Sequence[Request], answers: Sequence[Answer | None]
    ) -> None:
        for number, block_hash in _blocks_in(questions, answers):
            node.head = max(node.head, number)
            self._newest = max(self._newest, number)
            self._blocks[number] = block_hash
        while len(self._blocks) > REMEMBERED_BLOCKS:
            del self._blocks[next(iter(self._blocks))]

    def _catch_up(self, node: _Node, patient: bool) -> None:
        """See that the node is not behind what was seen, if it is another one than before.

        Raises: ChainError when it is, and stays so.
        """
        for pause in (*(BEHIND_AFTER_SECONDS if patient else ()), None):
            known = node is self._asked and node.head >= self._newest
            if known or self._is_abreast(node):
                return
            if pause is not None:
                time.sleep(pause)
        raise BusyError(
            f"{node.wire.name} is behind: it has blocks up to {node.head} only, and block "
            f"{self._newest} was seen before",
            f"wait until it has caught up and {RUN_AGAIN}, or use another node",
        )

    def _is_abreast(self, node: _Node) -> bool:
        """Whether the node is where the others are, or where they will be after a reorganisation.

        That it has another block than the known one where its own chain ends tells one.
        """
        asked: list[Request] = [(HEADER, ("latest", False))]
        answers = node.wire(asked, hasty=True)
        for number, block_hash in _blocks_in(asked, answers):
            node.head = number
            if self._blocks.get(number, block_hash) != block_hash:
                self._newest = number
                self._blocks.clear()
        self._note(node, asked, answers)
        return node.head >= self._newest


# ------------------------------------------------------------------------------------- the answers


def _kind(method: str) -> str | None:
    return method if method in (SENDING, NONCE) else None


def _result(answer: Answer | None, field: str | None = None) -> Any:
    """What a node says of itself.

    Raises: ChainError when it says nothing.
    """
    found = None if answer is None else answer.get("result")
    if field is not None:
        found = found.get(field) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found.startswith("0x"):
        raise ChainError("the node does not say which chain it is of", "use another node")
    return found


def _blocks_in(
    questions: Sequence[Request], answers: Sequence[Answer | None]
) -> Iterator[tuple[int, str]]:
    """The blocks that answers show to be there, by number and hash."""
    for (method, parameters), answer in zip(questions, answers, strict=True):
        found = None if answer is None else answer.get("result")
        if not isinstance(found, dict) or "pending" in parameters:
            continue
        names = {HEADER: ("number", "hash"), RECEIPT: ("blockNumber", "blockHash")}.get(method)
        number, block_hash = (found.get(name) for name in names or ("", ""))
        if isinstance(number, str) and isinstance(block_hash, str):
            try:
                yield int(number, 16), block_hash
            except ValueError:
                continue


def _lacks(method: str, answer: Answer | None) -> bool:
    """Whether another node may know what this one does not."""
    if answer is None:
        return True
    failed = answer.get("error")
    if failed is None:
        return answer.get("result") is None and method in NOTHING_IS_NO_ANSWER
    return asks_too_often(answer) or is_unknown_here(reason_given(failed))


def _found(_: Answer | None, other: Answer | None) -> bool:
    return other is not None and other.get("error") is None and other.get("result") is not None


def _taken(answer: Answer | None, other: Answer | None) -> bool:
    """Whether only the other has taken what was sent."""
    return _found(answer, other) and (answer is None or answer.get("error") is not None)


def _greater(answer: Answer | None, other: Answer | None) -> bool:
    """Whether the other knows of a later transaction."""
    try:
        known, more = int(_result(answer), 16), int(_result(other), 16)
    except (ChainError, ValueError):
        return _taken(answer, other)
    return more > known


def _none_of(troubles: Sequence[ChainError]) -> ChainError:
    """What is wrong with all of them."""
    if not troubles[1:]:
        return troubles[0]
    kind = BusyError if any(isinstance(error, BusyError) for error in troubles) else ChainError
    return kind(
        f"none of the {len(troubles)} nodes answers: "
        + ", and ".join(error.sentence for error in troubles),
        f"check the addresses and that one of the nodes is running, and {RUN_AGAIN}",
    )
