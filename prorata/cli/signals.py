# SPDX-License-Identifier: MIT
"""What a process does that is asked to end: it stops after what it has in hand."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["stopped_by_signals"]


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """While the block lasts, SIGINT and SIGTERM call `stop` and end nothing by themselves."""
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        # Only the main thread may say what a signal does.
        with suppress(ValueError):
            before[number] = signal.signal(number, lambda *_: stop())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
