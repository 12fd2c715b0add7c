# SPDX-License-Identifier: MIT
"""JSON-RPC to one node: batches, the patience with a busy one, and every failure a sentence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prorata.chain.transports.replies import Answer, Reply, Request, UnansweredError, reason_given
from prorata.errors import RUN_AGAIN, ChainError, InputError

if TYPE_CHECKING:
    from web3 import Web3
    from web3.providers.base import BaseProvider

    from prorata.chain.transports.providers import Connection

__all__ = ["BusyError", "Wire"]

TIMEOUT_SECONDS = 30
RETRIES_AFTER_SECONDS = (0.25, 1.0)
SCHEMES = frozenset({"http", "https", "ws", "wss"})


class BusyError(ChainError):
    """The node would answer later, and nothing is wrong with the question."""


class Wire:
    """Asks one node, over a connection that is made at the first question.

    `node` is an address, `http(s)://…`, `ws(s)://…`, `ipc:///path` or a path that ends in `.ipc`;
    or a `Web3`, or a provider of web3, whose connection is borrowed. Then its owner has said how
    often it tries again, and nothing is tried again here.

    Raises: InputError for what is neither.
    """

    def __init__(self, node: str | Web3 | BaseProvider) -> None:
        self._node: Any = _checked(node) if isinstance(node, str) else _lent(node)
        self.name = _shown(node) if isinstance(node, str) else "the node"

    def __call__(self, questions: Sequence[Request]) -> list[Answer | None]:
        """Ask all at once: the answer to each, in their order; None for what was left out.

        Raises: ChainError when no answer comes, BusyError when one may come later.
        """
        reply = self._reply(questions)
        if reply.is_for_each(questions):
            return reply.answers()
        return [answer for question in questions for answer in self([question])]

    @cached_property
    def _connection(self) -> Connection:
        # web3 takes a quarter of a second to import: nobody waits for it who asks no node.
        from prorata.chain.transports.providers import borrow, connect  # noqa: PLC0415

        return connect(self._node) if isinstance(self._node, str) else borrow(self._node)

    @property
    def _subject(self) -> str:
        return f"the node at {self.name}" if isinstance(self._node, str) else self.name

    def _reply(self, questions: Sequence[Request]) -> Reply:
        pauses = RETRIES_AFTER_SECONDS if isinstance(self._node, str) else ()
        for pause in (*pauses, None):
            try:
                reply = self._connection.ask(questions, TIMEOUT_SECONDS)
                if not reply.is_busy:
                    return self._understood(reply)
                if pause is None:
                    return self._last_word(reply)
            except UnansweredError as error:
                if pause is None or error.final:
                    raise self._unanswered(error) from None
            time.sleep(pause)
        raise AssertionError

    def _understood(self, reply: Reply) -> Reply:
        if reply.content is not None:
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
        if content and content.get("error"):
            trouble = f"answers no more for now: {reason_given(content['error'])}"
        elif status == 429:
            trouble = "answers no more for now (HTTP 429, too many requests)"
        elif reply.is_well:
            trouble = "answered half a sentence" + (f" with HTTP {status}" if status else "")
        else:
            trouble = f"is out of order for now (HTTP {status})"
        raise BusyError(f"{self._subject} {trouble}", f"wait a minute and {RUN_AGAIN}")

    def _unanswered(self, error: UnansweredError) -> ChainError:
        remedy = "check the address and that the node is running"
        return ChainError(
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
