# SPDX-License-Identifier: MIT
"""The order book and the trades of an asset, from the events of the settlement and of auctions.

How much of a posted order is left follows from what was filled and cancelled under its nonce.
Whether its maker still has what it gives, still allows it, and may trade by the rules is asked of
nobody here: an order that rests may be one that nobody can fill.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy import Connection

from prorata.chain.abi import topics_of
from prorata.chain.calls import Event
from prorata.contracts.call_terms import CallKind
from prorata.contracts.trade_settlement import FEE_LIMIT_BPS, PARTS, TradeOrder, order_digest
from prorata.ledger.calls import CALLING, Calls
from prorata.ledger.trades import TRADING, Trade, trades_in
from prorata.market.singletons import CALL_AUCTION, SETTLEMENT
from prorata.store.asof import AsOf, FollowedAsset
from prorata.store.at_records import Records
from prorata.store.log_events import stored_events, times_around

__all__ = [
    "STATES",
    "RestingOrder",
    "calls_of",
    "currencies_of",
    "resting_orders",
    "trades_of",
]

MOST_CURRENCIES = 100
"""Of an asset's market; anybody can post an order for whatever calls itself money."""

STATES = (
    "open", "filled", "cancelled", "expired", "record closed", "malformed", "fee too high",
)  # fmt: skip


@dataclass(frozen=True)
class RestingOrder:
    """A posted order; of what it gives, `filled` was filled, and `left` is neither that nor gone.

    `state` is one of `STATES`; None where the ledger cannot tell, since it keeps no time of the
    block, or the order ends with a record of another token.
    """

    order: TradeOrder
    settlement: str
    filled: int
    left: int
    state: str | None
    posted_in: int
    transaction: str
    posted_at: int

    def digest(self, chain_id: int) -> str:
        """What its maker has signed."""
        return f"0x{order_digest(self.order, chain_id, self.settlement).hex()}"

    def rank(self) -> tuple[bool, bool, Fraction]:
        """Open ones first; sellers before buyers, each from the best price on."""
        order, buys = self.order, self.order.maker_pays
        price = Fraction(order.money_amount, order.share_amount)
        return self.state != "open", buys, -price if buys else price


@dataclass
class _Spent:
    """What was filled and cancelled of a maker's nonces."""

    filled: dict[int, int] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    below: int = 0

    def enter(self, event: Event) -> None:
        args = event.args
        if event.name == "CancelledBelow":
            self.below = int(args["nonce"])
            return
        nonce = int(args["nonce"])
        if event.name == "Cancelled":
            self.cancelled.add(nonce)
        else:
            self.filled[nonce] = self.filled.get(nonce, 0) + int(args["given"])

    def left(self, order: TradeOrder) -> int:
        """As the contract: one nonce counts once for all orders that have it."""
        nonce = order.nonce
        if self.is_cancelled(nonce) or (nonce < PARTS and nonce in self.filled):
            return 0
        return order.give_amount - self.done(order)

    def done(self, order: TradeOrder) -> int:
        """What was filled of what it gives."""
        return min(order.give_amount, self.filled.get(order.nonce, 0))

    def is_cancelled(self, nonce: int) -> bool:
        return nonce in self.cancelled or (nonce & ~PARTS) < self.below


def resting_orders(connection: Connection, asset: FollowedAsset, then: AsOf) -> list[RestingOrder]:
    """Every order about the asset's shares that was posted up to a moment, as it stood then."""
    token = bytes.fromhex(asset.token[2:]).rjust(32, b"\0")
    asked = (connection, asset.id, then.block, SETTLEMENT)
    [posted] = topics_of(SETTLEMENT, "Posted")
    found: dict[TradeOrder, tuple[Event, int]] = {}
    told = [
        one
        for topics in ([posted, None, token], [posted, None, None, token])
        for one in stored_events(*asked, ("Posted",), topics=topics)
    ]
    for event, time in sorted(
        told, key=lambda one: (one[0].log.block_number, one[0].log.log_index)
    ):
        order = TradeOrder.of(event.args["order"])
        # Anybody can post what no one can fill; of nothing there is not even a price.
        if order.shares == asset.token and order.give_amount * order.take_amount:
            found.setdefault(order, (event, time))
    makers = {order.maker for order in found}
    spent = {maker: _Spent() for maker in makers}
    for event, _ in stored_events(*asked, ("Filled", "Cancelled", "CancelledBelow")):
        if (maker := str(event.args["maker"])) in makers:
            spent[maker].enter(event)
    standing = _Standing(connection, asset, then)
    rows = [
        RestingOrder(
            order,
            event.log.address,
            spent[order.maker].done(order),
            left := spent[order.maker].left(order),
            standing.state(order, left, spent[order.maker]),
            event.log.block_number,
            event.log.transaction_hash,
            time,
        )
        for order, (event, time) in found.items()
    ]
    return sorted(rows, key=RestingOrder.rank)


class _Standing:
    """Says how an order stands by itself at a moment."""

    def __init__(self, connection: Connection, asset: FollowedAsset, then: AsOf) -> None:
        self._token = asset.token
        self._records = Records(connection, asset.id, asset.token, then)
        self._times = times_around(connection, then)

    def state(self, order: TradeOrder, left: int, spent: _Spent) -> str | None:
        if _is_malformed(order):
            return "malformed"
        if max(order.fee_bps, order.tax_bps) > FEE_LIMIT_BPS:
            return "fee too high"
        if not left:
            done = spent.filled.get(order.nonce, 0)
            return "filled" if done >= order.give_amount else "cancelled"
        least, most = self._times
        if least > order.valid_until:
            return "expired"
        ended = self._ended(order)
        if ended:
            return "record closed"
        return "open" if ended is False and most is not None and most <= order.valid_until else None

    def _ended(self, order: TradeOrder) -> bool | None:
        """Whether its record has closed or was cancelled."""
        if not order.record:
            return False
        if order.record_token != self._token:
            return None
        stage, _ = self._records.stage(order.record)
        return None if stage is None else stage != "open"


def _is_malformed(order: TradeOrder) -> bool:
    """Whether its fields contradict each other, whoever takes it: `OrderLib.isMalformed`."""
    return (
        order.least_fill > order.give_amount
        or (order.nonce >= PARTS) != (order.least_fill < order.give_amount)
        or order.give == order.take
        or (int(order.record_token, 16) == 0) != (order.record == 0)
        or any(
            int(to, 16) == 0 < bps
            for to, bps in ((order.fee_to, order.fee_bps), (order.tax_to, order.tax_bps))
        )
    )


# ------------------------------------------------------------------------------------------ trades


def calls_of(connection: Connection, asset: FollowedAsset, block: int) -> Calls:
    """The calls in the asset's shares, as their events tell them up to a block."""
    calls = Calls(asset.token)
    for event, time in stored_events(connection, asset.id, block, CALL_AUCTION, CALLING):
        calls.apply(event, time)
    return calls


def trades_of(connection: Connection, asset: FollowedAsset, block: int) -> list[Trade]:
    """Filled orders, settled trades, and what holders sold to each other in auctions, in order."""
    found = [
        trade
        for event, time in stored_events(connection, asset.id, block, SETTLEMENT, TRADING)
        for trade in trades_in(event, asset.token, time)
    ]
    found += _auctioned(connection, asset, block)
    return sorted(found, key=lambda one: one.moment)


def _auctioned(connection: Connection, asset: FollowedAsset, block: int) -> Iterator[Trade]:
    calls = Calls(asset.token)
    for event, time in stored_events(connection, asset.id, block, CALL_AUCTION, CALLING):
        calls.apply(event, time)
        call = calls.of_event(event)
        if event.name == "Delivered" and call is not None and call.terms.kind is CallKind.AUCTION:
            trade = calls.trade(event, time)
            if trade is not None:
                yield trade


def currencies_of(connection: Connection, asset: FollowedAsset, then: AsOf) -> list[str]:
    """In which calls, trades and orders of an asset are, in this order, of very many the first."""
    found = dict.fromkeys(
        one.currency
        for call in calls_of(connection, asset, then.block).by_id.values()
        for one in call.money
    )
    traded = trades_of(connection, asset, then.block)
    found |= dict.fromkeys(one.currency for one in traded if one.priced)
    found |= dict.fromkeys(one.order.money for one in resting_orders(connection, asset, then))
    return list(found)[:MOST_CURRENCIES]
