# SPDX-License-Identifier: MIT
"""JSON-RPC to one node: batches of its size, patience when it is busy, every failure a sentence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prorata.chain.transports.limits import Limits
from prorata.chain.transports.rates import bucket_for
from prorata.chain.transports.replies import Answer, Reply, Request, UnansweredError, reason_given
from prorata.chain.transports.troubles import TROUBLES
from prorata.chain.transports.wordings import batch_limit, is_of_batch
from prorata.errors import RUN_AGAIN, ChainError, InputError

if TYPE_CHECKING:
    from web3 import Web3
    from web3.providers.base import BaseProvider

    from prorata.chain.transports.providers import Connection

__all__ = ["BusyError", "SlowError", "Wire"]

TIMEOUT_SECONDS = 30
HASTY_SECONDS = 10
RETRIES_AFTER_SECONDS = (0.25, 1.0)
SCHEMES = frozenset({"http", "https", "ws", "wss"})


class BusyError(ChainError):
    """The node would answer later, and nothing is wrong with the question."""


class SlowError(BusyError):
    """No answer in time, from the node or the gateway before it: less might have been answered."""


_TROUBLE: dict[type[ChainError], str] = {BusyError: "busy", SlowError: "slow"}


class Wire:
    """Asks one node, over a connection that is made at the first question.

    `node` is an address, `http(s)://…`, `ws(s)://…`, `ipc:///path` or a path that ends in `.ipc`;
    or a `Web3`, or a provider of web3, whose connection is borrowed. Then its owner has said how
    often it tries again, and nothing is tried again here. Its host is asked at most `rate`
    questions a second.

    Raises: InputError for what is neither.
    """

    def __init__(self, node: str | Web3 | BaseProvider, *, rate: float | None = None) -> None:
        self._node: Any = _checked(node) if isinstance(node, str) else _lent(node)
        self.name = _shown(node) if isinstance(node, str) else "the node"
        self._bucket = bucket_for(self.name, rate)

    @property
    def websocket(self) -> str | None:
        """The whole address, if it is a websocket's; whoever has it says it to nobody."""
        node = self._node
        return node if isinstance(node, str) and node.startswith(("ws://", "wss://")) else None

    @cached_property
    def limits(self) -> Limits:
        """How much the node takes at once, as far as it is known."""
        return Limits(self._node if isinstance(self._node, str) else None)

    def __call__(self, questions: Sequence[Request], *, hasty: bool = False) -> list[Answer | None]:
        """Ask all at once: the answer to each, in their order; None for what was left out.

        In batches as long as the node takes them; what is left out of one is asked again in
        smaller ones. A `hasty` question is given up where it is only slow, for a lesser one.

        Raises: ChainError when no answer comes, BusyError when one may come later.
        """
        answers: list[Answer | None] = []
        while len(answers) < len(questions):
            start = len(answers)
            answers += self._batch(questions[start : start + self.limits.batch.size], hasty)
        return answers

    def _batch(self, questions: Sequence[Request], hasty: bool) -> list[Answer | None]:
        if len(questions) == 1:
            return self._reply(questions, hasty).answers()
        reply = self._reply_to_many(questions, hasty)
        found = reply.found(len(questions))
        missing = [number for number, answer in enumerate(found) if answer is None]
        if not missing:
            self.limits.batch.accept(len(questions))
            return found
        if len(missing) == len(questions) and not is_of_batch(reply.complaint):
            # Whether it is for the length of the batch, the first question alone can tell.
            found[0] = self._batch(questions[:1], hasty)[0]
            if found[0] is None:
                return found
            missing = missing[1:]
        self._shorten(len(questions), len(questions) - len(missing), reply)
        again = self([questions[number] for number in missing], hasty=hasty)
        self.limits.keep()
        for number, answer in zip(missing, again, strict=True):
            found[number] = answer
        return found

    def _reply_to_many(self, questions: Sequence[Request], hasty: bool) -> Reply:
        try:
            return self._reply(questions, hasty)
        except SlowError:
            if hasty:
                raise
            # Fewer of them may be answered in time.
            return Reply(None, ())

    def _shorten(self, asked: int, answered: int, reply: Reply) -> None:
        """Ask less at once from now on: as the node says, or as far as it has answered."""
        if (limit := batch_limit(reply.complaint)) is not None:
            self.limits.batch.limit(limit)
        self.limits.batch.refuse(asked, limit or (answered if answered > 1 else None))

    @cached_property
    def _connection(self) -> Connection:
        # web3 takes a quarter of a second to import: nobody waits for it who asks no node.
        from prorata.chain.transports.providers import borrow, connect  # noqa: PLC0415

        return connect(self._node) if isinstance(self._node, str) else borrow(self._node)

    @property
    def _subject(self) -> str:
        return f"the node at {self.name}" if isinstance(self._node, str) else self.name

    def _reply(self, questions: Sequence[Request], hasty: bool) -> Reply:
        try:
            return self._patient(questions, hasty)
        except ChainError as error:
            TROUBLES[self.name, _TROUBLE.get(type(error), "failed")] += 1
            raise

    def _patient(self, questions: Sequence[Request], hasty: bool) -> Reply:
        pauses = RETRIES_AFTER_SECONDS if isinstance(self._node, str) else ()
        timeout = min(TIMEOUT_SECONDS, HASTY_SECONDS) if hasty else TIMEOUT_SECONDS
        for pause in (*pauses, None):
            if self._bucket is not None:
                self._bucket.take(len(questions))
            try:
                reply = self._connection.ask(questions, timeout)
                if hasty and reply.is_overtaxed:
                    return self._last_word(reply)
                if not reply.is_busy:
                    return self._understood(reply, len(questions))
                if pause is None:
                    return self._last_word(reply)
            except UnansweredError as error:
                if pause is None or error.final or (hasty and error.slow):
                    raise self._unanswered(error) from None
            time.sleep(pause)
        raise AssertionError

    def _understood(self, reply: Reply, count: int) -> Reply:
        if reply.content is not None or (count > 1 and reply.is_too_large):
            return reply
        raise ChainError(
            f"{self._subject} answered HTTP {reply.status}, not JSON-RPC",
            "check the address and, if it needs one, the key in it",
        )

    def _last_word(self, reply: Reply) -> Reply:
        """The reply of a node that is still busy, if it says to which question; else a refusal.

        A batch that is refused as a whole is not asked again in pieces, which would be asking more.
        """
        content, status = reply.content, reply.status
        if isinstance(content, list):
            return reply
        kind = SlowError if reply.is_overtaxed else BusyError
        if content and content.get("error"):
            trouble = f"answers no more for now: {reason_given(content['error'])}"
        elif status == 429:
            trouble = "answers no more for now (HTTP 429, too many requests)"
        elif reply.is_well:
            trouble = "answered half a sentence" + (f" with HTTP {status}" if status else "")
        else:
            trouble = f"is out of order for now (HTTP {status})"
        raise kind(f"{self._subject} {trouble}", f"wait a minute and {RUN_AGAIN}")

    def _unanswered(self, error: UnansweredError) -> ChainError:
        remedy = "check the address and that the node is running"
        return (SlowError if error.slow else ChainError)(
            f"{self._subject} does not answer ({error.reason})",
            remedy if isinstance(self._node, str) else None,
        )


def _shown(address: str) -> str:
    """The address without what may be a key: user, path and query stay unsaid."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme == "ipc":
        # Of a socket on this machine the path is all there is to say, and no secret.
        return address
    host = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    return f"{scheme}://{host}"


def _checked(address: str) -> str:
    if _is_url(address) or _is_socket(address):
        return address
    raise InputError.of(
        "node",
        _shown(address),
        "is no address of a node",
        "give one that begins with http://, https://, ws:// or wss://, or the path of an IPC "
        "socket, which ends in .ipc or begins with ipc://",
    )


def _is_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
        # No library says clearly what is wrong with a host or a port that cannot be.
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    return parts.scheme in SCHEMES and host != b"" and port != 0


def _is_socket(address: str) -> bool:
    scheme, separator, path = address.partition("://")
    return bool(path) and scheme == "ipc" if separator else address.endswith(".ipc")


def _lent(node: Web3 | BaseProvider) -> Any:
    provider: Any = getattr(node, "provider", node)
    if getattr(provider, "is_async", False) or not hasattr(provider, "make_request"):
        raise InputError.of(
            "node",
            type(provider).__name__,
            "is no connection that can be borrowed",
            "give a Web3 with an HTTPProvider, an IPCProvider or a LegacyWebSocketProvider, or an "
            "address",
        )
    if getattr(provider, "cache_allowed_requests", False):
        raise InputError.of(
            "node",
            type(provider).__name__,
            "remembers answers, and so would not notice a reorganisation",
            "give one without cache_allowed_requests",
        )
    return provider
