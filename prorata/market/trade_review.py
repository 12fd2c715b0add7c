# SPDX-License-Identifier: MIT
"""How a trade stands: who has signed, what is there and allowed, and what is missing.

Legs happen in their order, so that somebody can give what an earlier leg brings. What a token's
rules say is asked leg by leg as things are now; only a simulation of the whole knows what they say
in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.trade_settlement import Leg, SignedPermit, Trade, TradeSettlement
from prorata.errors import Problem
from prorata.files.writer import json_object
from prorata.market.trade_files import SignedTrade
from prorata.register.refusals import Transfer, explain_in_words
from prorata.values.amounts import Unit
from prorata.values.times import moment

__all__ = ["Lack", "Need", "Signing", "TradeReview", "review_trade"]

_ANEW = "propose it anew with `prorata trade propose`"


@dataclass(frozen=True)
class Lack:
    """One thing that is missing, and the command that mends it."""

    column: str
    value: str
    rule: str
    remedy: str

    @property
    def problem(self) -> Problem:
        """As a fault of the trade."""
        return Problem(None, self.column, self.value, self.rule, self.remedy)

    @property
    def sentence(self) -> str:
        """As a person reads it."""
        return f"{self.value} {self.rule}; {self.remedy}"


@dataclass(frozen=True)
class Need:
    """What somebody gives of one asset, in smallest units.

    `at_first` is what it must hold before the first leg, `in_all` what the settlement moves.
    """

    giver: str
    asset: str
    unit: Unit
    at_first: int
    in_all: int
    balance: int
    allowance: int
    permit: SignedPermit | None = None
    """What the giver has signed that would allow all of it."""

    def lacks(self) -> Iterator[Lack]:
        """What is missing of it."""
        symbol = self.unit.symbol
        if self.balance < self.at_first:
            held, needed = (self.unit.amount(n).text for n in (self.balance, self.at_first))
            rule = f"holds {held} {symbol}, and gives {needed}"
            yield Lack("from", self.giver, rule, "let it get the rest first")
        if self.allowance < self.in_all and self.permit is None:
            allowed, needed = (self.unit.amount(n).text for n in (self.allowance, self.in_all))
            rule = f"lets the settlement move {allowed} {symbol}, and gives {needed}"
            remedy = "let it run `prorata trade approve FILE` with its account"
            yield Lack("from", self.giver, rule, remedy)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        amounts = {
            "needed": self.at_first,
            "moved": self.in_all,
            "balance": self.balance,
            "allowance": min(self.allowance, 2**256 - 1),
        }
        named = {name: self.unit.amount(units, self.asset) for name, units in amounts.items()}
        return json_object({"account": self.giver, **named, "permit": self.permit is not None})


@dataclass(frozen=True)
class Signing:
    """Whether somebody who gives has signed, and whether its nonce is spent."""

    giver: str
    signed: bool
    spent: bool

    @property
    def words(self) -> str:
        """As a table has it."""
        if self.spent:
            return "settled or cancelled"
        return "signed" if self.signed else "not signed"


@dataclass(frozen=True)
class TradeReview:
    """How a trade stands at `now`, in Unix seconds.

    `ended` has what no command can mend any more, and missing signatures; `refusals` what the
    tokens' rules say of each leg, by its place from 1.
    """

    found: SignedTrade
    now: int
    signings: tuple[Signing, ...]
    needs: tuple[Need, ...]
    refusals: tuple[tuple[int, Lack], ...]
    ended: tuple[Lack, ...]

    @property
    def obstacles(self) -> list[Lack]:
        """All that stands in the way now."""
        lacks = [lack for need in self.needs for lack in need.lacks()]
        return [*self.ended, *lacks, *(lack for _, lack in self.refusals)]


def review_trade(
    settlement: TradeSettlement, found: SignedTrade, *, bearer: str | None = None
) -> TradeReview:
    """How a trade stands, if `bearer` settles it; its signatures have been checked before.

    Raises: ChainError.
    """
    chain, trade = settlement.chain, found.trade
    assert isinstance(chain, RpcChain)
    now = chain.now()
    signings = tuple(
        Signing(giver, giver in found.signatures, settlement.is_trade_spent(giver, trade.nonce))
        for giver in trade.givers
    )
    return TradeReview(
        found,
        now,
        signings,
        tuple(_needs(chain, settlement.address, found)),
        tuple(_refusals(chain, trade)),
        tuple(_ended(trade, signings, now, bearer)),
    )


def _ended(
    trade: Trade, signings: Sequence[Signing], now: int, bearer: str | None
) -> Iterator[Lack]:
    if now > trade.valid_until:
        rule = (
            "was the last second at which it could be settled, and the chain's time is "
            f"{moment(now)}"
        )
        yield Lack("valid_until", moment(trade.valid_until), rule, _ANEW)
    for one in signings:
        if one.spent:
            rule = f"of {one.giver} is spent: a trade with it was settled or cancelled"
            yield Lack("nonce", str(trade.nonce), rule, _ANEW)
        elif not one.signed and one.giver != bearer:
            remedy = "let it run `prorata trade sign FILE` with its account"
            yield Lack("signature", one.giver, "has not signed", remedy)


def _needs(chain: RpcChain, settlement: str, found: SignedTrade) -> Iterator[Need]:
    trade, now = found.trade, chain.now()
    for giver, asset in dict.fromkeys((leg.giver, leg.asset) for leg in trade.legs):
        legs = [leg for leg in trade.legs if leg.asset == asset]
        currency = Currency(chain, asset)
        moved = sum(leg.amount for leg in legs if leg.giver == giver)
        permits = (
            permit
            for permit in found.permits
            if (permit.owner, permit.token) == (giver, asset)
            and permit.value >= moved
            and permit.deadline >= now
        )
        yield Need(
            giver,
            asset,
            currency.unit,
            _at_first(giver, legs),
            moved,
            currency.balance_of(giver),
            currency.allowance(giver, settlement),
            next(permits, None),
        )


def _at_first(account: str, legs: Sequence[Leg]) -> int:
    """What an account must hold before the first leg, so that it never gives what it has not."""
    running = lowest = 0
    for leg in legs:
        running += leg.amount * ((leg.receiver == account) - (leg.giver == account))
        lowest = min(lowest, running)
    return -lowest


def _refusals(chain: RpcChain, trade: Trade) -> Iterator[tuple[int, Lack]]:
    """What the rules of each share token say of each leg as things are now."""
    for place, leg in enumerate(trade.legs, start=1):
        asset = Currency(chain, leg.asset)
        if not asset.is_share_token():
            continue
        explained = ShareToken(chain, leg.asset).explain(leg.giver, leg.receiver, leg.amount)
        unit = asset.unit
        transfer = Transfer(leg.giver, leg.receiver, leg.amount, unit.symbol, unit.decimals)
        for sentence in explain_in_words(explained.refusals, transfer):
            rule, _, remedy = sentence.partition("; ")
            said = f"{unit.amount(leg.amount).text} {unit.symbol}"
            yield place, Lack(f"leg {place}", said, f"cannot move: {rule}", remedy or "ask it")
