# SPDX-License-Identifier: MIT
"""A websocket that says when there is a new block, to look sooner than the next poll.

What it says is never read: after a reorganisation a subscription may announce heights a second
time, or none of them. Where the line dies, whoever polls goes on polling, and the line is tried
again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

__all__ = ["announced"]

SUBSCRIPTION = json.dumps(
    {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
)
OPEN_SECONDS = 10.0
AGAIN_SECONDS = 15.0


@contextmanager
def announced(addresses: Sequence[str], wake: Callable[[], None]) -> Iterator[None]:
    """While the block lasts, `wake` is called whenever a node at one of `addresses` says anything.

    It is called from another thread. Nothing happens where there is no address.
    """
    lines = [_Line(address, wake) for address in addresses]
    for line in lines:
        line.thread.start()
    try:
        yield
    finally:
        for line in lines:
            line.close()


class _Line:
    """One websocket, opened again some time after it has died."""

    def __init__(self, address: str, wake: Callable[[], None]) -> None:
        self._address, self._wake = address, wake
        self._over = threading.Event()
        self._open: Connection | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            with suppress(OSError, WebSocketException, ValueError):
                self._listen()
            self._over.wait(AGAIN_SECONDS)

    def _listen(self) -> None:
        with connect(
            self._address, open_timeout=OPEN_SECONDS, close_timeout=0.2, max_size=None
        ) as line:
            self._open = line
            line.send(SUBSCRIPTION)
            for _ in line:
                if self._over.is_set():
                    return
                self._wake()

    def close(self) -> None:
        """Hang up, and wait for it a moment only."""
        self._over.set()
        if self._open is not None:
            with suppress(OSError, WebSocketException):
                self._open.close()
        self.thread.join(1.0)
