# SPDX-License-Identifier: MIT
"""Marks: what a share was worth at a time, who says so, and by which document.

A mark is a net asset value, a price or an appraisal of one share. It is never edited: a later mark
supersedes it, and what was known at an earlier time can still be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from prorata.analysis.precision import exact
from prorata.errors import InputError
from prorata.values.times import moment

__all__ = ["Basis", "Mark", "MarkBook", "MarkKind", "checked_series", "newest"]


class MarkKind(str, Enum):
    """What a mark is."""

    NAV = "NAV"
    PRICE = "price"
    APPRAISAL = "appraisal"


class Basis(str, Enum):
    """Whether income of a record that has closed is still in the mark (`cum`) or not (`ex`)."""

    CUM = "cum"
    EX = "ex"


_OURS = ("asset", "per", "rate", "by")
"""Fields of a mark that the office database does not keep."""


@dataclass(frozen=True)
class Mark:
    """What one whole share of `asset` was worth at `time`.

    The amount is in the smallest unit of the currency, which has so many `decimals`. `source` says
    who found it, `document` is the SHA-256 of the paper that shows it, in hex. `id` is the mark's
    name in its book, `supersedes` that of the one whose place it takes, and `created_at` the second
    at which it was written there. `per` is below 1 where the share has been split since: it is of
    so much of a share of then. `rate` is what the amount's own currency was worth in `currency`, by
    the words of `by`.
    """

    asset: str
    time: int
    kind: MarkKind
    amount: int
    currency: str
    decimals: int
    basis: Basis
    source: str
    document: str | None = None
    supersedes: str | None = None
    id: str = ""
    created_at: int = 0
    per: Fraction = Fraction(1)
    rate: Fraction = Fraction(1)
    by: str = ""

    @classmethod
    def of(cls, asset: str, kept: Mapping[str, Any]) -> Mark:
        """A mark by its fields as the office database keeps them; `asset` is how figures call it.

        Raises: InputError as a new mark does.
        """
        own = {one.name: kept[one.name] for one in fields(cls) if one.name not in _OURS}
        words = {"kind": MarkKind(own["kind"]), "basis": Basis(own["basis"])}
        return cls(asset=asset, **{**own, **words})

    def __post_init__(self) -> None:
        """Raises: InputError for a negative mark, or one without a source."""
        if self.amount < 0:
            rule, remedy = "is negative", "write what a share is worth, 0 at least"
            raise InputError.of("mark", self.amount, rule, remedy)
        if not self.source:
            raise InputError.of("source", self.source, "is blank", "say who found the mark")

    @property
    def value(self) -> Fraction:
        """In whole units of the currency."""
        return Fraction(self.amount, 10**self.decimals) * self.per * self.rate

    @property
    def text(self) -> str:
        """For the inputs of a figure."""
        amount = f"{exact(self.value)} {self.currency} {self.basis.value}"
        split = "" if self.per == 1 else f", for {self.per} of a share of then"
        rate = f", at {self.by}" if self.by else ""
        return f"{amount} at {moment(self.time)} ({self.source}){split}{rate}"


@dataclass
class MarkBook:
    """Marks in the order in which they were entered; nothing is removed."""

    marks: list[Mark] = field(default_factory=list)

    @classmethod
    def of(cls, marks: Iterable[Mark]) -> MarkBook:
        """A book of marks, each checked against those before it.

        Raises: InputError as `add` does.
        """
        book = cls()
        for mark in marks:
            book.add(mark)
        return book

    def add(self, mark: Mark) -> None:
        """Enter a mark.

        Raises: InputError when it supersedes what it cannot, or says again what another one says.
        """
        if self.marks and mark.created_at < self.marks[-1].created_at:
            rule = f"is before the last entry, {moment(self.marks[-1].created_at)}"
            raise InputError.of("created_at", moment(mark.created_at), rule, "enter them in order")
        if any(mark.id == other.id for other in self.marks):
            raise InputError.of("id", mark.id, "is that of another mark", "give each its own")
        if mark.supersedes is not None:
            self._check_superseded(mark)
        for other in self.in_force():
            if _says_the_same(mark, other) and other.id != mark.supersedes:
                rule = f"has a mark of this kind and basis already, {other.id}"
                remedy = "supersede that one"
                raise InputError.of("time", moment(mark.time), rule, remedy)
        self.marks.append(mark)

    def in_force(self, known_at: int | None = None) -> list[Mark]:
        """The marks that no other one supersedes, as they were known at a time, or are now."""
        known = [m for m in self.marks if known_at is None or m.created_at <= known_at]
        gone = {mark.supersedes for mark in known}
        return [mark for mark in known if mark.id not in gone]

    def series(
        self, asset: str, kind: MarkKind, until: int, known_at: int | None = None
    ) -> list[Mark]:
        """The marks in force of one asset and kind, up to a time, in order of their times."""
        found = [m for m in self.in_force(known_at) if m.asset == asset and m.kind == kind]
        return sorted((m for m in found if m.time <= until), key=lambda m: m.time)

    def _check_superseded(self, mark: Mark) -> None:
        before = next((m for m in self.in_force() if m.id == mark.supersedes), None)
        if before is None:
            rule = "is no mark in force"
            raise InputError.of("supersedes", mark.supersedes, rule, "name one that is")
        if (before.asset, before.kind, before.time) != (mark.asset, mark.kind, mark.time):
            rule = f"is the {before.kind.value} of {before.asset} at {moment(before.time)}"
            remedy = "name a mark of the same asset, kind and time, or supersede none"
            raise InputError.of("supersedes", mark.supersedes, rule, remedy)


def _says_the_same(one: Mark, other: Mark) -> bool:
    """Whether two marks speak of one thing: then one of them must give way."""
    return (one.asset, one.kind, one.time, one.basis) == (
        other.asset,
        other.kind,
        other.time,
        other.basis,
    )


def checked_series(marks: Sequence[Mark]) -> Sequence[Mark]:
    """The marks, if they make one series: one asset, one kind, one currency, times that rise.

    Raises: InputError when they do not.
    """
    for before, after in pairwise(marks):
        for column in ("asset", "kind", "currency"):
            said, other = getattr(before, column), getattr(after, column)
            if said != other:
                rule = f"stands beside {getattr(said, 'value', said)} in one series"
                remedy = "keep a series for each"
                raise InputError.of(column, getattr(other, "value", other), rule, remedy)
        if before.time >= after.time:
            rule, remedy = "is not after the mark before it", "give one mark for each time"
            raise InputError.of("time", moment(after.time), rule, remedy)
    return marks


def newest(marks: Iterable[Mark], as_of: int) -> Mark | None:
    """The newest mark that there was."""
    return max((m for m in marks if m.time <= as_of), key=lambda m: m.time, default=None)
