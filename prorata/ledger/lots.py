# SPDX-License-Identifier: MIT
"""Lots of shares, first in first out: what was acquired when, for what, and what a sale gains.

A lot is what one account acquired at once. What leaves an account is taken from its oldest lots.
The cost of a part of a lot is

    floor(cost * (gone + part) / shares) - floor(cost * gone / shares)

where `gone` is what left before, so that the costs of all parts add up to that of the lot, to the
unit, however it is cut. Where nobody knows what a lot cost, its cost is None, and no gain is made
up from it. At every moment the lots of an account add up to its balance.

Nothing here knows a chain: shares are integers of the token's smallest unit, costs of the
currency's.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prorata.chain.events import Moment
from prorata.errors import BooksError

__all__ = ["Lot", "LotPart", "Lots", "gain_of"]

K = TypeVar("K", bound=Hashable)
"""What names an account."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares that were acquired at once: `cost` in `currency`, or None where nobody knows it.

    `origin` says in a word or two how they came.
    """

    acquired_at: Moment
    shares: int
    origin: str
    cost: int | None = None
    currency: str = ""


@dataclass(frozen=True, order=True, slots=True)
class LotPart:
    """The shares `first` to `first + shares` of a lot."""

    acquired_at: Moment
    first: int
    shares: int
    lot: Lot = field(compare=False)

    @classmethod
    def whole(cls, lot: Lot) -> LotPart:
        """All of a lot."""
        return cls(lot.acquired_at, 0, lot.shares, lot)

    @property
    def cost(self) -> int | None:
        """Its part of the lot's cost; None where nobody knows that."""
        if self.lot.cost is None:
            return None
        before, after = self.first, self.first + self.shares
        return self.lot.cost * after // self.lot.shares - self.lot.cost * before // self.lot.shares

    def meets(self, other: LotPart) -> bool:
        """Whether the other part is what comes next in the same lot."""
        return other.lot is self.lot and other.first == self.first + self.shares

    def joined(self, other: LotPart) -> LotPart:
        """Both together, where they meet."""
        return LotPart(self.acquired_at, self.first, self.shares + other.shares, self.lot)

    def cut(self, shares: int) -> tuple[LotPart, LotPart]:
        """The first `shares` of it, and the rest."""
        rest = self.shares - shares
        return (
            LotPart(self.acquired_at, self.first, shares, self.lot),
            LotPart(self.acquired_at, self.first + shares, rest, self.lot),
        )


class Lots(Generic[K]):
    """The lots of every account, the oldest of each first."""

    def __init__(self) -> None:
        self._parts: dict[K, deque[LotPart]] = {}
        self._shares: dict[K, int] = {}

    def of(self, account: K) -> tuple[LotPart, ...]:
        """What an account has, the oldest first."""
        return tuple(self._parts.get(account, ()))

    def shares(self, account: K) -> int:
        """How many shares the lots of an account are."""
        return self._shares.get(account, 0)

    def __iter__(self) -> Iterator[K]:
        """Every account that has lots now."""
        return (account for account, parts in self._parts.items() if parts)

    def acquire(self, account: K, lot: Lot) -> None:
        """Give an account a new lot, which is no older than those it has acquired."""
        if lot.shares:
            self._put(account, [LotPart.whole(lot)])

    def take(self, account: K, shares: int) -> list[LotPart]:
        """Take the oldest shares of an account.

        Raises: BooksError when it has not so many; nothing is taken then.
        """
        if not 0 <= shares <= self.shares(account):
            raise BooksError(
                f"{shares} shares leave {account}, whose lots are {self.shares(account)}",
                "read the events again from the token's first block",
            )
        if not shares:
            return []
        parts = self._parts[account]
        self._shares[account] = self.shares(account) - shares
        taken: list[LotPart] = []
        while shares:
            part = parts.popleft()
            if part.shares > shares:
                part, rest = part.cut(shares)
                parts.appendleft(rest)
            taken.append(part)
            shares -= part.shares
        return taken

    def move(self, giver: K, receiver: K, shares: int) -> None:
        """Move the oldest shares of an account to another of the same person, as they are.

        Raises: BooksError as `take` does.
        """
        if giver != receiver:
            self._put(receiver, self.take(giver, shares))

    def _put(self, account: K, parts: list[LotPart]) -> None:
        present = self._parts.get(account)
        if present is None:
            present = self._parts[account] = deque()
        self._shares[account] = self.shares(account) + sum(part.shares for part in parts)
        for part in parts:
            if not present or part > present[-1]:
                present.append(part)
            elif part < present[0]:
                present.appendleft(
                    part.joined(present.popleft()) if part.meets(present[0]) else part
                )
            else:
                # What is moved keeps its age, and goes before what is younger.
                insort(present, part)


def gain_of(proceeds: int, currency: str, parts: Iterable[LotPart]) -> tuple[int, int] | None:
    """Cost and gain of what was sold for `proceeds` of `currency`; a loss is a negative gain.

    None where a part's cost is not known, or was in another currency.
    """
    cost = 0
    for part in parts:
        if part.cost is None or part.lot.currency != currency:
            return None
        cost += part.cost
    return cost, proceeds - cost
