# SPDX-License-Identifier: MIT
"""What a holder has not claimed yet."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from prorata.service.asking import Asked, Asks
from prorata.service.market.claims import STATES, Claim, claims_of
from prorata.service.models import (
    Address,
    AmountModel,
    Model,
    Page,
    Time,
    amount_model,
    time_model,
)
from prorata.service.money import money
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Holder,
    Limit,
    asset_responses,
    page_of_list,
)
from prorata.values.addresses import parse_address

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["flows"])

STATE = (
    "One of " + ", ".join(f"`{one}`" for one in STATES) + ": whether the distribution's record and "
    "times let it be claimed. A frozen wallet, or one that has become ineligible, may have to wait "
    "for all that. Null where the ledger keeps no time of the block, which would decide."
)


class Wanted(str, Enum):
    """Which distributions."""

    LEFT = "left"
    ALL = "all"


class ClaimModel(Model):
    """A distribution, and what of it is this holder's."""

    vault: Address
    number: int
    record: int = Field(description="The record date, or the record range, that is paid.")
    ranges: bool = Field(description="Whether `record` is the number of a record range.")
    state: str | None = Field(description=STATE)
    shares: AmountModel | None = Field(
        description="The holder's shares that earn, each as often as its record weighs; null "
        "before the record closes."
    )
    eligible: AmountModel | None = Field(description="All shares that earn.")
    gross: AmountModel | None = Field(
        description="The holder's part, rounded down, before tax; null before the record closes."
    )
    left: AmountModel | None = Field(
        description="Of it, what can still be claimed, now or once it is due; before tax, which a "
        "withholding policy decides when it is claimed."
    )
    payable_from: Time | None = Field(description="When claims begin; null for at once.")
    deadline: Time | None = Field(description="When claims end; null for never.")


class ClaimPageModel(Page):
    """Distributions, in the order in which they were declared."""

    address: Address
    unclaimed: list[ClaimModel]


@router.get(
    "/holders/{address}/unclaimed",
    response_model=ClaimPageModel,
    responses=asset_responses(),
    summary="What a holder can still claim",
)
async def show_unclaimed(
    ask: Asks,
    asset: AssetName,
    address: Holder,
    *,
    at: At = None,
    state: Annotated[
        Wanted,
        Query(
            description="`left` leaves out those of which the holder can claim nothing any more; "
            "`all` has all."
        ),
    ] = Wanted.LEFT,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """By distribution, what is the holder's and not paid, by the same division as the vault's."""
    who = parse_address(address)

    def build(asked: Asked) -> ClaimPageModel:
        found = [
            one
            for one in claims_of(asked.connection, asked.followed.asset, asked.moment, who)
            if state is Wanted.ALL or one.left != 0
        ]
        shown, last = page_of_list(asked.after, limit, found)
        return ClaimPageModel(
            **asked.facts,
            address=who,
            unclaimed=[_claim(asked, one) for one in shown],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor, long=True)


def _claim(asked: Asked, one: Claim) -> ClaimModel:
    def shares(units: int | None) -> AmountModel | None:
        return None if units is None else amount_model(units, asked.unit)

    def paid(units: int | None) -> AmountModel | None:
        return None if units is None else money(asked, units, one.of.currency)

    return ClaimModel(
        vault=one.of.vault,
        number=one.of.number,
        record=one.of.record,
        ranges=one.of.token != asked.followed.asset.token,
        state=one.state,
        shares=shares(one.shares),
        eligible=shares(one.eligible),
        gross=paid(one.gross),
        left=paid(one.left),
        payable_from=time_model(one.of.payable_from),
        deadline=time_model(one.of.deadline),
    )
