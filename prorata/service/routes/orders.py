# SPDX-License-Identifier: MIT
"""Orders that were posted, and what was traded."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from prorata.ledger.trades import Trade
from prorata.market.order_terms import shares_of
from prorata.market.singletons import SETTLEMENT
from prorata.service.asking import Asked, Asks
from prorata.service.market.orders import STATES, RestingOrder, resting_orders, trades_of
from prorata.service.models import (
    Address,
    AmountModel,
    Hash,
    Model,
    Page,
    Time,
    amount_model,
    time_model,
)
from prorata.service.money import PRICE, money, price
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Limit,
    asset_responses,
    page_of_list,
)
from prorata.store.log_events import contracts_of
from prorata.values.addresses import named_account, parse_address

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["market"])

KNOWN = (
    "Whether the ledger follows a settlement contract: if not, nothing is known of orders and "
    "trades."
)
STATE = (
    "One of " + ", ".join(f"`{one}`" for one in STATES) + ". Null where the ledger keeps no time "
    "of the block, or the order ends with a record of another token."
)

# ------------------------------------------------------------------------------------------ orders


class Chosen(str, Enum):
    """Which orders."""

    OPEN = "open"
    ALL = "all"


class OrderModel(Model):
    """An order that its maker has signed and somebody has posted.

    Whether its maker still has what it gives, still allows it and may trade is not asked: an open
    order may be one that nobody can fill. `prorata order book` and preparing a fill ask the
    contract.
    """

    side: str = Field(description="`sell` or `buy`, as the maker has it.")
    state: str | None = Field(description=STATE)
    shares: AmountModel = Field(description="In all.")
    filled: AmountModel = Field(description="Shares of it that changed hands.")
    left: AmountModel = Field(
        description="Shares that are neither filled nor cancelled, by the events of its nonce."
    )
    money: AmountModel = Field(description="What all the shares cost, without fee and tax.")
    price: str | None = Field(description=PRICE)
    in_parts: bool = Field(description="Whether it may be filled in parts.")
    fee_bps: int = Field(description="The venue's, in hundredths of a percent of the money.")
    tax_bps: int = Field(description="The tax, in hundredths of a percent of the money.")
    maker: Address
    taker: Address | None = Field(description="Who alone may fill it; null for anybody.")
    valid_until: Time = Field(description="Its last second.")
    record: int | None = Field(description="It ends when this record closes; null for none.")
    record_token: Address | None = Field(description="Whose record that is.")
    nonce: str
    settlement: Address
    digest: Hash = Field(description="What its maker has signed (EIP-712).")
    block: int = Field(description="In which it was posted first.")
    time: Time
    transaction: Hash


class OrderPageModel(Page):
    """Orders: open ones first, sellers before buyers, each from the best price on."""

    known: bool = Field(description=KNOWN)
    order_count: int = Field(description="Orders, of all pages.")
    orders: list[OrderModel]


@router.get(
    "/orders",
    response_model=OrderPageModel,
    responses=asset_responses(),
    summary="The orders that were posted",
)
async def list_orders(
    ask: Asks,
    asset: AssetName,
    *,
    at: At = None,
    state: Annotated[
        Chosen,
        Query(description="`open` leaves out those that are known to be over; `all` has all."),
    ] = Chosen.OPEN,
    maker: Annotated[
        str | None,
        Query(description="Only of this maker.", pattern="^0x[0-9a-fA-F]{40}$"),
    ] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """The order book as its events tell it: signed orders, and how much of each is left."""
    who = None if maker is None else parse_address(maker, "maker")

    def build(asked: Asked) -> OrderPageModel:
        found = [
            one
            for one in resting_orders(asked.connection, asked.followed.asset, asked.moment)
            if who in (None, one.order.maker)
            and (state is Chosen.ALL or one.state in (None, "open"))
        ]
        shown, last = page_of_list(asked.after, limit, found)
        return OrderPageModel(
            **asked.facts,
            known=bool(contracts_of(asked.connection, asked.id, SETTLEMENT)),
            order_count=len(found),
            orders=[_order(asked, one) for one in shown],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor, long=True)


def _order(asked: Asked, one: RestingOrder) -> OrderModel:
    order = one.order
    filled = shares_of(order, 0, one.filled) if one.filled else 0
    left = shares_of(order, one.filled, one.left) if one.left else 0
    return OrderModel(
        side="buy" if order.maker_pays else "sell",
        state=one.state,
        shares=amount_model(order.share_amount, asked.unit),
        filled=amount_model(filled, asked.unit),
        left=amount_model(left, asked.unit),
        money=money(asked, order.money_amount, order.money),
        price=price(asked, order.money_amount, order.share_amount, order.money),
        in_parts=order.in_parts,
        fee_bps=order.fee_bps,
        tax_bps=order.tax_bps,
        maker=order.maker,
        taker=named_account(order.taker),
        valid_until=time_model(order.valid_until) or "",
        record=order.record or None,
        record_token=named_account(order.record_token),
        nonce=str(order.nonce),
        settlement=one.settlement,
        digest=one.digest(asked.followed.chain_id),
        block=one.posted_in,
        time=time_model(one.posted_at) or "",
        transaction=one.transaction,
    )


# ------------------------------------------------------------------------------------------ trades


class TradeModel(Model):
    """Shares that one account sold to another."""

    kind: str = Field(
        description="`order` that was filled, `trade` of several legs, or `auction` in which "
        "holders sold to each other. Offerings and tenders are under `/offerings`."
    )
    seller: Address
    buyer: Address
    shares: AmountModel
    paid: AmountModel | None = Field(
        description="What the shares cost, without fee and tax; null where shares and money cannot "
        "be told apart, as in a trade of three legs."
    )
    fee: AmountModel | None = Field(description="The venue's; the seller received it less.")
    tax: AmountModel | None = Field(description="What the buyer paid besides.")
    price: str | None = Field(description=PRICE)
    reference: str = Field(description="The order's nonce, the trade's digest, or the call.")
    time: Time
    block: int
    log_index: int
    transaction: Hash


class TradePageModel(Page):
    """Trades, in the chain's order."""

    known: bool = Field(description=KNOWN)
    trades: list[TradeModel]


@router.get(
    "/trades",
    response_model=TradePageModel,
    responses=asset_responses(),
    summary="What was traded, and at what price",
)
async def list_trades(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """The trade tape up to a moment, the oldest first. Whether a price is fair nobody has asked."""

    def build(asked: Asked) -> TradePageModel:
        found = trades_of(asked.connection, asked.followed.asset, asked.block)
        shown, last = page_of_list(asked.after, limit, found)
        return TradePageModel(
            **asked.facts,
            known=bool(contracts_of(asked.connection, asked.id, SETTLEMENT)),
            trades=[_trade(asked, one) for one in shown],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor, long=True)


def _trade(asked: Asked, one: Trade) -> TradeModel:
    paid, fee, tax = (
        money(asked, units, one.currency) if one.priced else None
        for units in (one.paid, one.fee, one.tax)
    )
    _, block, index = one.moment
    return TradeModel(
        kind="auction" if one.source else "order" if one.maker else "trade",
        seller=one.seller,
        buyer=one.buyer,
        shares=amount_model(one.shares, asked.unit),
        paid=paid,
        fee=fee,
        tax=tax,
        price=price(asked, one.paid, one.shares, one.currency) if one.priced else None,
        reference=one.source or (str(one.nonce) if one.maker else one.digest),
        time=time_model(one.time) or "",
        block=block,
        log_index=index,
        transaction=one.transaction,
    )
