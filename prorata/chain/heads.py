# SPDX-License-Identifier: MIT
"""The heads of journals, kept elsewhere: how many lines each had after a run, and the last seal.

Seals show that lines fit each other, not that they are the lines of before: whoever has the file
can leave lines out and seal the rest anew. A file that is kept in another place, or by another
person, remembers. One JSON object a line, added after each run that wrote; the last one of a
journal counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from prorata.errors import JournalError
from prorata.files.log import append_lines, whole_lines

__all__ = ["Head", "HeadFile"]


@dataclass(frozen=True)
class Head:
    """A journal by its identity, its place and chain; how many lines it had, and the last seal."""

    id: str
    journal: str
    chain: int
    genesis: str
    lines: int
    seal: str


class HeadFile:
    """The file that remembers heads.

    Raises: JournalError when it cannot be written, or is damaged.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._heads: list[Head] = []
        if read_only and not path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as file:
                self._heads = [Head(**json.loads(line)) for line in whole_lines(file)]
        except OSError as error:
            raise self._refusal("cannot be written", error) from None
        except (ValueError, TypeError):
            raise JournalError(
                f"the file of heads {path} is damaged", "restore it from a copy"
            ) from None

    def check(self, found: Head, seals: Sequence[str]) -> None:
        """Whether a journal has grown from what it was, and stands where it stood.

        Raises: JournalError.
        """
        place = (found.journal, found.chain, found.genesis)
        there = [h for h in self._heads if (h.journal, h.chain, h.genesis) == place]
        if there and there[-1].id != found.id:
            raise self._told(found, f"is another one than the {there[-1].lines} lines")
        known = next((h for h in reversed(self._heads) if h.id == found.id), None)
        if known is None:
            return
        if known.lines > found.lines:
            raise self._told(found, f"has {found.lines} lines, and not the {known.lines}")
        if seals[known.lines - 1] != known.seal:
            raise self._told(found, f"has another line {known.lines} than the one")

    def record(self, head: Head) -> None:
        """Remember a head, unless it is the last one known.

        Raises: JournalError when the disk does not take it.
        """
        if head == next((h for h in reversed(self._heads) if h.id == head.id), None):
            return
        try:
            with self.path.open("a+b") as file:
                append_lines(file, [json.dumps(asdict(head), separators=(",", ":")).encode()])
        except OSError as error:
            raise self._refusal("could not be written after the run", error) from None
        self._heads.append(head)

    def _told(self, found: Head, what: str) -> JournalError:
        return JournalError(
            f"the journal {found.journal} {what} that {self.path} remembers: it was shortened or "
            "altered, or is an older copy, and nothing was sent",
            "go on with the journal of the last run; if it is lost, take what was sent into this "
            "one with `prorata journal adopt`, and then name another file with --head",
        )

    def _refusal(self, what: str, error: OSError) -> JournalError:
        return JournalError(
            f"the file of heads {self.path} {what} ({str(error.strerror).lower()})",
            "give --head a place that this account may write",
        )
