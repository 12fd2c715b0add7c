"""A node that misbehaves on purpose: an HTTP proxy before a real one, spoiling chosen exchanges.

An exchange is one HTTP request with its answer. Moments are counted from 1: each exchange is one,
but a wait is one altogether, however often a busy machine has to look. A fault is a function of the
exchange: it may let it through, answer in the node's place, or let the line go dead, before or
after the node has heard. What it returns is sent to the client; None lets all pass as it came.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, TypeAlias
from urllib.parse import urlsplit

__all__ = ["Answer", "Exchange", "Fault", "FaultyNode", "faulty_node"]

SENDING = "eth_sendRawTransaction"
RECEIPT = "eth_getTransactionReceipt"
WAITING = (RECEIPT, "eth_getTransactionCount", "anvil_getAutomine", "evm_mine")
"""What is asked in a wait, besides what was sent being sent again."""


@dataclass(frozen=True)
class Answer:
    """What the client gets: the first `share` of the bytes, in thousandths, after `delay` seconds.

    A share of 0 is a connection that closes without a word.
    """

    body: bytes = b""
    status: int = 200
    share: int = 1_000
    delay: float = 0.0


class Exchange:
    """One request on its way to the node."""

    def __init__(self, node: FaultyNode, number: int, raw: bytes) -> None:
        self.node, self.number, self.raw = node, number, raw
        self.body: Any = json.loads(raw)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The questions in it."""
        return self.body if isinstance(self.body, list) else [self.body]

    @property
    def methods(self) -> list[str]:
        return [part["method"] for part in self.parts]

    @property
    def looks(self) -> bool:
        """Whether it asks for receipts and nothing else."""
        return set(self.methods) == {RECEIPT}

    @property
    def sends(self) -> bool:
        """Whether it broadcasts a transaction."""
        return SENDING in self.methods

    def ask(self) -> bytes:
        """What the node says to it."""
        return self.node.forward(self.raw)

    def each(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
        """An answer made up for each question."""
        answers = [{"jsonrpc": "2.0", "id": part["id"], **answer(part)} for part in self.parts]
        return json.dumps(answers if isinstance(self.body, list) else answers[0]).encode()


Fault: TypeAlias = Callable[[Exchange], Answer | None]


class FaultyNode:
    """The proxy; the address to use it at is `url`."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.url = ""
        self._lines = threading.local()
        self._lock = threading.Lock()
        self.calm()

    def calm(self) -> None:
        """Behave from now on, and count from 1 again.

        `seen` is what every exchange has asked, `moments` what every moment has.
        """
        self._fault: Fault | None = None
        self._at, self._times, self._among, self._passed = 0, 0, lambda exchange: True, 0
        self.met = 0
        self.seen: list[list[str]] = []
        self.moments: list[list[str]] = []
        self._waiting, self._sent = False, set[str]()

    def arm(
        self,
        fault: Fault,
        *,
        at: int = 1,
        times: int = 1,
        among: Callable[[Exchange], bool] = lambda exchange: True,
    ) -> None:
        """Let the fault meet `times` exchanges, from the `at`-th moment on of those that `among`
        picks.

        `met` tells how many it has met.
        """
        self.calm()
        self._fault, self._at, self._times, self._among = fault, at, times, among

    def answer(self, raw: bytes) -> Answer:
        with self._lock:
            exchange = Exchange(self, len(self.seen) + 1, raw)
            self.seen.append(exchange.methods)
            waited = self._goes_on_waiting(exchange)
            if not waited:
                self.moments.append(exchange.methods)
            # What has begun to go wrong goes on doing so.
            fault = None if waited and not self.met else self._drawn(exchange)
        answer = None if fault is None else fault(exchange)
        return Answer(exchange.ask()) if answer is None else answer

    def _goes_on_waiting(self, exchange: Exchange) -> bool:
        """Whether it is one more look, or a reminder, of a wait that a look has begun."""
        sent = {str(part["params"]) for part in exchange.parts if part["method"] == SENDING}
        reminds = bool(sent) and sent <= self._sent
        self._sent |= sent
        again = self._waiting and (reminds or set(exchange.methods) <= set(WAITING))
        self._waiting = again or exchange.looks
        return again

    def _drawn(self, exchange: Exchange) -> Fault | None:
        if self._fault is None or not self._among(exchange):
            return None
        self._passed += 1
        if not self._at <= self._passed < self._at + self._times:
            return None
        self.met += 1
        return self._fault

    def forward(self, raw: bytes) -> bytes:
        """Ask the true node, on a connection of this thread's."""
        line = getattr(self._lines, "line", None)
        if line is None:
            line = HTTPConnection(str(self.target.hostname), self.target.port, timeout=30)
            line.connect()
            line.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            self._lines.line = line
        line.request("POST", "/", raw, {"Content-Type": "application/json"})
        with line.getresponse() as response:
            return bytes(response.read())

    def hang_up(self) -> None:
        if (line := getattr(self._lines, "line", None)) is not None:
            line.close()
            self._lines.line = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    node: FaultyNode

    def do_POST(self) -> None:
        answer = self.node.answer(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(answer.delay)
        if answer.share < 1_000:
            self.close_connection = True
        if answer.share:
            # The client may have had no more patience.
            with suppress(OSError):
                self._write(answer)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) * answer.share // 1_000])
        self.wfile.flush()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def finish(self) -> None:
        self.node.hang_up()
        with suppress(OSError):
            super().finish()

    def log_message(self, *arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that waits no more must not keep the server from closing.
    block_on_close = False


@contextmanager
def faulty_node(target: str) -> Iterator[FaultyNode]:
    """A proxy before the node at `target`, until the block ends."""
    node = FaultyNode(target)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"node": node}))
    node.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
