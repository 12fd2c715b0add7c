# SPDX-License-Identifier: MIT
"""Several commands as processes of their own: begun, begun again when one dies, ended in order.

They have nothing in common but the database: so the one that decodes does not slow down the one
that answers, and each may be killed at any time. One that dies is begun again after a pause that
grows; a mistake in its options ends all, since it would die of it again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["MISTAKE", "Part", "Supervisor"]

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds before each further beginning."""
STEADY_SECONDS = 60.0
"""One that has lived for so long dies of something new."""
LOOK_SECONDS = 0.05
MISTAKE = 2
"""The exit code of a mistake in the options."""
_ASKED = (0, -signal.SIGTERM, -signal.SIGINT)


@dataclass(frozen=True)
class Part:
    """A command that is to run: what it is to people, and its words after `prorata`."""

    name: str
    words: tuple[str, ...]
    grace: float = 15.0
    """So many seconds has it to end by itself."""
    ready: Callable[[], bool] = lambda: True
    """Whether what it needs is there."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What stands in no list of processes, such as an address with a key in it."""


@dataclass
class _Child:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    due: float = 0.0
    deaths: int = 0
    waits: bool = False


@dataclass
class Supervisor:
    """Runs parts, in the order given; they are ended in the order of `ending`."""

    parts: Sequence[Part]
    ending: Sequence[str] = ()
    say: Callable[[str], None] = lambda _: None
    pauses: Sequence[float] = PAUSES
    look: float = LOOK_SECONDS
    _children: list[_Child] = field(default_factory=list, init=False)
    _stops: int = field(default=0, init=False)
    _wake: threading.Event = field(default_factory=threading.Event, init=False)

    def stop(self) -> None:
        """End all of them in order; the second time, at once."""
        self._stops += 1
        self._wake.set()

    def run(self) -> int:
        """Run until `stop` is called; the exit code.

        0 when each has ended by itself on being asked to, 2 when one has a mistake in its options,
        else 1.
        """
        self._children = [_Child(part) for part in self.parts]
        code = 0
        try:
            while not self._stops and code != MISTAKE:
                for child in self._children:
                    code = max(code, self._tend(child))
                self._wake.wait(self.look)
        finally:
            clean = self._end_all()
        return code or (0 if clean else 1)

    # -------------------------------------------------------------------------------- while it runs

    def _tend(self, child: _Child) -> int:
        """Begin one that is due, notice one that has died; 2 for a mistake in its options."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._begin(child, now)
            return 0
        code = child.process.poll()
        if code is None:
            return 0
        self._let_go(child)
        name = child.part.name
        if code == MISTAKE:
            self.say(f"{name}: has a mistake in its options, and all is ended")
            return MISTAKE
        child.deaths = 1 if now - child.began >= STEADY_SECONDS else child.deaths + 1
        pause = self.pauses[min(child.deaths, len(self.pauses)) - 1]
        child.due = now + pause
        self.say(f"{name}: {_ended(code)}; it begins again in {pause:g} seconds")
        return 0

    def _begin(self, child: _Child, now: float) -> None:
        if not child.part.ready():
            if not child.waits:
                child.waits = True
                self.say(f"{child.part.name}: waits until there is a ledger to read")
            child.due = now + 10 * self.look
            return
        child.waits, child.began = False, now
        child.process = subprocess.Popen(
            [sys.executable, "-m", "prorata.cli.supervised", *child.part.words],
            # Held open: it ends when this process does.
            stdin=subprocess.PIPE,
            # Out of the terminal's reach, whose Ctrl-C would end all of them at once.
            start_new_session=True,
            # Bars of several processes would overwrite each other.
            env={**os.environ, "TTY_COMPATIBLE": "0", **child.part.env},
        )
        self.say(f"{child.part.name}: begins (process {child.process.pid})")

    # -------------------------------------------------------------------------------------- the end

    def _end_all(self) -> bool:
        """Whether each has ended by itself."""
        order = {name: place for place, name in enumerate(self.ending)}
        children = sorted(self._children, key=lambda one: order.get(one.part.name, len(order)))
        # Each of them, whatever the first ones did.
        ended = [self._end(child) for child in children]
        return all(ended)

    def _end(self, child: _Child) -> bool:
        process = child.process
        if process is None:
            return True
        process.terminate()
        until = time.monotonic() + child.part.grace
        while (code := process.poll()) is None and time.monotonic() < until and self._stops < 2:
            time.sleep(self.look)
        if code is None:
            # With all that it has started.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._let_go(child)
        words = "was killed, since it did not end by itself" if code is None else _ended(code)
        self.say(f"{child.part.name}: {words}")
        return code in _ASKED

    @staticmethod
    def _let_go(child: _Child) -> None:
        if child.process is not None and child.process.stdin is not None:
            child.process.stdin.close()
        child.process = None


def _ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return "has ended" if code == 0 else f"has ended with exit code {code}"
