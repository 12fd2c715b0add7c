# SPDX-License-Identifier: MIT
"""What a maker offers, in exact numbers: sizes, prices, fees and taxes as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from prorata.contracts.trade_settlement import FEE_LIMIT_BPS, TradeOrder
from prorata.errors import InputError
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit, format_units, parse_units

__all__ = [
    "OrderTerms",
    "parse_rate",
    "price_of",
    "price_text",
    "shares_of",
    "total_at",
    "units_for",
]

PRICE_DECIMALS = 36
"""Of a price as a person writes it: more than any currency and any share have together."""

SHOWN_BEYOND = 4
"""Decimals beyond the currency's own that a price is shown with where it is not exact."""


@dataclass(frozen=True)
class OrderTerms:
    """What a maker offers: `shares` and `money` in smallest units, `currency` by its address.

    It sells the shares, or buys them. `least` is the least number of shares in one fill; None for
    all or nothing. The venue and the tax collector get hundredths of a percent of the money. Unless
    it counts `through_records`, the order ends with the token's next record.
    """

    sells: bool
    shares: int
    money: int
    currency: str
    valid_until: int
    least: int | None = None
    taker: str = ZERO_ADDRESS
    fee_to: str = ZERO_ADDRESS
    fee_bps: int = 0
    tax_to: str = ZERO_ADDRESS
    tax_bps: int = 0
    through_records: bool = False
    nonce: int | None = None

    @property
    def least_fill(self) -> int:
        """The least fill in smallest units of what is given: for a buyer, what those shares cost.

        Rounded down, so that nobody is kept from giving that many shares; but never to nothing.
        """
        if self.least is None:
            return self.shares if self.sells else self.money
        if self.sells:
            return min(self.least, self.shares)
        return max(1, min(self.least, self.shares) * self.money // self.shares)


def total_at(price: str, shares: int, share_unit: Unit, money_unit: Unit) -> int:
    """What so many shares cost at a price for a whole share, in smallest units.

    Raises: InputError when the price is none, or the total is no whole number of units.
    """
    try:
        exact = Fraction(parse_units(price, PRICE_DECIMALS), 10**PRICE_DECIMALS)
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of("price", price, problem.rule, problem.remedy) from None
    total = exact * Fraction(shares, 10**share_unit.decimals) * 10**money_unit.decimals
    size = f"{format_units(shares, share_unit.decimals, trim=True)} {share_unit.symbol}"
    if total.denominator != 1:
        low = money_unit.text(total.numerator // total.denominator)
        high = money_unit.text(-(-total.numerator // total.denominator))
        rule = (
            f"for each of {size} is between {low} and {high} {money_unit.symbol} in all, and less "
            "than its smallest unit cannot be paid"
        )
        remedy = "say with --for what all of them cost, or give a price with fewer decimals"
        raise InputError.of("price", price, rule, remedy)
    if not total:
        raise InputError.of("price", price, "is nothing", "give more than 0")
    return int(total)


def price_of(order: TradeOrder, share_unit: Unit, money_unit: Unit) -> Fraction:
    """What a whole share costs, in whole units of the money, fee and tax apart."""
    money = Fraction(order.money_amount, 10**money_unit.decimals)
    return money / Fraction(order.share_amount, 10**share_unit.decimals)


def price_text(price: Fraction, money_unit: Unit) -> str:
    """A price as people read it; `about` before one that is not exact in a few decimals more."""
    for decimals in (money_unit.decimals, money_unit.decimals + SHOWN_BEYOND):
        scaled = price * 10**decimals
        if scaled.denominator == 1:
            return Unit("", decimals).amount(int(scaled)).text
    return f"about {format_units(int(scaled), decimals, trim=True)}"


def shares_of(order: TradeOrder, done: int, amount: int) -> int:
    """How many shares change hands with `amount` of what is given, after `done` of it."""
    return order.cost(done, amount) if order.maker_pays else amount


def units_for(order: TradeOrder, done: int, shares: int) -> int:
    """How much of what is given a fill must name so that exactly `shares` change hands.

    Of a buyer's order it is the most money that so many shares get. Let D be the money given
    before, S the shares taken for it, S = ceil(take * D / give). Then ceil(take * (D + a) / give)
    is S + shares for the largest a with D + a = floor((S + shares) * give / take).
    """
    if not order.maker_pays:
        return shares
    before = order.cost(0, done)
    return (before + shares) * order.give_amount // order.take_amount - done


def parse_rate(column: str, text: str) -> int:
    """Hundredths of a percent, from `0.25%`.

    Raises: InputError when it is no percentage, too fine, nothing, or over the limit.
    """
    remedy = "write a percentage such as 0.25%"
    if not text.endswith("%"):
        raise InputError.of(column, text, "is no percentage", remedy)
    try:
        bps = parse_units(text[:-1], 2)
    except InputError as error:
        raise InputError.of(column, text, error.problems[0].rule, remedy) from None
    if not bps:
        raise InputError.of(column, text, "is nothing", "leave it out, or give more than 0%")
    if bps > FEE_LIMIT_BPS:
        most = f"{format_units(FEE_LIMIT_BPS, 2)}%"
        raise InputError.of(column, text, f"is over {most}, the most there may be", f"give {most}")
    return bps
