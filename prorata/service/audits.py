# SPDX-License-Identifier: MIT
"""What the last audit of each asset has said: the files that `prorata books --json` has written.

A file is looked at again once it is another. One that is half written, damaged or gone changes
nothing: what was known stays known, so that a verdict does not vanish while the next is made.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.errors import ProrataError
from prorata.values.addresses import parse_address

__all__ = ["Audited", "Audits", "read_audit"]

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Audited:
    """An audit: all up to `block` was compared with the contracts, and was alike or was not."""

    block: int
    hash: str
    balanced: bool


class Audits:
    """The newest audit by chain and token."""

    def __init__(self, paths: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self._paths = [Path(one) for one in paths]
        self._clock = clock
        self._alone = threading.Lock()
        self._look_at = float("-inf")
        self._changes = 0
        self._seen: dict[Path, tuple[int, int, int]] = {}
        self._known: dict[Path, Mapping[tuple[int, str], Audited]] = {}

    @property
    def changes(self) -> int:
        """How often a verdict may have become another: what was known before may be so no more."""
        if self._paths:
            self._look()
        return self._changes

    def of(self, chain_id: int, token: str) -> Audited | None:
        """The audit of a token; of several files the one of the highest block, or that differs."""
        if not self._paths:
            return None
        self._look()
        found = [one[chain_id, token] for one in self._known.values() if (chain_id, token) in one]
        return max(found, key=lambda one: (one.block, not one.balanced), default=None)

    def _look(self) -> None:
        if self._clock() < self._look_at:
            return
        with self._alone:
            for path in self._paths:
                try:
                    there = path.stat()
                    state = (there.st_ino, there.st_size, there.st_mtime_ns)
                    if self._seen.get(path) == state:
                        continue
                    read = _audits_in(read_audit(path))
                except (OSError, ValueError, KeyError, TypeError, RecursionError, ProrataError):
                    continue
                # Another dict each time: whoever reads meanwhile reads the old one to the end.
                self._known = {**self._known, path: read}
                self._changes += 1
                self._seen[path] = state
            self._look_at = self._clock() + LOOK_SECONDS


def read_audit(path: Path) -> Any:
    """What an audit has written: where it has failed, its refusal follows in the same file.

    Raises: OSError, ValueError, RecursionError.
    """
    return json.JSONDecoder().raw_decode(path.read_text(encoding="utf-8").lstrip())[0]


def _audits_in(said: Any) -> dict[tuple[int, str], Audited]:
    """By chain and token."""
    block, balanced = said["block"], said["balanced"]
    if type(block) is not int or block < 0 or type(balanced) is not bool:
        raise ValueError
    one = Audited(block, str(said["block_hash"]), balanced)
    chain_id = int(said["chain_id"])
    return {(chain_id, parse_address(token["token"], "token")): one for token in said["tokens"]}
