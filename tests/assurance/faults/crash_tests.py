"""An act played by a process of its own, which dies at a chosen moment of writing or sending.

Moments are counted from 1 in the order in which they come: before the journal grows, with half of
a line on paper, and with all of it on disk; before a window of transactions leaves, with half of
it gone, and with all of it gone and unheard of; before and after a file is put in its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prorata.chain.node import RpcChain
from prorata.chain.sealed_log import SealedLog
from prorata.errors import ProrataError
from tests.assurance.faults.harness import FaultHarness
from tests.prorata.income.killed import Life, Paper

__all__ = ["make_killable", "moments_of", "play_until_killed"]

_FORK = multiprocessing.get_context("fork")


def moments_of(harness: FaultHarness) -> int:
    """How many moments the act has that is staged, if it is not killed."""
    harness.again()
    ended, lived, message = play_until_killed(harness, last=0)
    assert (ended, message) == (0, ""), message
    return lived


def play_until_killed(
    harness: FaultHarness, last: int, *, abandon: str | None = None, confirmations: int = 0
) -> tuple[int, int, str]:
    """Play the act until its end or its last moment.

    How it ended, which is 0 or a signal's number with a minus; how many moments it lived; and what
    it said, if it was refused.
    """
    ours, theirs = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_play, args=(harness, last, theirs, abandon, confirmations))
    child.start()
    theirs.close()
    lived, message = _heard(ours)
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return child.exitcode, lived, message


def _heard(line: Connection) -> tuple[int, str]:
    try:
        lived, message = line.recv()
    except EOFError:
        return 0, ""
    return lived, message


def _play(
    harness: FaultHarness, last: int, line: Connection, abandon: str | None, confirmations: int
) -> None:
    life, message = Life(last), ""
    make_killable(life)
    try:
        harness.play(abandon=abandon, confirmations=confirmations)
    except ProrataError as error:
        message = str(error)
    line.send((life.lived, message))


def make_killable(life: Life) -> None:
    """Let this process die at the last moment of `life`, wherever it writes or sends."""
    append, send_raw = SealedLog.append, RpcChain.send_raw

    def torn(self: SealedLog, records: Any) -> None:
        if not isinstance(self._file, Paper):
            self._file = Paper(self._file, life)
        append(self, records)

    def halved(self: RpcChain, signed: Sequence[bytes]) -> Any:
        if life.is_over():
            send_raw(self, signed[: len(signed) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return send_raw(self, signed)

    # The child is gone when its act is over, so nothing has to be put back.
    around: Callable[..., Any] = life.around
    SealedLog.append = around(torn)  # type: ignore[method-assign]
    RpcChain.send_raw = around(halved)  # type: ignore[method-assign]
    Path.replace = around(Path.replace)  # type: ignore[method-assign]
