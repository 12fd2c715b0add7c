# SPDX-License-Identifier: MIT
"""Offerings, tenders and auctions: their terms, how far they are, and where their money is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from prorata.contracts.call_terms import Side
from prorata.ledger.calls import CallAccount, CallMoney, CallOrder
from prorata.market.singletons import CALL_AUCTION
from prorata.service.asking import Asked, Asks
from prorata.service.market.orders import calls_of
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
from prorata.store.log_events import contracts_of, times_around
from prorata.values.addresses import named_account

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["market"])

STAGE = (
    "`open`: orders are taken, or it waits to be closed. `cleared`: it waits for its principal's "
    "acceptance. `settling`: lots are delivered against money. `delivered`: all that change hands "
    "are. `failed` and `cancelled`: everything goes back."
)


class Kind(str, Enum):
    """What a call is."""

    OFFERING = "offering"
    TENDER = "tender"
    AUCTION = "auction"


class CallMoneyModel(Model):
    """The money of a call in one currency, and the prices in it."""

    lowest_price: str | None = Field(description=PRICE)
    highest_price: str | None = Field(description=PRICE)
    received: AmountModel = Field(description="All that came in.")
    refundable: AmountModel = Field(
        description="It pays for what is delivered yet, or goes back to who gave it."
    )
    proceeds: AmountModel = Field(
        description="Paid for delivered lots of a sale, and kept until enough are delivered."
    )
    owed: AmountModel = Field(description="Could not be paid, and waits to be taken.")
    refunded: AmountModel = Field(description="Went back, or is owed to who gave it.")
    raised: AmountModel = Field(
        description="Went to sellers and principals, fees included, or is owed to them."
    )


class OfferingModel(Model):
    """An offering, a tender or an auction. Shares are whole lots in smallest units."""

    id: Hash
    kind: str = Field(description="`offering`, `tender` or `auction`.")
    contract: Address
    stage: str = Field(description=STAGE)
    takes_orders: bool | None = Field(
        description="Whether it took orders; null where the ledger keeps no time of the block."
    )
    principal: Address | None = Field(description="Who sells, or buys; null in an auction.")
    mints: bool = Field(description="Whether its shares are issued when they are delivered.")
    by_amount: bool = Field(description="Whether people order for so much money, not so many lots.")
    lot: AmountModel = Field(description="The shares of a lot: all else is whole lots.")
    most: AmountModel = Field(description="Shares that change hands at most; 0 for no limit.")
    least: AmountModel = Field(description="If fewer do, it fails.")
    opens_at: Time | None
    withdraw_until: Time | None = Field(description="Until when an order can be taken back.")
    closes_at: Time | None = Field(description="The last second in which orders are taken.")
    close_by: Time | None = Field(description="If it is not closed by then, it fails.")
    accept_by: Time | None = Field(description="If it is not accepted by then, it fails.")
    settle_by: Time | None = Field(description="Until when lots are delivered.")
    fee_bps: int = Field(description="The venue's, in hundredths of a percent of the proceeds.")
    money: list[CallMoneyModel] = Field(description="By currency: one or two.")
    order_count: int = Field(description="Orders that count: neither withdrawn nor struck.")
    bids: AmountModel | None = Field(
        description="Shares that they would buy; null where people order for so much money."
    )
    asks: AmountModel = Field(description="Shares that they would sell.")
    price: str | None = Field(description=f"The one price, once it was closed. {PRICE}")
    cleared: AmountModel | None = Field(description="Shares that change hands; null before.")
    delivered: AmountModel = Field(description="Of these, what was delivered.")
    closed_at: Time | None
    document: Hash | None = Field(description="The hash of its document.")
    block: int = Field(description="In which it was opened.")
    transaction: Hash


class OfferingPageModel(Page):
    """Offerings, tenders and auctions, in the order in which they were opened."""

    known: bool = Field(
        description="Whether the ledger follows a contract of calls: if not, nothing is known of "
        "them."
    )
    offerings: list[OfferingModel]


@router.get(
    "/offerings",
    response_model=OfferingPageModel,
    responses=asset_responses(),
    summary="Offerings, tenders and auctions",
)
async def list_offerings(
    ask: Asks,
    asset: AssetName,
    *,
    at: At = None,
    kind: Annotated[Kind | None, Query(description="Only these.")] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Every call in the asset's shares: terms, stage, what was sold and where the money is."""

    def build(asked: Asked) -> OfferingPageModel:
        calls = calls_of(asked.connection, asked.followed.asset, asked.block)
        found = [one for one in calls.by_id.values() if kind is None or one.label == kind.value]
        shown, last = page_of_list(asked.after, limit, found)
        contracts = contracts_of(asked.connection, asked.id, CALL_AUCTION)
        times = times_around(asked.connection, asked.moment)
        return OfferingPageModel(
            **asked.facts,
            known=bool(contracts),
            offerings=[_offering(asked, one, contracts[0], times) for one in shown],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor, long=True)


def _offering(
    asked: Asked, one: CallAccount, contract: str, times: tuple[int, int | None]
) -> OfferingModel:
    terms, standing = one.terms, [o for o in one.orders.values() if o.state == "placed"]

    def lots(count: int) -> AmountModel:
        return amount_model(count * terms.lot, asked.unit)

    closed = one.closed_at is not None
    return OfferingModel(
        id=one.id,
        kind=one.label,
        contract=contract,
        stage=one.progress,
        takes_orders=_takes_orders(one, times),
        principal=named_account(terms.principal),
        mints=terms.mint,
        by_amount=terms.by_amount,
        lot=lots(1),
        most=lots(terms.lots),
        least=lots(terms.least_lots),
        opens_at=time_model(terms.opens_at),
        withdraw_until=time_model(terms.withdraw_until),
        closes_at=time_model(terms.closes_at),
        close_by=time_model(terms.close_by),
        accept_by=time_model(terms.accept_by),
        settle_by=time_model(terms.settle_by),
        fee_bps=terms.fee_bps,
        money=[_money(asked, one, ladder, each) for ladder, each in enumerate(one.money)],
        order_count=len(standing),
        bids=None if terms.by_amount else lots(_quantity(standing, Side.BID)),
        asks=lots(_quantity(standing, Side.ASK)),
        price=price(asked, one.price, terms.lot, one.currencies[0]) if closed else None,
        cleared=lots(one.lots) if closed else None,
        delivered=lots(one.delivered),
        closed_at=time_model(one.closed_at[0]) if one.closed_at is not None else None,
        document=f"0x{terms.document_hash.hex()}" if any(terms.document_hash) else None,
        block=one.opened_at[1],
        transaction=one.transaction,
    )


def _quantity(orders: Iterable[CallOrder], side: Side) -> int:
    return sum(one.quantity for one in orders if one.side is side)


def _takes_orders(one: CallAccount, times: tuple[int, int | None]) -> bool | None:
    if one.progress != "open":
        return False
    (least, most), terms = times, one.terms
    if least > terms.closes_at or (most is not None and most < terms.opens_at):
        return False
    return (
        True if most is not None and least >= terms.opens_at and most <= terms.closes_at else None
    )


def _money(asked: Asked, one: CallAccount, ladder: int, each: CallMoney) -> CallMoneyModel:
    steps, terms = one.terms.ladders[ladder], one.terms
    figures = {
        "received": each.received,
        "refundable": each.refundable,
        "proceeds": each.proceeds,
        "owed": each.owed,
        "refunded": each.refunded,
        "raised": each.paid,
    }
    return CallMoneyModel(
        lowest_price=price(asked, steps.first_price, terms.lot, each.currency),
        highest_price=price(asked, steps.price_at(terms.last_step), terms.lot, each.currency),
        **{name: money(asked, units, each.currency) for name, units in figures.items()},
    )
