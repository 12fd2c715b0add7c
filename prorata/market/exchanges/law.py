# SPDX-License-Identifier: MIT
"""The law of an exchange in pure integers, written from what `IShareExchange` promises.

For `shares` shares of one wallet a holder gets, and pays,

    floor(shares * gets / per)              of the currency
    floor(shares * other_shares / per)      of the other token, and for the rest r of that division
    floor(r * fraction_price / per)         of the currency, in lieu of the fraction
    ceil(shares * pays / per)               of the currency, to be paid

Nothing else is rounded, so that what a holder is shown is what it gets.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from prorata.contracts.share_exchange import ExchangeQuote, ExchangeTerms

__all__ = ["brings", "entitlement", "most_fractions", "total_of"]


def brings(terms: ExchangeTerms, shares: int, price: int | None = None) -> ExchangeQuote:
    """What so many shares of one wallet bring; `price` stands for `gets` where a valuer names it.

    All amounts are in smallest units.
    """
    gets = terms.gets if price is None else price
    others, rest = divmod(shares * terms.other_shares, terms.per)
    in_lieu = rest * terms.fraction_price // terms.per
    return ExchangeQuote(
        paid=shares * gets // terms.per + in_lieu,
        due=-(-shares * terms.pays // terms.per),
        other_shares=others,
        in_lieu=in_lieu,
    )


def entitlement(terms: ExchangeTerms, shares: int) -> Fraction:
    """Other shares, in smallest units, that so many shares stand for before any rounding."""
    return Fraction(shares * terms.other_shares, terms.per)


def most_fractions(terms: ExchangeTerms, shares: int, wallets: int) -> int:
    """Money in lieu that so many shares can bring at most, in so many wallets.

    The rest of each division is below `per`, and all rests are no more than all shares stand for.
    """
    most = min(wallets * (terms.per - 1), shares * terms.other_shares)
    return most * terms.fraction_price // terms.per


def total_of(quotes: Iterable[ExchangeQuote]) -> ExchangeQuote:
    """The sums of several quotes."""
    paid = due = other = in_lieu = 0
    for one in quotes:
        paid, due = paid + one.paid, due + one.due
        other, in_lieu = other + one.other_shares, in_lieu + one.in_lieu
    return ExchangeQuote(paid, due, other, in_lieu)
