# SPDX-License-Identifier: MIT
"""Who writes a chain, and whether that process still lives, which may have been killed."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["SILENCE_SECONDS", "lives", "shown", "signature"]

SILENCE_SECONDS = 30
"""So long after its last sign of life a writer on another machine is taken for dead."""


def signature(who: str) -> str:
    """The machine, the process and when it began, and who it is to people."""
    return f"{socket.gethostname()} {os.getpid()} {_began(os.getpid())} {who}"


def shown(signature: str) -> str:
    """A writer as people are told of it."""
    host, process, _, who = signature.split(" ", 3)
    return f"{who} (process {process} on {host})"


def lives(signature: str, beat: int) -> bool:
    """Whether a writer is still at work: on this machine its process, elsewhere its last beat."""
    host, process, began, _ = signature.split(" ", 3)
    if host != socket.gethostname():
        return time.time() - beat < SILENCE_SECONDS
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # The number of a process that has ended may be given to another one.
    return began == _began(int(process))


def _began(process: int) -> str:
    """When a process began, in whatever the system counts; `0` where it does not tell.

    One that was killed, and whose end nobody has looked at yet, is `ended`.
    """
    with suppress(OSError, IndexError):
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        state, *fields = told.rsplit(")", 1)[1].split()
        return "ended" if state == "Z" else fields[18]
    return "0"
