# SPDX-License-Identifier: MIT
"""What the application does as soon as its process is asked to end, while requests are answered."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

__all__ = ["asked_to_end"]


@contextmanager
def asked_to_end(first: Callable[[], None]) -> Iterator[None]:
    """While the block lasts, a signal to end calls `first` in the loop, then the server's handler.

    A server ends an application only when all its answers are out; a stream has no end of its own.
    """
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(first)
        servers = before.get(number)
        if callable(servers):
            servers(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM):
        # Outside the main thread nobody hears of signals: the server is then ended otherwise.
        with suppress(ValueError):
            found = signal.getsignal(number)
            if callable(found) and found is not signal.default_int_handler:
                before[number] = found
                signal.signal(number, handle)
    try:
        yield
    finally:
        for kept, servers in before.items():
            if signal.getsignal(kept) is handle:
                signal.signal(kept, servers)
