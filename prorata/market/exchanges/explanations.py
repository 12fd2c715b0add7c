# SPDX-License-Identifier: MIT
"""What stands in the way of an elective exchange now, asked of the contract, the tokens and money.

The contract refuses with the first obstacle that it meets. Here all of them are looked for, in the
order in which it would, and the most shares that would pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from prorata.chain.node import RpcChain
from prorata.chain.rpc import BusyError
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Holds
from prorata.contracts.rules import Code, Explanation, Refusal
from prorata.contracts.share_exchange import (
    Exchange,
    ExchangeExplanation,
    ExchangeObstacle,
    ExchangeObstacleCode,
    ExchangeStage,
    ShareExchange,
)
from prorata.contracts.share_token import ShareToken
from prorata.errors import ChainError
from prorata.market.exchanges.law import brings
from prorata.market.holds import beside_what_is_held
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["explain_exchange"]

_STOPS = frozenset({Code.PAUSED, Code.SENDER_BLOCKED, Code.AMOUNT_FROZEN, Code.LOCKED_UP})
"""What keeps a holder from giving anything to anybody. Other codes are about who receives."""

_AMOUNTS = frozenset({Code.AMOUNT_FROZEN, Code.LOCKED_UP})
"""Those of them whose limit is how many shares are free."""


@dataclass
class _Findings:
    """What was found so far; `most` is the most shares that pass all of it."""

    chain: RpcChain
    contract: ShareExchange
    id: int
    exchange: Exchange
    holder: str
    shares: int
    allows: bool
    most: int = 0
    obstacles: list[ExchangeObstacle] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, code: ExchangeObstacleCode, value: int, limit: int) -> None:
        """An obstacle."""
        self.obstacles.append(ExchangeObstacle(code, value, limit))

    def at_most(self, shares: int) -> None:
        """No more than so many pass."""
        self.most = min(self.most, max(shares, 0))


def explain_exchange(
    chain: RpcChain,
    contract: ShareExchange,
    exchange_id: int,
    exchange: Exchange,
    *,
    holder: str,
    shares: int,
    allows: bool = False,
) -> ExchangeExplanation:
    """Everything in the way of an exchange by `holder`, and the most shares that would pass.

    With `allows` the allowance for what is paid is given with the exchange.

    Raises: ChainError.
    """
    balance = ShareToken(chain, exchange.terms.token).balance_of(holder)
    where = (chain, contract, exchange_id, exchange, holder, shares, allows)
    found = _Findings(*where, most=balance)
    _look_at_time(found)
    if shares > balance:
        found.add(ExchangeObstacleCode.BALANCE, shares, balance)
    # What more than it has would bring or cost is nobody's business.
    asked = shares if shares <= balance else 0
    _look_at_money(found, asked)
    _look_at_shares(found, balance, asked)
    return ExchangeExplanation(tuple(found.obstacles), tuple(found.refusals), found.most)


def _look_at_time(found: _Findings) -> None:
    terms, now = found.exchange.terms, found.chain.now()
    ended = found.exchange.stage in (ExchangeStage.CLOSED, ExchangeStage.CANCELLED)
    over = bool(terms.closes_at) and now > terms.closes_at
    before = len(found.obstacles)
    if ended or over or now < terms.opens_at:
        limit = terms.opens_at if now < terms.opens_at else terms.closes_at
        found.add(ExchangeObstacleCode.NOT_OPEN, now, limit)
    if terms.mandatory:
        found.add(ExchangeObstacleCode.MANDATORY, 1, 0)
    if not found.shares:
        found.add(ExchangeObstacleCode.NOTHING, 0, 1)
    age = now - found.exchange.price_as_of
    if terms.max_age and age > terms.max_age:
        found.add(ExchangeObstacleCode.PRICE_TOO_OLD, age, terms.max_age)
    if any(o.code is not ExchangeObstacleCode.NOTHING for o in found.obstacles[before:]):
        found.at_most(0)
    if terms.day_limit:
        left = found.contract.left_today(found.id)
        if found.shares > left:
            found.add(ExchangeObstacleCode.OVER_DAY_LIMIT, found.shares, left)
        found.at_most(left)


def _look_at_shares(found: _Findings, balance: int, asked: int) -> None:
    terms, holder = found.exchange.terms, found.holder
    token = ShareToken(found.chain, terms.token)
    stops = _among(token.explain(holder, holder, asked), _STOPS)
    for one in _among(token.explain(holder, holder, balance), _STOPS):
        found.at_most(one.limit if one.code in _AMOUNTS else 0)
    if stops and asked:
        found.refusals += stops
        found.add(ExchangeObstacleCode.NOT_FREE, asked, found.most)
    if not terms.burns:
        _look_at_acquirer(found, token, asked)
    if terms.other != ZERO_ADDRESS and asked:
        _look_at_other(found)


def _look_at_acquirer(found: _Findings, token: ShareToken, asked: int) -> None:
    holder, acquirer = found.holder, found.exchange.terms.acquirer
    if holder == acquirer:
        if asked:
            found.add(ExchangeObstacleCode.GIVE_REFUSED, asked, 0)
        found.at_most(0)
        return
    found.at_most(token.explain(holder, acquirer, found.most).most if found.most else 0)
    if not asked:
        return
    explained = token.explain(holder, acquirer, asked)
    others = [one for one in explained.refusals if one not in found.refusals]
    if others:
        found.refusals += others
        found.add(ExchangeObstacleCode.GIVE_REFUSED, asked, explained.most)


def _look_at_other(found: _Findings) -> None:
    """Whether the holder can receive the other shares, minted or from whoever gives them."""
    terms = found.exchange.terms
    amount = brings(terms, found.shares, found.exchange.price).other_shares
    if not amount:
        return
    other = ShareToken(found.chain, terms.other)
    refusals = _of_other(other, terms.other_from, found.holder, amount)
    most = amount
    if terms.other_from != ZERO_ADDRESS:
        holds = Holds(found.chain, found.contract.holds())
        consent = holds.consent_of(found.contract.address, terms.other, terms.other_from)
        lasts = consent.until >= found.chain.now()
        most = min(amount, consent.most - consent.kept) if lasts else 0
    if refusals or most < amount:
        found.refusals += refusals
        found.add(ExchangeObstacleCode.OTHER_REFUSED, amount, 0 if refusals else most)
        found.at_most(most * terms.per // terms.other_shares if not refusals else 0)


def _of_other(other: ShareToken, giver: str, holder: str, amount: int) -> Sequence[Refusal]:
    try:
        return beside_what_is_held(other.explain(giver, holder, amount))
    except BusyError:
        raise
    except ChainError:
        # A token of another make does not say.
        return ()


def _look_at_money(found: _Findings, asked: int) -> None:
    exchange, terms = found.exchange, found.exchange.terms
    quote = brings(terms, asked, exchange.price)
    if quote.paid > exchange.funds:
        found.add(ExchangeObstacleCode.UNFUNDED, quote.paid, exchange.funds)
    found.at_most(_most_within(found, exchange.funds, due=False))
    if not terms.pays or found.holder == terms.treasury:
        # The treasury would pay itself.
        return
    money = Currency(found.chain, terms.currency)
    balance = money.balance_of(found.holder)
    allowance = money.allowance(found.holder, found.contract.address)
    if quote.due > balance:
        found.add(ExchangeObstacleCode.DUE_BALANCE, quote.due, balance)
    if quote.due > allowance and not found.allows:
        found.add(ExchangeObstacleCode.DUE_ALLOWANCE, quote.due, allowance)
    limit = balance if found.allows else min(balance, allowance)
    found.at_most(_most_within(found, limit, due=True))


def _most_within(found: _Findings, limit: int, *, due: bool) -> int:
    """The most shares that bring, or cost, no more than `limit`: both grow with their number.

    But for what is paid in lieu, which is less than one more share brings; where that makes the
    sum fall back, the search ends below, and what it finds passes all the same.
    """
    exchange, low, high = found.exchange, 0, found.most
    while low < high:
        middle = (low + high + 1) // 2
        quote = brings(exchange.terms, middle, exchange.price)
        if (quote.due if due else quote.paid) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _among(explained: Explanation, codes: frozenset[Code]) -> list[Refusal]:
    return list(_kept(explained.refusals, codes))


def _kept(refusals: Sequence[Refusal], codes: frozenset[Code]) -> Iterator[Refusal]:
    return (one for one in refusals if one.code in codes)
