# SPDX-License-Identifier: MIT
"""How the numbers of a call are written: shares for lots, whole money, and prices of a share.

People say shares and the price of a share; the contract counts lots and the price of a lot. What
is no whole number of lots, or no whole number of the money's smallest units for a lot, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from prorata.contracts.call_terms import CallTerms
from prorata.errors import InputError
from prorata.market.order_terms import price_text
from prorata.values.amounts import Unit, format_units, parse_units

__all__ = ["CallUnits", "parsed", "step_of"]

PRICE_DECIMALS = 36


@dataclass(frozen=True)
class CallUnits:
    """The units of a call: of its shares, of a lot in the token's smallest unit, of its money."""

    share: Unit
    lot: int
    money: tuple[Unit, ...]

    def shares(self, lots: int) -> str:
        """So many lots as shares: `40.00 QUAY9`."""
        return f"{self.share.amount(lots * self.lot).text} {self.share.symbol}"

    def paid(self, amount: int, ladder: int = 0) -> str:
        """So much money: `4,000.00 USD`."""
        unit = self.money[ladder]
        return f"{unit.amount(amount).text} {unit.symbol}"

    def price(self, price: int, ladder: int = 0) -> str:
        """The price of a lot as that of a whole share: `100.00 USD a share`."""
        unit = self.money[ladder]
        return f"{price_text(self.exact_price(price, ladder), unit)} {unit.symbol} a share"

    def exact_price(self, price: int, ladder: int = 0) -> Fraction:
        """The price of a lot as whole money for a whole share."""
        money = Fraction(price, 10 ** self.money[ladder].decimals)
        return money / Fraction(self.lot, 10**self.share.decimals)

    def lots_in(self, column: str, text: str, *, least: int = 1) -> int:
        """How many lots the shares of a text are.

        Raises: InputError when it is no number of shares, or no whole number of lots.
        """
        shares = parsed(column, text, self.share.decimals, "shares")
        lots, over = divmod(shares, self.lot)
        size = format_units(self.lot, self.share.decimals, trim=True)
        if over:
            low, high = (self.shares(n) for n in (lots, lots + 1))
            rule = f"is no whole number of lots of {size} {self.share.symbol}"
            raise InputError.of(column, text, rule, f"write {low} or {high}")
        if lots < least:
            raise InputError.of(column, text, "is nothing", f"write at least {size}")
        return lots

    def money_in(self, column: str, text: str, ladder: int = 0) -> int:
        """Money in smallest units.

        Raises: InputError when it is no amount of the currency.
        """
        unit = self.money[ladder]
        return parsed(column, text, unit.decimals, unit.symbol)

    def price_in(self, column: str, text: str, *, per_lot: bool = False, ladder: int = 0) -> int:
        """The price of a lot in smallest units, from that of a share, or of a lot.

        Raises: InputError when it is no price, or a lot would cost a part of the smallest unit.
        """
        unit = self.money[ladder]
        exact = Fraction(parsed(column, text, PRICE_DECIMALS, unit.symbol), 10**PRICE_DECIMALS)
        if not per_lot:
            exact *= Fraction(self.lot, 10**self.share.decimals)
        units = exact * 10**unit.decimals
        if units.denominator != 1:
            size = format_units(self.lot, self.share.decimals, trim=True)
            low, high = (unit.text(n) for n in (int(units), int(units) + 1))
            rule = (
                f"makes a lot of {size} {self.share.symbol} cost between {low} and {high} "
                f"{unit.symbol}, and less than the smallest unit cannot be paid"
            )
            raise InputError.of(column, text, rule, "give a price with fewer decimals")
        if not units:
            raise InputError.of(column, text, "is nothing", "give a price above 0")
        return int(units)


def step_of(units: CallUnits, terms: CallTerms, price: int, ladder: int = 0) -> int:
    """The step of a ladder that has this price of a lot.

    Raises: InputError when there is none.
    """
    prices = terms.ladders[ladder]
    first, last = prices.price_at(0), prices.price_at(terms.last_step)
    over = (price - first) % prices.increment if prices.increment else price - first
    if first <= price <= last and not over:
        return (price - first) // prices.increment if prices.increment else 0
    said = units.price(price, ladder).removesuffix(" a share")
    if terms.steps == 1:
        rule = f"is not the price, which is {units.price(first, ladder)}"
        raise InputError.of("price", said, rule, "leave --price out")
    if not first <= price <= last:
        rule = f"is outside the ladder, {_span(units, first, last, ladder)}"
        raise InputError.of("price", said, rule, "give a price within it")
    step = (price - first) // prices.increment
    near = " or ".join(units.price(prices.price_at(n), ladder) for n in (step, step + 1))
    raise InputError.of("price", said, "is between two prices of the ladder", f"give {near}")


def parsed(column: str, text: str, decimals: int, noun: str) -> int:
    """Smallest units from what a person wrote under `column`.

    Raises: InputError when it names no such amount.
    """
    try:
        return parse_units(text, decimals, noun=noun)
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of(column, text, problem.rule, problem.remedy) from None


def _span(units: CallUnits, first: int, last: int, ladder: int) -> str:
    low = units.price(first, ladder).removesuffix(" a share")
    return f"{low} to {units.price(last, ladder)}"
