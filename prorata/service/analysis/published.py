# SPDX-License-Identifier: MIT
"""What the operator publishes by files: indices, portfolios, and a benchmark with scorecards.

They are read and checked once, before the service begins, so that its answers are of those files
until it is started anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prorata.analysis.scores import Score

__all__ = ["NOTHING", "Compared", "Document", "Published"]


@dataclass(frozen=True)
class Document:
    """A document by its id; `members` are the assets that it names, by symbol or token."""

    id: str
    members: tuple[str, ...]
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """An asset of the benchmark, by symbol or token; its scorecard, if it has one."""

    asset: str
    asset_class: str
    score: Score | None = None
    card: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Published:
    """All that is published."""

    indices: Sequence[Document] = ()
    portfolios: Sequence[Document] = ()
    benchmark: Sequence[Compared] = field(default=())

    @cached_property
    def digest(self) -> str:
        """Of all that it says."""
        told = [
            *((one.id, one.members, one.content) for one in (*self.indices, *self.portfolios)),
            *((one.asset, one.asset_class, one.card) for one in self.benchmark),
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


NOTHING = Published()
