# SPDX-License-Identifier: MIT
"""The journal: what was signed is on disk before it is sent, so that no step is done twice.

One JSON object a line, appended and never changed. The first line says which chain the journal
belongs to; each further line is a `JournalEntry`, a signed transaction under the key of the step
it executes, or gives such a key up. Every line ends with a digest over itself and the digest of
the line before, so that a changed, missing or inserted line is noticed.

A line becomes durable before its transaction leaves. Whoever is killed in between finds, on the
next run, the very bytes to send again; a last line torn by the kill was never sent and is dropped.
The journal holds signed transactions, which anyone may see, and never a key.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from eth_utils.crypto import keccak

from prorata.errors import JournalError
from prorata.files.log import append_lines, whole_lines

__all__ = ["Journal", "JournalEntry"]

VERSION = 1


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

    Raises: JournalError when another run has it open, when it belongs to another chain, or when
    a line of it is damaged.
    """

    def __init__(self, path: str | os.PathLike[str], *, chain_id: int, genesis_hash: str) -> None:
        self.path = Path(path)
        self._entries: list[JournalEntry] = []
        self._latest: dict[str, JournalEntry | None] = {}
        self._seal = ""
        self._file = self._open()
        try:
            self._load({"journal": VERSION, "chain": chain_id, "genesis": genesis_hash})
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
        self._append([_line(entry) for entry in new])
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
        self._append([{"abandoned": key}])
        self._latest[key] = None

    def close(self) -> None:
        """Close the file, which unlocks it; a second call does nothing."""
        self._file.close()

    # ------------------------------------------------------------------- the file

    def _open(self) -> Any:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("a+b")
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written ({str(error.strerror).lower()})",
                "give a folder that this account may write",
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise JournalError(
                f"the journal {self.path} is in use by another run", "wait until that one ends"
            ) from None
        return file

    def _load(self, header: Mapping[str, Any]) -> None:
        lines = whole_lines(self._file)
        if not lines:
            self._append([header])
            _sync_folder(self.path.parent)
            return
        for number, line in enumerate(lines, start=1):
            record = self._unsealed(number, line)
            if number == 1:
                self._check_header(record, header)
            else:
                self._take(number, record)

    def _unsealed(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            record = json.loads(line)
            seal = record.pop("seal")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise self._damaged(number) from None
        if seal != _seal(self._seal, record):
            raise self._damaged(number)
        self._seal = seal
        return dict(record)

    def _check_header(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if found.get("journal") != VERSION:
            raise self._damaged(1)
        if found != wanted:
            raise JournalError(
                f"the journal {self.path} belongs to chain {found.get('chain')} with genesis "
                f"{found.get('genesis')}, not to chain {wanted['chain']} with genesis "
                f"{wanted['genesis']}",
                "choose the network or the folder that belong together",
            )

    def _take(self, number: int, record: Mapping[str, Any]) -> None:
        if set(record) == {"abandoned"}:
            self._latest[record["abandoned"]] = None
            return
        try:
            entry = JournalEntry(**{**record, "raw": bytes.fromhex(record["raw"])})
        except (TypeError, KeyError, ValueError):
            raise self._damaged(number) from None
        if f"0x{keccak(entry.raw).hex()}" != entry.hash:
            raise self._damaged(number)
        self._remember(entry)

    def _remember(self, entry: JournalEntry) -> None:
        self._entries.append(entry)
        self._latest[entry.key] = entry

    def _append(self, records: Iterable[Mapping[str, Any]]) -> None:
        seal, lines = self._seal, []
        for record in records:
            seal = _seal(seal, record)
            lines.append(_text({**record, "seal": seal}))
        try:
            append_lines(self._file, lines)
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written ({str(error.strerror).lower()}), "
                "so nothing was sent",
                "make room on the disk and run again",
            ) from None
        self._seal = seal

    def _damaged(self, number: int) -> JournalError:
        return JournalError(
            f"line {number} of the journal {self.path} is damaged or was changed",
            "restore the file from a copy; without it, what was sent can be read only on the chain",
        )


def _line(entry: JournalEntry) -> dict[str, Any]:
    return {**vars(entry), "raw": entry.raw.hex()}


def _seal(previous: str, record: Mapping[str, Any]) -> str:
    return sha256(previous.encode() + _text(record)).hexdigest()[:16]


def _text(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


def _sync_folder(folder: Path) -> None:
    # Without this a crash could lose the new file's name.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
