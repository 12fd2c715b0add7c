# SPDX-License-Identifier: MIT
"""The orders of an asset that were made public, read from the settlement's events.

The chain is a bulletin board and no more: whether an order can be filled, and how much of it, is
asked of the contract when the board is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.calls import Event, decode_log
from prorata.contracts.trade_settlement import (
    FillExplanation,
    ObstacleCode,
    TradeOrder,
    TradeSettlement,
)
from prorata.deployments.deployment import Deployment
from prorata.files.writer import Row
from prorata.market.order_files import SignedOrder
from prorata.market.order_obstacles import OF_MAKER, Case, obstacles_in_words
from prorata.market.order_terms import price_of, price_text, shares_of
from prorata.market.papers import token_unit
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount, Unit
from prorata.values.times import moment

__all__ = ["ANYBODY", "Best", "OrderBook", "OrderRow", "PostedOrder", "read_order_book"]

ANYBODY = "0x000000000000000000000000000000000000dEaD"
"""Who is asked about where any taker may come: only what stands in everybody's way counts."""

BPS = 10_000

_STATES = {
    ObstacleCode.EXPIRED: "expired",
    ObstacleCode.MALFORMED: "malformed",
    ObstacleCode.FEE_TOO_HIGH: "fee too high",
    ObstacleCode.SPENT: "filled or cancelled",
    ObstacleCode.RECORD_CLOSED: "its record is over",
    ObstacleCode.NOT_SIGNED: "not signed",
    ObstacleCode.MAKER_BALANCE: "maker has less",
    ObstacleCode.MAKER_ALLOWANCE: "maker allows less",
}
"""Of an order that nobody can fill, why in a few words."""

_SHORT = (ObstacleCode.MAKER_BALANCE, ObstacleCode.MAKER_ALLOWANCE)
"""Obstacles that may leave room for a smaller fill."""


class OrderRow(Row):
    """A posted order, as a file has it."""

    side: str
    shares: Amount
    left: Amount
    open: Amount
    price: str
    currency: str
    money: str
    maker: str
    taker: str
    valid_until: str
    nonce: str
    state: str
    why: str
    digest: str


@dataclass(frozen=True)
class PostedOrder:
    """An order on the board: `left` of what it gives is not filled, and `open` of it could be now.

    `state` says in a word, and `why` in sentences, what keeps the rest from being filled, whoever
    would.
    """

    signed: SignedOrder
    left: int
    open: int
    state: str = "open"
    why: tuple[str, ...] = ()

    @property
    def is_alive(self) -> bool:
        """Whether somebody could fill something of it."""
        return self.open > 0

    @property
    def price(self) -> Fraction:
        """For a whole share, in whole units of the money."""
        return price_of(self.signed.order, self.signed.share_unit, self.signed.money_unit)

    @property
    def row(self) -> OrderRow:
        """As a file has it."""
        signed, order = self.signed, self.signed.order
        done = order.give_amount - self.left
        return OrderRow(
            side="buy" if order.maker_pays else "sell",
            shares=self._shares(order.share_amount),
            left=self._shares(shares_of(order, done, self.left) if self.left else 0),
            open=self._shares(shares_of(order, done, self.open) if self.open else 0),
            price=price_text(self.price, signed.money_unit),
            currency=signed.money_unit.symbol,
            money=order.money,
            maker=order.maker,
            taker="" if order.taker == ZERO_ADDRESS else order.taker,
            valid_until=moment(order.valid_until),
            nonce=str(order.nonce),
            state=self.state,
            why=" / ".join(self.why),
            digest=f"0x{signed.digest.hex()}",
        )

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        row = {name: value for name, value in self.row.values.items() if name != "why"}
        more = {"price": str(self.price), "open_now": self.is_alive, "why": list(self.why)}
        return {**row, **more}

    def _shares(self, amount: int) -> Amount:
        return self.signed.share_unit.amount(amount)


@dataclass(frozen=True)
class Best:
    """The best open prices that anybody may take in one currency; None where there is no order."""

    currency: str
    unit: Unit
    bid: Fraction | None
    ask: Fraction | None

    @property
    def spread(self) -> Fraction | None:
        """What the best seller wants above what the best buyer pays."""
        return None if self.bid is None or self.ask is None else self.ask - self.bid

    def as_json(self) -> dict[str, Any]:
        """For a program: prices are exact ratios, such as 1000 or 2000/3."""
        named = {"bid": self.bid, "ask": self.ask, "spread": self.spread}
        prices = {name: None if p is None else str(p) for name, p in named.items()}
        return {"currency": self.unit.symbol, "address": self.currency, **prices}


@dataclass(frozen=True)
class OrderBook:
    """The posted orders of one asset: sellers before buyers, each from the best price on."""

    orders: tuple[PostedOrder, ...]

    @property
    def best(self) -> list[Best]:
        """The best prices by currency, of orders that are open and for anybody."""
        found: dict[str, list[PostedOrder]] = {}
        for one in self.orders:
            if one.is_alive and one.signed.order.taker == ZERO_ADDRESS:
                found.setdefault(one.signed.order.money, []).append(one)
        return [_best(money, orders) for money, orders in sorted(found.items())]

    def selected(self, maker: str | None = None, *, open_only: bool = False) -> OrderBook:
        """The orders of one maker, or of all; and of them only those that are open."""
        return OrderBook(
            tuple(
                one
                for one in self.orders
                if maker in (None, one.signed.order.maker) and (one.is_alive or not open_only)
            )
        )


def read_order_book(deployment: Deployment, contract: TradeSettlement) -> OrderBook:
    """Every order about the asset's shares that was posted, and how it stands now.

    Raises: ChainError.
    """
    units: dict[str, Unit] = {}
    found: dict[bytes, SignedOrder] = {}
    for event in _posted(deployment, contract):
        order = TradeOrder.of(event.args["order"])
        # Anybody can post what no one can fill; of nothing there is not even a price.
        if order.shares != deployment.token().address or not order.give_amount * order.take_amount:
            continue
        for token in (order.give, order.take):
            if token not in units:
                units[token] = token_unit(deployment.chain, token)
        signed = SignedOrder(
            order,
            deployment.chain.chain_id,
            contract.address,
            units[order.give],
            units[order.take],
            event.args["signature"],
        )
        found.setdefault(signed.digest, signed)
    standing = _standing(contract, list(found.values()))
    return OrderBook(tuple(sorted(standing, key=_rank)))


def _rank(one: PostedOrder) -> tuple[bool, bool, Fraction]:
    buys = one.signed.order.maker_pays
    return (not one.is_alive, buys, -one.price if buys else one.price)


def _posted(deployment: Deployment, contract: TradeSettlement) -> Iterator[Event]:
    """The events that name the asset's token on either side, in ranges that the node takes."""
    token = bytes.fromhex(deployment.token().address[2:]).rjust(32, b"\0")
    first, last = deployment.manifest.first_block, deployment.chain.block().number
    [posted] = topics_of(TradeSettlement.CONTRACT, "Posted")
    for topics in ([posted, None, token], [posted, None, None, token]):
        for log in deployment.chain.logs([contract.address], first, last, topics):
            if (event := decode_log(log)) is not None:
                yield event


def _standing(contract: TradeSettlement, orders: Sequence[SignedOrder]) -> list[PostedOrder]:
    lefts = contract.lefts([one.order for one in orders])
    asked = []
    for one, left in zip(orders, lefts, strict=True):
        taker = ANYBODY if one.order.taker == ZERO_ADDRESS else one.order.taker
        asked.append((one.order, one.signature, taker, left or one.order.give_amount))
    answers = contract.explain_many(asked)
    rows = zip(orders, lefts, asked, answers, strict=True)
    return [_stands(one, left, row[2], answer) for one, left, row, answer in rows]


def _stands(
    signed: SignedOrder, left: int, taker: str, explanation: FillExplanation
) -> PostedOrder:
    order = signed.order
    against = [one for one in explanation.obstacles if one.code in OF_MAKER]
    case = Case(signed, taker, order.give_amount - left, explanation)
    why = tuple(obstacles_in_words(case, against))
    if any(one.code not in _SHORT for one in against):
        worst = next(one for one in against if one.code not in _SHORT)
        return PostedOrder(signed, left, 0, _STATES[worst.code], why)
    # A buyer's tax comes on top of what it gives.
    tax = order.tax_bps if order.maker_pays else 0
    most = min([left, *(one.limit * BPS // (BPS + tax) for one in against)])
    least = min(order.least_fill, left)
    if most >= max(1, least):
        return PostedOrder(signed, left, most, "open in part" if against else "open", why)
    return PostedOrder(signed, left, 0, _STATES[against[0].code], why)


def _best(money: str, orders: Sequence[PostedOrder]) -> Best:
    bids = [one.price for one in orders if one.signed.order.maker_pays]
    asks = [one.price for one in orders if not one.signed.order.maker_pays]
    unit = orders[0].signed.money_unit
    return Best(money, unit, max(bids, default=None), min(asks, default=None))
