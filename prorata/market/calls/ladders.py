# SPDX-License-Identifier: MIT
"""Ladders: the prices at which a call can clear, as people write them.

    at: "100.00"                                    one price
    from: "90.00"   to: "110.00"   step: "0.50"     a price every half
    around: "100.00"                                255 prices, a quarter below to a quarter above

The first and the last price, and every one between them, is a whole number of the money's smallest
units for a lot.
"""

from __future__ import annotations

from dataclasses import dataclass

from prorata.contracts.call_terms import MOST_STEPS, Ladder
from prorata.errors import InputError
from prorata.market.calls.units import CallUnits

__all__ = ["Prices", "WrittenPrices", "prices_around", "prices_of"]

HALF = MOST_STEPS // 2
"""Steps on either side of a reference price."""

QUARTER = 4

MOST_PRICE = 2**128 - 1


@dataclass(frozen=True)
class WrittenPrices:
    """The prices of one currency in words; `per_lot` says that they are those of a lot."""

    at: str | None = None
    low: str | None = None
    high: str | None = None
    step: str | None = None
    around: str | None = None
    per_lot: bool = False


@dataclass(frozen=True)
class Prices:
    """The prices of a lot in smallest units: `steps` of them from `first` on."""

    first: int
    increment: int
    steps: int

    def ladder(self, currency: str) -> Ladder:
        """As the contract has it."""
        return Ladder(currency, self.first, self.increment)


def prices_around(reference: int) -> Prices:
    """255 prices that reach a quarter of the reference below and above it, which is one of them.

    The increment is rounded up, so that they reach at least so far; of a reference of few units
    there are fewer, since no price is nothing.
    """
    increment = -(-reference // (QUARTER * HALF))
    below = min(HALF, (reference - 1) // increment)
    return Prices(reference - below * increment, increment, below + HALF + 1)


def prices_of(written: WrittenPrices, units: CallUnits, column: str, ladder: int = 0) -> Prices:
    """The prices that are written under `column`.

    Raises: InputError when they are not one of the three forms, do not ascend, or are too many.
    """
    given = [n for n in ("at", "from", "around") if _given(written)[n] is not None]
    if len(given) != 1:
        rule = "has no price" if not given else f"has both {given[0]} and {given[1]}"
        remedy = "write at: one price, or from:, to: and step:, or around: a reference price"
        raise InputError.of(column, "", rule, remedy)

    def price(name: str, text: str) -> int:
        found = units.price_in(f"{column}.{name}", text, per_lot=written.per_lot, ladder=ladder)
        if found > MOST_PRICE:
            raise InputError.of(f"{column}.{name}", text, "does not fit 128 bits", "give less")
        return found

    if written.around is not None:
        return prices_around(price("around", written.around))
    if written.at is not None:
        return Prices(price("at", written.at), 0, 1)
    for name in ("to", "step"):
        if _given(written)[name] is None:
            rule = "is missing beside from"
            raise InputError.of(f"{column}.{name}", "", rule, "write from:, to: and step:")
    first, last, step = (price(name, str(_given(written)[name])) for name in ("from", "to", "step"))
    return _stepped(first, last, step, (written, column))


def _stepped(first: int, last: int, step: int, where: tuple[WrittenPrices, str]) -> Prices:
    written, column = where
    if last <= first:
        rule = f"is not above {written.low}"
        raise InputError.of(f"{column}.to", written.high, rule, "write the higher price there")
    count, over = divmod(last - first, step)
    if over:
        rule = f"does not lead from {written.low} to {written.high} in whole steps"
        raise InputError.of(f"{column}.step", written.step, rule, "give another step, or end")
    if count + 1 > MOST_STEPS:
        rule = f"makes {count + 1:,} prices, and a call has at most {MOST_STEPS}"
        raise InputError.of(f"{column}.step", written.step, rule, "give a larger step")
    return Prices(first, step, count + 1)


def _given(written: WrittenPrices) -> dict[str, str | None]:
    return {
        "at": written.at,
        "from": written.low,
        "to": written.high,
        "step": written.step,
        "around": written.around,
    }
