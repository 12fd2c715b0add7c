# SPDX-License-Identifier: MIT
"""The journal: what was signed is on disk before it is sent, so that no step is done twice.

A sealed log, in which a changed, missing or inserted line is noticed. Its first line says which
chain the journal belongs to. Each further line is a `JournalEntry`, a signed transaction under the
key of the step it executes; or gives such a key up; or notes facts, such as an order with its
reason, that are to be kept beside what was sent for it.

A line becomes durable before its transaction leaves. Whoever is killed in between finds, on the
next run, the very bytes to send again; a last line torn by the kill was never sent and is dropped.
The journal holds signed transactions, which anyone may see, and never a key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from eth_utils.crypto import keccak

from prorata.chain.sealed_log import SealedLog
from prorata.errors import JournalError

__all__ = ["Journal", "JournalEntry"]

VERSIONS = (1, 2)
"""Those that can be read. Version 1 had no notes and no identity; a new journal is of the last."""


@dataclass(frozen=True)
class JournalEntry:
    """A transaction that was signed for the step `key` and may have been sent.

    `digest` identifies what the step does (receiver, data and value), whatever nonce and fees it
    was signed with; `hash` is the transaction's, as `0x…`; `raw` the signed bytes.
    """

    key: str
    label: str
    sender: str
    nonce: int
    digest: str
    hash: str
    raw: bytes


class Journal:
    """The journal file of one deployment, open and locked until `close`.

    With `read_only` it is looked at as it is now: nothing is locked, created or written, and a
    file that is not there is an empty journal.

    Raises: JournalError when another run has it open, when it belongs to another chain, or when
    a line of it is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        chain_id: int,
        genesis_hash: str,
        read_only: bool = False,
    ) -> None:
        self.path = Path(path)
        self._entries: list[JournalEntry] = []
        self._latest: dict[str, JournalEntry | None] = {}
        self._notes: list[Mapping[str, Any]] = []
        self._log = SealedLog(self.path, read_only=read_only)
        try:
            self._load({"chain": chain_id, "genesis": genesis_hash})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        """The open journal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """All that was ever signed, in order, given up or not."""
        return tuple(self._entries)

    @property
    def notes(self) -> tuple[Mapping[str, Any], ...]:
        """The facts of every note, in order."""
        return tuple(self._notes)

    def live(self) -> list[JournalEntry]:
        """The latest entry of every key that was not given up, in order of signing."""
        latest = {entry.hash for entry in self._latest.values() if entry is not None}
        return [entry for entry in self._entries if entry.hash in latest]

    def find(self, key: str) -> JournalEntry | None:
        """The latest entry of a key; None when there is none or it was given up."""
        return self._latest.get(key)

    def versions(self, entry: JournalEntry) -> list[JournalEntry]:
        """All that was signed for the same step with the same nonce, of which one can be mined."""
        same = (entry.key, entry.sender, entry.nonce, entry.digest)
        return [e for e in self._entries if (e.key, e.sender, e.nonce, e.digest) == same]

    def write(self, entries: Iterable[JournalEntry]) -> None:
        """Append entries and wait until the disk has them. Only then may they be sent."""
        new = list(entries)
        self._log.append([_line(entry) for entry in new])
        for entry in new:
            self._remember(entry)

    def abandon(self, key: str) -> None:
        """Give a key up, so that its step is signed anew: for one whose nonce was used elsewhere.

        Raises: JournalError when the key has no entry to give up.
        """
        if self.find(key) is None:
            raise JournalError(
                f'the journal {self.path} has no step "{key}" to give up',
                "write the step as the refusal named it",
            )
        self._log.append([{"abandoned": key}])
        self._latest[key] = None

    def note(self, facts: Mapping[str, Any]) -> None:
        """Append facts, JSON's kinds only, and wait until the disk has them."""
        self._log.append([{"note": dict(facts)}])
        self._notes.append(dict(facts))

    def close(self) -> None:
        """Close the file, which unlocks it; a second call does nothing."""
        self._log.close()

    # ------------------------------------------------------------------- the file

    def _load(self, place: Mapping[str, Any]) -> None:
        if not self._log.records:
            if not self._log.read_only:
                header = {"journal": VERSIONS[-1], "id": secrets.token_hex(8)}
                self._log.append([{**header, **place}])
            return
        first, *others = self._log.records
        self._check_header(first, place)
        for number, record in enumerate(others, start=2):
            self._take(number, record)

    def _check_header(self, found: Mapping[str, Any], place: Mapping[str, Any]) -> None:
        if found.get("journal") not in VERSIONS:
            raise self._log.damaged(1)
        if {name: found.get(name) for name in place} != place:
            raise JournalError(
                f"the journal {self.path} belongs to chain {found.get('chain')} with genesis "
                f"{found.get('genesis')}, not to chain {place['chain']} with genesis "
                f"{place['genesis']}",
                "choose the network or the folder that belong together",
            )

    def _take(self, number: int, record: Mapping[str, Any]) -> None:
        if set(record) == {"abandoned"}:
            self._latest[record["abandoned"]] = None
            return
        if set(record) == {"note"} and isinstance(record["note"], dict):
            self._notes.append(record["note"])
            return
        try:
            entry = JournalEntry(**{**record, "raw": bytes.fromhex(record["raw"])})
        except (TypeError, KeyError, ValueError):
            raise self._log.damaged(number) from None
        if f"0x{keccak(entry.raw).hex()}" != entry.hash:
            raise self._log.damaged(number)
        self._remember(entry)

    def _remember(self, entry: JournalEntry) -> None:
        self._entries.append(entry)
        self._latest[entry.key] = entry


def _line(entry: JournalEntry) -> dict[str, Any]:
    return {**vars(entry), "raw": entry.raw.hex()}
