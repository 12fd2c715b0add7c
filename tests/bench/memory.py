"""How much memory a process has held at most, in MB, as Linux tells it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["peak", "peaks_below"]

EVERY = 0.05
_PROCESSES = Path("/proc")


def peak(process: int | str = "self") -> int:
    """The most that a process has held; 0 for one that is gone.

    Not `getrusage`: there a process begins with the peak of the one that started it.
    """
    try:
        status = (_PROCESSES / str(process) / "status").read_text(encoding="utf-8")
    except OSError:
        return 0
    told = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(told[0]) // 1_024 if told else 0


@contextmanager
def peaks_below() -> Iterator[dict[int, int]]:
    """The peak of each process that this one starts meanwhile, looked at again and again."""
    peaks: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            for one in _children():
                peaks[one] = max(peaks.get(one, 0), peak(one))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield peaks
    finally:
        over.set()
        watching.join()


def _children() -> list[int]:
    """Whoever this process has started, from any of its threads."""
    lists = (_PROCESSES / "self" / "task").glob("*/children")
    return [int(one) for path in lists for one in path.read_text(encoding="utf-8").split()]
