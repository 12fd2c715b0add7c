# SPDX-License-Identifier: MIT
"""A place among a chain's changes, as a client names it: `epoch:seq`.

An epoch is one numbering of the changes. A ledger that was rebuilt or restored has another one, and
whoever followed the old one has to begin again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prorata.errors import InputError

__all__ = ["Position"]

_WRITTEN = re.compile(r"([0-9A-Za-z-]{1,64}):(0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """The last change that somebody has heard of."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: str, column: str) -> Position:
        """From what `str` gives; `column` is where it stood.

        Raises: InputError.
        """
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise InputError.of(
                column, text[:80], "is no place among the changes",
                "give the id of the last event that was received, or leave it out",
            )  # fmt: skip
        return cls(found[1], int(found[2]))
