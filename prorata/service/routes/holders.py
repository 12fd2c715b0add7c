# SPDX-License-Identifier: MIT
"""Who holds what: the cap table, the holders by pages, and one of them."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from prorata.service.asking import Asked, Asks
from prorata.service.models import Address, AmountModel, Answer, Model, Page, amount_model
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Holder,
    Limit,
    asset_responses,
)
from prorata.store.asof import holder, supply
from prorata.store.holder_pages import holders_after
from prorata.values.addresses import checksummed, parse_address
from prorata.values.amounts import percent

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["holders"])


class HolderModel(Model):
    """A holder and its shares."""

    address: Address
    shares: AmountModel


class HolderPageModel(Page):
    """Holders, in the order in which they first had a share."""

    holders: list[HolderModel]


class CapTableRow(HolderModel):
    """A line of a cap table."""

    percent: str = Field(description="Of all shares, rounded down.", examples=["8.00%"])


class CapTableModel(Page):
    """A page of the cap table, with what all pages add up to."""

    supply: AmountModel = Field(description="All shares, of all pages.")
    holder_count: int = Field(description="Holders, of all pages.")
    holders: list[CapTableRow]


class HolderAnswer(Answer):
    """One account's shares; 0 for one that has none."""

    address: Address
    shares: AmountModel
    percent: str = Field(description="Of all shares, rounded down.", examples=["8.00%"])


@router.get(
    "/captable",
    response_model=CapTableModel,
    responses=asset_responses(),
    summary="The cap table as of any moment",
)
async def show_captable(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Who holds which part of an asset: now, at a record date, after a block, or at a time."""

    def build(asked: Asked) -> CapTableModel:
        there = supply(asked.connection, asked.id, asked.block)
        held, last = holders_after(asked.connection, asked.id, asked.block, asked.after, limit)
        return CapTableModel(
            **asked.facts,
            supply=amount_model(there.total, asked.unit),
            holder_count=there.holders,
            holders=[
                CapTableRow(
                    address=checksummed(address),
                    shares=amount_model(shares, asked.unit),
                    percent=percent(shares, there.total),
                )
                for address, shares in held
            ],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor)


@router.get(
    "/holders",
    response_model=HolderPageModel,
    responses=asset_responses(),
    summary="The holders, by pages of one moment",
)
async def list_holders(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Every holder as of a moment. Blocks that come while the pages are read change none."""

    def build(asked: Asked) -> HolderPageModel:
        held, last = holders_after(asked.connection, asked.id, asked.block, asked.after, limit)
        return HolderPageModel(
            **asked.facts,
            holders=[
                HolderModel(address=checksummed(address), shares=amount_model(shares, asked.unit))
                for address, shares in held
            ],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor)


@router.get(
    "/holders/{address}",
    response_model=HolderAnswer,
    responses=asset_responses(),
    summary="The shares of one account",
)
async def show_holder(ask: Asks, asset: AssetName, address: Holder, at: At = None) -> Response:
    """How many shares an account had at a moment."""
    who = parse_address(address)

    def build(asked: Asked) -> HolderAnswer:
        shares = holder(asked.connection, asked.id, asked.block, who)
        total = supply(asked.connection, asked.id, asked.block).total
        return HolderAnswer(
            **asked.facts,
            address=who,
            shares=amount_model(shares, asked.unit),
            percent=percent(shares, total) if total else "0.00%",
        )

    return await ask.of_asset(asset, build, at=at)
