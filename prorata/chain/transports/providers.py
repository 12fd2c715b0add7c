# SPDX-License-Identifier: MIT
"""web3's providers as connections to a node: HTTP, a websocket, an IPC socket, or a borrowed one.

Only `make_request` and `make_batch_request` are used: middleware and formatters cost more than
the question. web3 sorts the answers of a batch by number and looks no further; so the number of
each question is kept here, for whoever has to know which answer is to which.
"""

from __future__ import annotations

import asyncio
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any
from urllib.parse import urlsplit

# HTTPProvider is made of it: its session knows of proxies, and its exceptions come through.
import requests
from web3 import HTTPProvider, LegacyWebSocketProvider
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from prorata.chain.transports.ipc import SilenceError, SocketProvider
from prorata.chain.transports.replies import Reply, Request, UnansweredError

__all__ = ["Connection", "borrow", "connect", "reason"]

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
CLOSING_SECONDS = 0.2
# A node that numbers a batch anew, from 0 or 1 on, must not meet our numbers.
FIRST_NUMBER = 2**20

_BAD_ADDRESS = (requests.exceptions.InvalidURL, InvalidURI)
# asyncio's own is Python's only from 3.11 on.
_TIMED_OUT = (requests.Timeout, TimeoutError, asyncio.TimeoutError, SilenceError)
_SILENT = (OSError, WebSocketException, *_BAD_ADDRESS, *_TIMED_OUT)
# Half an answer; or one that is nested too deep, or has too long a number, for Python to read.
_UNREADABLE = (ValueError, RecursionError)
# What web3 comes to when it sorts answers of which one is none, or that refuse all as one.
_UNSORTED = (AttributeError, TypeError, RuntimeWarning, NotImplementedError)

# An answer without a number is left out in any case.
warnings.filterwarnings("ignore", "Received batch response with missing", RuntimeWarning)


# ---------------------------------------------------------------------------------- the connection


class Connection:
    """A provider, asked for many things at once where it can be."""

    def __init__(
        self,
        provider: Any,
        *,
        set_timeout: Callable[[float], None] | None = None,
        status: _Status | None = None,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._provider = provider
        self._numbers = _numbers_of(provider)
        self._set_timeout = set_timeout
        self._status = status or _Status()
        self._lock = lock or nullcontext()

    def ask(self, questions: Sequence[Request], timeout: float) -> Reply:
        """What the node says to them, if it is not silent for more than `timeout` seconds.

        Of a borrowed connection the time is its owner's.

        Raises: UnansweredError.
        """
        with self._lock:
            if self._set_timeout is not None:
                self._set_timeout(timeout)
            self._numbers.start()
            content, status = self._heard(questions, timeout)
            # A provider that tries again of its own accord counts on.
            numbers = self._numbers.taken[-len(questions) :]
        return Reply(content if isinstance(content, list | dict) else None, numbers, status)

    def _heard(self, questions: Sequence[Request], timeout: float) -> tuple[object, int | None]:
        try:
            return self._content(questions), self._status.code
        except requests.HTTPError as error:
            return _json(error.response), error.response.status_code
        except _SILENT as error:
            # A websocket begins as HTTP, and a gateway may leave it at that.
            status: int | None = getattr(error, "status_code", None)
            if status is None:
                raise self._silence(error, timeout) from None
            return None, status
        except _UNREADABLE:
            return None, self._status.code

    def _content(self, questions: Sequence[Request]) -> object:
        asked = [(method, list(parameters)) for method, parameters in questions]
        if len(asked) == 1:
            return self._provider.make_request(*asked[0])
        try:
            return self._provider.make_batch_request(asked)
        except _UNSORTED:
            # Asked one by one, each will be told what is wrong.
            return {}

    def _silence(self, error: Exception, timeout: float) -> UnansweredError:
        slow = isinstance(error, _TIMED_OUT)
        if self._set_timeout is None:
            return UnansweredError(type(error).__name__, slow=slow)
        final = isinstance(error, _BAD_ADDRESS)
        return UnansweredError(reason(error, timeout), final=final, slow=slow)


def connect(address: str) -> Connection:
    """A connection to the node at an address, which is not used before the first question."""
    scheme, separator, rest = address.partition("://")
    if scheme in ("http", "https"):
        return _over_http(address)
    if scheme in ("ws", "wss"):
        return _over_websocket(address)
    return _over_ipc(rest if separator else address)


def borrow(provider: Any) -> Connection:
    """The connection of somebody else's provider, with the time-outs that its owner has set."""
    return Connection(provider, lock=threading.Lock())


def _own(provider: Any, **more: Any) -> Connection:
    """A connection to a provider that nobody else counts with."""
    provider.request_counter = count(FIRST_NUMBER)
    return Connection(provider, **more)


def _over_http(url: str) -> Connection:
    session, status = requests.Session(), _Status()
    # A node on this machine is never behind a proxy, whatever the environment says.
    session.trust_env = urlsplit(url).hostname not in LOOPBACK
    session.hooks["response"].append(status.note)
    # web3 keeps an empty dict for itself, and so would not hear of a later time-out.
    options: dict[str, object] = {"timeout": None}
    # When to ask again is decided where the answer is understood, and not in web3 as well.
    provider = HTTPProvider(
        url, request_kwargs=options, session=session, exception_retry_configuration=None
    )
    return _own(
        provider, set_timeout=lambda seconds: options.update(timeout=seconds), status=status
    )


def _over_websocket(url: str) -> Connection:
    # Nothing limits an answer over HTTP either, and a page of logs has megabytes.
    options: dict[str, object] = {"max_size": None, "close_timeout": CLOSING_SECONDS}
    provider: Any = LegacyWebSocketProvider(url, websocket_kwargs=options)

    def set_timeout(seconds: float) -> None:
        provider.websocket_timeout = options["open_timeout"] = seconds

    # One at a time, or one might read the other's answer.
    connection = _own(provider, set_timeout=set_timeout, lock=threading.Lock())
    weakref.finalize(connection, _hang_up, provider.conn).atexit = False
    return connection


def _hang_up(line: Any) -> None:
    # The thread of web3's event loop would keep it open, whether anybody uses it or not.
    if line.ws is not None:
        asyncio.run_coroutine_threadsafe(line.ws.close(), line.ws.loop)


def _over_ipc(path: str) -> Connection:
    provider = SocketProvider(path)
    return _own(provider, set_timeout=provider.set_timeout)


# ----------------------------------------------------------------------------------- what is kept


class _Numbers:
    """Numbers for questions; `taken` are those of this thread since its last `start`.

    None is used twice, lest a late answer to an earlier question pass for this one's.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._thread = threading.local()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        number = next(self._numbers)
        self.taken.append(number)
        return number

    def start(self) -> None:
        """Forget what this thread has taken."""
        self._thread.taken = []

    @property
    def taken(self) -> list[int]:
        """The numbers in the order of their questions."""
        taken: list[int] = self._thread.__dict__.setdefault("taken", [])
        return taken


def _numbers_of(provider: Any) -> _Numbers:
    """The numbers that a provider gives; one that gives none takes none of these.

    A borrowed provider goes on counting from where it is.
    """
    numbers = getattr(provider, "request_counter", None)
    if numbers is None:
        return _Numbers(count(FIRST_NUMBER))
    if not isinstance(numbers, _Numbers):
        provider.request_counter = numbers = _Numbers(numbers)
    return numbers


class _Status(threading.local):
    """HTTP's status in the last exchange of a thread; None where there is no HTTP."""

    code: int | None = None

    def note(self, response: requests.Response, **_: object) -> None:
        """Hear of a response, as a hook of its session."""
        self.code = response.status_code


def _json(response: requests.Response) -> object:
    try:
        return response.json()
    except _UNREADABLE:
        return None


# ----------------------------------------------------------------------------------------- reasons


_REASONS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (requests.exceptions.ChunkedEncodingError,),
        "the connection broke in the middle of its answer",
    ),
    ((requests.RequestException, *_BAD_ADDRESS), "bad address"),
    ((FileNotFoundError,), "there is no such socket"),
    ((ConnectionRefusedError,), "connection refused"),
    ((ConnectionError, ConnectionClosed), "the connection closed before it answered"),
    ((WebSocketException,), "it is no websocket"),
)


def reason(error: Exception, timeout: float) -> str:
    """Why a node does not answer that was given `timeout` seconds.

    The libraries' own texts repeat the whole address, key included.
    """
    if isinstance(error, _TIMED_OUT):
        return f"no answer within {timeout} seconds"
    if isinstance(error, requests.ConnectionError):
        # Heard or not is all the difference to one who has just sent something.
        closed = "RemoteDisconnected" in str(error) or "reset by peer" in str(error)
        return "the connection closed before it answered" if closed else "connection refused"
    for kinds, words in _REASONS:
        if isinstance(error, kinds):
            return words
    return str(getattr(error, "strerror", None) or "connection refused").lower()
