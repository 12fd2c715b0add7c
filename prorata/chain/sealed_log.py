# SPDX-License-Identifier: MIT
"""A log that tells when it was changed: every line ends with a digest over itself and the last.

One JSON object a line, appended and never changed. The seal of a line is over the line and the
seal before it, so that a changed, missing or inserted line is noticed. A last line torn by a kill
is dropped: nothing was done for it. The seals have no secret: whoever can write the file can seal
it anew, which only a copy of its head, kept elsewhere, or the chain can show.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from prorata.chain.turns import Holder, leave_turn, take_turn
from prorata.errors import JournalError
from prorata.files.log import append_lines, whole_lines

__all__ = ["SealedLog", "sealed"]


class SealedLog:
    """The lines of a sealed file, open and locked until `close`; or only read, as they are now.

    Another run is waited for so many seconds, and is told that `command` has the file now.

    Raises: JournalError when another run has it open, or a line of it is damaged.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, command: str = "", wait: float = 0.0
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.records: list[dict[str, Any]] = []
        self.seals: list[str] = []
        self._file = None if read_only else _locked(path, command, wait)
        try:
            for number, line in enumerate(self._lines(), start=1):
                self._take(number, line)
        except BaseException:
            self.close()
            raise

    def append(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add lines, and wait until the disk has them.

        Raises: JournalError when the disk does not take them, or the log is only read.
        """
        if self._file is None:
            raise JournalError(
                f"the journal {self.path} is open to be read only, so nothing was sent"
            )
        new, seals, lines = list(records), [self.seal], []
        for record in new:
            seals.append(_seal(seals[-1], record))
            lines.append(_text({**record, "seal": seals[-1]}))
        first = not self.seals
        try:
            append_lines(self._file, lines)
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written ({str(error.strerror).lower()}), "
                "so nothing was sent",
                "make room on the disk and run again",
            ) from None
        if first:
            _sync_folder(self.path.parent)
        self.records += [dict(record) for record in new]
        self.seals += seals[1:]

    def close(self) -> None:
        """Close the file, which unlocks it; a second call does nothing."""
        if self._file is not None and not self._file.closed:
            leave_turn(self.path)
            self._file.close()

    @property
    def seal(self) -> str:
        """The last line's seal; empty where there is no line."""
        return self.seals[-1] if self.seals else ""

    def damaged(self, number: int) -> JournalError:
        """The refusal of a line, counted from 1."""
        return JournalError(
            f"line {number} of the journal {self.path} is damaged or was changed",
            "restore the file from a copy; without it, what was sent can be read only on the chain",
        )

    def _lines(self) -> list[bytes]:
        if self._file is not None:
            return whole_lines(self._file)
        try:
            # What follows the last line end is being written, or was torn by a kill.
            return self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be read ({str(error.strerror).lower()})",
                "give a folder that this account may read",
            ) from None

    def _take(self, number: int, line: bytes) -> None:
        try:
            record = json.loads(line)
            seal = record.pop("seal")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise self.damaged(number) from None
        if seal != _seal(self.seal, record):
            raise self.damaged(number)
        self.records.append(dict(record))
        self.seals.append(seal)


def sealed(previous: str, record: Mapping[str, Any]) -> bytes:
    """A line as it follows the one whose seal is `previous`, without its end."""
    return _text({**record, "seal": _seal(previous, record)})


def _locked(path: Path, command: str, wait: float) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be written ({str(error.strerror).lower()})",
            "give a folder that this account may write",
        ) from None
    held_by = take_turn(file, path, Holder.of_this_process(command), wait)
    if held_by is not None:
        file.close()
        raise JournalError(
            f"the journal {path} is in use by {held_by}",
            "wait until that one ends, or let this one wait with --wait SECONDS",
        )
    return file


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
