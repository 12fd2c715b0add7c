# SPDX-License-Identifier: MIT
"""The register: holders with the names that the office knows, for keys that may read it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from prorata.service.asking import Asked, Asks, packed
from prorata.service.models import AmountModel, Page, amount_model
from prorata.service.routes.holders import CapTableRow
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Limit,
    asset_responses,
)
from prorata.store.asof import supply
from prorata.store.holder_pages import holders_after
from prorata.values.addresses import checksummed
from prorata.values.amounts import percent

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["register"])


class RegisterRow(CapTableRow):
    """A holder, and who it is, as far as the office knows."""

    name: str | None
    kind: str | None
    country: int | None = Field(description="The numeric code of ISO 3166-1.")


class RegisterModel(Page):
    """A page of the register."""

    supply: AmountModel = Field(description="All shares, of all pages.")
    holder_count: int = Field(description="Holders, of all pages.")
    holders: list[RegisterRow]


@router.get(
    "/register",
    response_model=RegisterModel,
    responses=asset_responses("scope-missing"),
    summary="The holders with their names",
)
async def show_register(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Who the holders are; it needs the scope `read:register`, and the office's trail has it."""
    ask.principal.require("read:register")

    def build(asked: Asked) -> tuple[Asked, RegisterModel]:
        asked.require_own()
        there = supply(asked.connection, asked.id, asked.block)
        held, last = holders_after(asked.connection, asked.id, asked.block, asked.after, limit)
        rows = [
            RegisterRow(
                address=checksummed(address),
                shares=amount_model(shares, asked.unit),
                percent=percent(shares, there.total),
                name=None,
                kind=None,
                country=None,
            )
            for address, shares in held
        ]
        return asked, RegisterModel(
            **asked.facts,
            supply=amount_model(there.total, asked.unit),
            holder_count=there.holders,
            holders=rows,
            next=asked.next(last),
        )

    asked, page = await ask.page_of(asset, build, at=at, cursor=cursor)
    principal = ask.principal
    known = await ask.service.offices.people(
        principal.tenant or "",
        principal.name,
        asked.followed.chain_id,
        [row.address for row in page.holders],
    )
    named = [
        row.model_copy(update={"name": one.name, "kind": one.kind or None, "country": one.country})
        if (one := known.get(row.address)) is not None
        else row
        for row in page.holders
    ]
    # Names are kept by nobody on the way.
    return ask.answer(None, packed(page.model_copy(update={"holders": named})))
