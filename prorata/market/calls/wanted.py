# SPDX-License-Identifier: MIT
"""What a person wants in a call, from words: a quantity, a limit and the money."""

from __future__ import annotations

from prorata.contracts.call_terms import Side, Wanted
from prorata.errors import InputError
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.units import step_of

__all__ = ["wanted_of"]


def wanted_of(
    call: KnownCall,
    side: Side,
    *,
    shares: str | None = None,
    lots: int | None = None,
    money: str | None = None,
    price: str | None = None,
    currency: str | None = None,
) -> Wanted:
    """The order that these words describe; amounts are whole units, lots a number.

    Raises: InputError for what is missing, said twice, or not exact.
    """
    ladder = _ladder(call, currency)
    quantity = _quantity(call, shares, lots, money, ladder)
    return Wanted(side, quantity, _step(call, side, price, ladder), ladder)


def _quantity(
    call: KnownCall, shares: str | None, lots: int | None, money: str | None, ladder: int
) -> int:
    if call.terms.by_amount:
        if money is None or shares is not None or lots is not None:
            rule = "is missing, and orders in this offer are money"
            raise InputError.of("for", money or "", rule, "give --for, and no --shares")
        return call.units.money_in("for", money, ladder)
    if money is not None:
        rule = "is given, and orders in this offer are shares"
        raise InputError.of("for", money, rule, "give --shares")
    if shares is not None and lots is None:
        return call.units.lots_in("shares", shares)
    if lots is not None and shares is None:
        return int(lots)
    rule = "is missing" if shares is None else "is given besides --lots"
    raise InputError.of("shares", shares or "", rule, "give --shares, or --lots")


def _step(call: KnownCall, side: Side, text: str | None, ladder: int) -> int:
    """The limit: without a price, any where somebody names it later, else the only one."""
    terms = call.terms
    if text is not None:
        price = call.units.price_in("price", text, ladder=ladder)
        return step_of(call.units, terms, price, ladder)
    if terms.steps == 1:
        return 0
    if terms.is_valued:
        return terms.last_step if side is Side.BID else 0
    first, last = (
        call.units.price(terms.ladders[ladder].price_at(n), ladder) for n in (0, terms.last_step)
    )
    low = first.removesuffix(" a share")
    raise InputError.of("price", "", "is missing", f"give --price, from {low} to {last}")


def _ladder(call: KnownCall, named: str | None) -> int:
    if named is None:
        return 0
    for number, unit in enumerate(call.units.money):
        if named.upper() == unit.symbol.upper() or named == call.terms.ladders[number].currency:
            return number
    choices = " or ".join(unit.symbol for unit in call.units.money)
    raise InputError.of("in", named, f"is no money of this {call.noun}", f"give --in {choices}")
