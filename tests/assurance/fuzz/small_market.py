"""A small market, all of it: every sequence of fills and cancellations up to a length.

One maker, two takers, and five orders: one in parts, another of the same nonce that is smaller, the
neighbour of both in their word, and two whole ones with and without their bit in the maker's first
word. Where two sequences lead to one state, what follows is tried once: the state is the law's,
together with every storage slot that a step can write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.assurance.fuzz.market import IN_PARTS, SETTLEMENT
from tests.assurance.fuzz.small import Tried, inside
from tests.assurance.fuzz.system import Broken, Step
from tests.assurance.fuzz.trading import TradingHarness
from tests.assurance.fuzz.wire import word
from tests.chainkit import Codec

FAR = 200
"""A nonce that has its bit in a word of its own."""


def order(nonce: int, gives: int, takes: int) -> tuple[Any, ...]:
    """ann gives shares for dollars, in parts if the nonce says so."""
    least = 0 if nonce & IN_PARTS else gives
    rest = ("nobody", 0, False, "nobody", 0, "nobody", 0)
    return ("ann", "nobody", "east", "usd", gives, takes, least, 100, nonce, *rest)


PARTS, SMALLER = order(IN_PARTS, 4, 3), order(IN_PARTS, 2, 5)
NEIGHBOUR, WHOLE, ELSEWHERE = order(IN_PARTS | 1, 3, 7), order(0, 2, 3), order(FAR, 2, 3)
ORDERS = (PARTS, SMALLER, NEIGHBOUR, WHOLE, ELSEWHERE)

STEPS: tuple[Step, ...] = (
    *(("fill", "ben", PARTS, "ann", amount, 1_000) for amount in (1, 2, 3)),
    *(("fill", "cat", SMALLER, "ann", amount, 1_000) for amount in (1, 2)),
    ("fill", "ben", NEIGHBOUR, "ann", 2, 1_000),
    ("fill", "cat", WHOLE, "ann", 2, 1_000),
    ("fill", "ben", ELSEWHERE, "ann", 2, 1_000),
    ("cancel_orders", "ann", (IN_PARTS,)),
    ("cancel_orders", "ann", (0, FAR)),
    ("cancel_below", "ann", 1),
    ("cancel_below", "ann", FAR + 1),
)


class SmallMarket(TradingHarness):
    """One chain, and the search on it."""

    def __init__(self, codec: Codec, **faulty: str) -> None:
        super().__init__(codec, **faulty)
        self.do(("mint", "east", "ann", 9))
        self.orders = {self._order(fields): "ann" for fields in ORDERS}
        self.slots = list(self._slots(codec))

    def _slots(self, codec: Codec) -> Iterator[int]:
        layout = codec.artifacts["TradeSettlement"].storage_layout["storage"]
        books = next(int(entry["slot"]) for entry in layout if entry["label"] == "_books")
        book = inside(self.wire.at["ann"], books)
        yield book
        yield inside(word(FAR >> 8), book + 1)
        yield inside(word(IN_PARTS >> 1), book + 2)

    def search(self, bound: int) -> Tried:
        """Try every sequence of up to so many steps."""
        tried = Tried()
        tried.sequences = self._follow(bound, [], {}, tried)
        return tried

    def _follow(self, more: int, taken: list[Step], known: dict[Any, int], tried: Tried) -> int:
        if more == 0:
            return 1
        key = (self._state(), more)
        if key in known:
            return known[key]
        count, before = 1, self._saved()
        for step in STEPS:
            mark = self.evm.snapshot()
            taken.append(step)
            self._take(step, taken)
            tried.steps += 1
            count += self._follow(more - 1, taken, known, tried)
            taken.pop()
            self.evm.revert(mark)
            self._restore(before)
        known[key] = count
        return count

    def _take(self, step: Step, taken: list[Step]) -> None:
        try:
            self.do(step)
            self.look((None, self._orders()), (None, self._purses()))
        except AssertionError as broken:
            story = "\n".join(f"    {one}" for one in taken)
            raise Broken(f"{broken}\nby\n{story}") from None

    def _purses(self) -> Iterator[Any]:
        for who in ("ann", "ben", "cat", SETTLEMENT):
            held = self.shares["east"].balances[who]
            yield ("east", "balanceOf", who), b"\1" + word(held)
            yield ("usd", "balanceOf", who), b"\1" + word(self.law.money["usd"][who])

    # ------------------------------------------------------------------------- states

    def _state(self) -> tuple[Any, ...]:
        of = self.settlement
        at = self.address[SETTLEMENT]
        return (
            frozenset(of.spent),
            tuple(sorted((key, n) for key, n in of.filled.items() if n)),
            of.lowest["ann"],
            tuple(self.shares["east"].balances[who] for who in ("ann", "ben", "cat")),
            tuple(self.law.money["usd"][who] for who in ("ann", "ben", "cat")),
            tuple(self.evm.storage(at, slot) for slot in self.slots),
        )

    def _saved(self) -> tuple[Any, ...]:
        of, east = self.settlement, self.shares["east"]
        return (
            of.spent.copy(), of.filled.copy(), of.lowest.copy(), east.balances.copy(),
            east.allowances.copy(), self.law.money["usd"].copy(), self.estate.allowed.copy(),
        )  # fmt: skip

    def _restore(self, saved: tuple[Any, ...]) -> None:
        of, east = self.settlement, self.shares["east"]
        kept = [part.copy() for part in saved]
        of.spent, of.filled, of.lowest = kept[:3]
        east.balances, east.allowances, self.law.money["usd"], self.estate.allowed = kept[3:]
