# SPDX-License-Identifier: MIT
"""How much one node is asked for at once: less after a refusal, more again after successes.

What was learnt of a host is kept for a week in a small file of the user's cache, so that the next
command need not learn it again. Only the host is kept there: what else is in an address may be a
key. Nothing depends on the file, and so nothing fails where it cannot be read or written.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prorata.errors import InputError
from prorata.files.writer import write_json

__all__ = ["Limits", "Pace"]

BATCH = 100
LOG_PAGE = 10_000
FIRST_RANGE = 4

EASY_SECONDS = 2.0
EASY_LOGS = 5_000
MOST_PATIENT = 64
PATIENCE_AFTER_SLOW = 16
NARROWER = 4
NARROWER_AFTER_SLOW = 8
KEPT_SECONDS = 7 * 24 * 3600


@dataclass
class Pace:
    """How much is asked for at once, up to `most`.

    After so many full successes as its `patience` says, twice as much is tried. A trial that fails
    doubles the patience, and one that succeeds halves it: a limit that stands is hardly ever tried,
    and a dense stretch is soon forgotten.
    """

    most: int
    size: int
    patience: int = 1
    _successes: int = 0
    _sure: int = 0

    def refuse(self, asked: int, offer: int | None = None, *, slow: bool = False) -> None:
        """So much was too much; the node offered `offer`, or was only too `slow`."""
        if slow:
            self.patience = max(self.patience, PATIENCE_AFTER_SLOW)
        tried = 0 < self._sure < asked
        if tried:
            self.patience = min(2 * self.patience, MOST_PATIENT)
        if offer is not None and 0 < offer < asked:
            self.size = offer
        elif tried:
            self.size = self._sure
        else:
            self.size = max(1, asked // (NARROWER_AFTER_SLOW if slow else NARROWER))
        self._successes, self._sure = 0, 0

    def accept(self, asked: int, *, easily: bool = True) -> None:
        """So much was taken; `easily` if it was answered soon and shortly."""
        if asked < self.size:
            return
        if self._sure:
            self.patience = max(1, self.patience // 2)
        self._successes, self._sure = self._successes + 1, 0
        if easily and self.size < self.most and self._successes >= self.patience:
            self._sure, self._successes = self.size, 0
            self.size = min(2 * self.size, self.most)

    def limit(self, most: int) -> None:
        """Never ask for more than the node says is its limit."""
        self.most = max(1, min(self.most, most))
        self.size = min(self.size, self.most)

    @property
    def known(self) -> list[int]:
        """What is worth keeping: the most, what was surely taken, and the patience."""
        return [self.most, self._sure or self.size, self.patience]


class Limits:
    """What a node takes at once: `logs` in blocks of a range, `batch` in questions.

    `comfortable` is how many blocks at once have no more logs than the asker has room for.
    """

    def __init__(self, address: str | None = None) -> None:
        self._host = _host_of(address)
        known = _read().get(self._host, {}) if self._host else {}
        self.logs = _pace(known.get("logs"), LOG_PAGE)
        self.batch = _pace(known.get("batch"), BATCH)
        self.comfortable = FIRST_RANGE
        self._kept = self._facts

    def keep(self) -> None:
        """Remember for the host what has changed."""
        if self._host is None or self._facts == self._kept:
            return
        self._kept = self._facts
        # A home that nobody has is no error of the command's.
        with suppress(InputError, RuntimeError):
            entry = {**self._facts, "at": int(time.time())}
            write_json(_path(), {**_read(), self._host: entry}, durable=False)

    @property
    def _facts(self) -> dict[str, list[int]]:
        return {"logs": self.logs.known, "batch": self.batch.known}


def _host_of(address: str | None) -> str | None:
    """The host with its port; None for a socket of this machine, or a borrowed connection."""
    if address is None or "://" not in address or address.startswith("ipc:"):
        return None
    return urlsplit(address).netloc.rpartition("@")[2].lower() or None


def _pace(known: object, most: int) -> Pace:
    """The pace that was kept, as far as it makes sense."""
    if isinstance(known, list) and len(known) == 3 and all(type(n) is int for n in known):
        limit, size, patience = known
        if 1 <= size <= limit <= most and 1 <= patience <= MOST_PATIENT:
            return Pace(limit, size, patience)
    return Pace(most, most)


# --------------------------------------------------------------------------------------- the file


def _path() -> Path:
    """In the folder that `PRORATA_CACHE` names, or where the system keeps such things."""
    if named := os.environ.get("PRORATA_CACHE"):
        return Path(named) / "nodes.json"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "prorata" / "nodes.json"


def _read() -> dict[str, Any]:
    """By host, what is not too old."""
    try:
        content = json.loads(_path().read_bytes())
        oldest = time.time() - KEPT_SECONDS
        return {host: facts for host, facts in content.items() if oldest < facts["at"]}
    except (OSError, ValueError, RuntimeError, RecursionError, AttributeError, KeyError, TypeError):
        return {}
