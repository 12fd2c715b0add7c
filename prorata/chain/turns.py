# SPDX-License-Identifier: MIT
"""Turns: one run at a time has a file, and whoever comes meanwhile learns who has it.

The lock is the operating system's, and goes with the process that holds it, however that ends. Who
holds it stands in a file beside, which is only for people: where it is missing or of a process that
is gone, the holder is just "another run".
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from prorata.values.times import moment

__all__ = ["Holder", "leave_turn", "take_turn"]

PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Holder:
    """A process with its turn: the command that it runs, and since when, in UTC."""

    pid: int
    host: str
    command: str
    since: str

    @classmethod
    def of_this_process(cls, command: str) -> Holder:
        """This one, from now on."""
        return cls(os.getpid(), socket.gethostname(), command, moment(int(time.time())))

    def __str__(self) -> str:
        called = f", `{self.command}`" if self.command else ""
        return f"process {self.pid} on {self.host}{called}, since {self.since}"


def take_turn(file: BinaryIO, path: Path, holder: Holder, wait: float) -> str | None:
    """Lock an open file, waiting so many seconds for it; else who has it, in words."""
    until = time.monotonic() + wait
    while not _locked(file):
        if time.monotonic() >= until:
            return _holder_of(path)
        time.sleep(PAUSE_SECONDS)
    # Without it nothing is lost but the name.
    with contextlib.suppress(OSError):
        _beside(path).write_text(json.dumps(vars(holder)), encoding="utf-8")
    return None


def leave_turn(path: Path) -> None:
    """Before the file is closed, take the name away."""
    with contextlib.suppress(OSError):
        _beside(path).unlink()


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder_of(path: Path) -> str:
    try:
        holder = Holder(**json.loads(_beside(path).read_bytes()))
    except (OSError, ValueError, TypeError):
        return "another run"
    if holder.host == socket.gethostname() and not _lives(holder.pid):
        return "another run"
    return f"another run: {holder}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _beside(path: Path) -> Path:
    return path.with_suffix(".lock")
