"""What a mutant is: one place of one source, written differently."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Key(NamedTuple):
    """A change by what it changes, and not by where: a file may be renamed, a definition moved.

    `within` is the qualified name of the definition around it, `Contract.function` or
    `Class.method`; `context` its line. Of places that have all this in common `occurrence` counts,
    from 1.
    """

    within: str
    context: str
    before: str
    after: str
    occurrence: int = 1


@dataclass(frozen=True, order=True)
class Mutant:
    """A change of `before` at a character of a source to `after`."""

    path: str
    start: int
    before: str
    after: str
    operator: str
    within: str = field(default="", compare=False)
    """The qualified name of the definition around it."""

    def applied(self, text: str) -> str:
        """The source with the change."""
        end = self.start + len(self.before)
        if text[self.start : end] != self.before:
            raise LookupError(f"{self.path} has no {self.before!r} at {self.start}")
        return text[: self.start] + self.after + text[end:]

    def line(self, text: str) -> int:
        """The line, from 1."""
        return text.count("\n", 0, self.start) + 1

    def context(self, text: str) -> str:
        """The line it is on."""
        begin = text.rfind("\n", 0, self.start) + 1
        return text[begin:].split("\n", 1)[0].strip()


def keys(mutants: Iterable[Mutant], text: str) -> dict[Mutant, Key]:
    """The key of each mutant of one source, all of whose mutants these must be."""
    alike: dict[tuple[str, str, str, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        alike[mutant.within, mutant.context(text), mutant.before, mutant.after].append(mutant)
    return {
        mutant: Key(*shared, occurrence)
        for shared, those in alike.items()
        for occurrence, start in enumerate(sorted({it.start for it in those}), start=1)
        for mutant in those
        if mutant.start == start
    }


def unchanged(path: str, text: str) -> Mutant:
    """A source as it is, in the terms of a mutant: one that nobody may notice."""
    return Mutant(path, 0, text[:1], text[:1], "none")


def digest(text: str) -> str:
    """What a source was when it was mutated."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sample(mutants: Iterable[Mutant], size: int, seed: str) -> list[Mutant]:
    """Some mutants of a file: of every operator in turn, in an order that the seed decides."""
    rng = random.Random(seed)
    kinds: dict[str, list[Mutant]] = {}
    for mutant in sorted(set(mutants)):
        kinds.setdefault(mutant.operator, []).append(mutant)
    heaps = [rng.sample(kind, len(kind)) for _, kind in sorted(kinds.items())]
    return sorted(_dealt(heaps, size))


def _dealt(heaps: Sequence[list[Mutant]], size: int) -> list[Mutant]:
    dealt: list[Mutant] = []
    while len(dealt) < size and any(heaps):
        dealt += [heap.pop() for heap in heaps if heap]
    return dealt[:size]
