# SPDX-License-Identifier: MIT
"""Groups of people in a table: none is shown that is so small that it points at somebody.

A group of one to four people is added to the others. Were the others alone that few, whoever knows
the total could subtract, so the next smallest group joins them, until they are five or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["FEWEST", "Groups", "safe_groups"]

FEWEST = 5
"""People in the smallest group that is shown."""

K = TypeVar("K")


@dataclass(frozen=True)
class Groups(Generic[K]):
    """Which groups are `shown`, and which are added up as the `others`.

    The others are `hidden` where there are fewer than five people in all: then nothing is shown.
    """

    shown: tuple[K, ...]
    others: tuple[K, ...]
    hidden: bool = False


def safe_groups(counts: Mapping[K, int]) -> Groups[K]:
    """Which of the groups may be shown, by how many people each has; they stay in their order."""
    by_size = sorted(counts, key=lambda key: counts[key])
    others = [key for key in by_size if 0 < counts[key] < FEWEST]
    following = [key for key in by_size if counts[key] >= FEWEST]
    while others and following and sum(counts[key] for key in others) < FEWEST:
        others.append(following.pop(0))
    together = set(others)
    hidden = 0 < sum(counts[key] for key in others) < FEWEST
    return Groups(
        shown=tuple(key for key in counts if key not in together),
        others=tuple(key for key in counts if key in together),
        hidden=hidden,
    )
