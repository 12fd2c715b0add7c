# SPDX-License-Identifier: MIT
"""Exchanges in words: how their amounts are written, and what each is called."""

from __future__ import annotations

from dataclasses import dataclass

from prorata.chain.types import Chain
from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import Exchange, ExchangeQuote, ExchangeStage, ExchangeTerms
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount, Unit, format_units
from prorata.values.times import moment

__all__ = ["ExchangeUnits", "a_kind_of", "kind_of", "stage_in_words", "units_of"]


@dataclass(frozen=True)
class ExchangeUnits:
    """How shares, money and other shares of an exchange are written."""

    terms: ExchangeTerms
    shares: Unit
    money: Unit
    other: Unit

    def share(self, amount: int) -> Amount:
        """So many shares that are given."""
        return self.shares.amount(amount, self.terms.token)

    def paid(self, amount: int) -> Amount | None:
        """So much money; None where nothing is paid by either side."""
        currency = self.terms.currency
        return None if currency == ZERO_ADDRESS else self.money.amount(amount, currency)

    def others(self, amount: int) -> Amount | None:
        """So many shares of the other token; None where there is none."""
        other = self.terms.other
        return None if other == ZERO_ADDRESS else self.other.amount(amount, other)

    def said_shares(self, amount: int) -> str:
        """`100 HARB12`."""
        return _said(self.shares, amount)

    def said_money(self, amount: int) -> str:
        """`100.00 USD`."""
        return _said(self.money, amount)

    def said(self, quote: ExchangeQuote) -> str:
        """What a quote brings, in words: `100.00 USD`, `5 NEW and 2.50 USD`, or `nothing`."""
        parts = []
        if quote.other_shares:
            parts.append(_said(self.other, quote.other_shares))
        if quote.paid:
            parts.append(_said(self.money, quote.paid))
        said = " and ".join(parts) or "nothing"
        return f"{said} for {_said(self.money, quote.due)}" if quote.due else said

    def rate(self, price: int | None = None) -> str:
        """What the terms give for how many shares, in words."""
        terms = self.terms
        gets = terms.gets if price is None else price
        quote = ExchangeQuote(gets, terms.pays, terms.other_shares, 0)
        per = format_units(terms.per, self.shares.decimals, trim=True)
        return f"{self.said(quote)} for {per} {self.shares.symbol}"


def units_of(chain: Chain, terms: ExchangeTerms) -> ExchangeUnits:
    """How the amounts of an exchange are written, as its tokens say.

    Raises: ChainError.
    """
    return ExchangeUnits(
        terms, *(_unit(chain, one) for one in (terms.token, terms.currency, terms.other))
    )


def kind_of(terms: ExchangeTerms) -> str:
    """What people call such an exchange."""
    if terms.mandatory:
        if terms.other_shares:
            return "exchange of all shares for others"
        return "maturity" if terms.burns else "buy-out"
    if terms.pays:
        return "exercise of rights"
    if terms.other_shares:
        return "exchange for other shares"
    if terms.gets or terms.valuer != ZERO_ADDRESS:
        return "redemption" if terms.burns else "purchase"
    return "retirement"


def a_kind_of(terms: ExchangeTerms) -> str:
    """The same with its article: `a maturity`, `an exercise of rights`."""
    kind = kind_of(terms)
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def stage_in_words(exchange: Exchange, now: int) -> str:
    """How far an exchange is, for a person."""
    terms, stage = exchange.terms, exchange.stage
    if stage is ExchangeStage.NOTICED:
        return f"noticed, opens at {moment(terms.opens_at)}"
    if stage is ExchangeStage.OPEN and not terms.mandatory:
        if now < terms.opens_at:
            return f"opens at {moment(terms.opens_at)}"
        if terms.closes_at and now > terms.closes_at:
            return f"over since {moment(terms.closes_at)}, not closed yet"
    return stage.label


def _said(unit: Unit, amount: int) -> str:
    return f"{unit.amount(amount).text} {unit.symbol}"


def _unit(chain: Chain, token: str) -> Unit:
    return Unit("", 0) if token == ZERO_ADDRESS else Currency(chain, token).unit
