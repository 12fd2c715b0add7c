"""What a mutant is: one place of one source, written differently."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Mutant:
    """A change of `before` at a character of a source to `after`."""

    path: str
    start: int
    before: str
    after: str
    operator: str

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
        """The line it is on: what is changed is found again by it when lines move."""
        begin = text.rfind("\n", 0, self.start) + 1
        return text[begin:].split("\n", 1)[0].strip()


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
