# SPDX-License-Identifier: MIT
"""How shares moved, what was declared, and what was paid."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from prorata.service.asking import Asked, Asks
from prorata.service.models import (
    Address,
    AmountModel,
    Answer,
    Hash,
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
)
from prorata.store.flows import Declared, Income, distributions, income, transfers
from prorata.store.listings import Outgoing, outgoings
from prorata.values.addresses import ZERO_ADDRESS, parse_address

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["flows"])

LOG_BITS = 22
"""A transfer's place is its block, and its log index in so many bits."""


# --------------------------------------------------------------------------------------- transfers


class TransferModel(Model):
    """Shares that went from one account to another."""

    kind: str = Field(description="`transfer`, `issue` or `burn`.")
    sender: Address
    receiver: Address
    shares: AmountModel
    time: Time
    block: int
    log_index: int
    transaction: Hash


class TransferPageModel(Page):
    """Transfers, in the chain's order."""

    transfers: list[TransferModel]


@router.get(
    "/transfers",
    response_model=TransferPageModel,
    responses=asset_responses(),
    summary="How shares moved",
)
async def list_transfers(
    ask: Asks,
    asset: AssetName,
    *,
    at: At = None,
    holder: Annotated[
        str | None,
        Query(description="Only of this account.", pattern="^0x[0-9a-fA-F]{40}$"),
    ] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Every transfer up to a moment, the oldest first; one of no shares, or to oneself, is none."""
    who = None if holder is None else parse_address(holder, "holder")

    def build(asked: Asked) -> TransferPageModel:
        since, behind = divmod(asked.after, 2**LOG_BITS) if asked.after else (0, -1)
        found = list(
            transfers(
                asked.connection, asked.id, asked.block,
                of=who, since=since, behind=behind, most=limit + 1,
            )
        )  # fmt: skip
        shown = found[:limit]
        last = (shown[-1].block << LOG_BITS) + shown[-1].log_index if len(found) > limit else None
        return TransferPageModel(
            **asked.facts,
            transfers=[
                TransferModel(
                    kind=_kind(one.giver, one.receiver),
                    sender=one.giver,
                    receiver=one.receiver,
                    shares=amount_model(one.amount, asked.unit),
                    time=time_model(one.time) or "",
                    block=one.block,
                    log_index=one.log_index,
                    transaction=one.transaction,
                )
                for one in shown
            ],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor)


def _kind(giver: str, receiver: str) -> str:
    if giver == ZERO_ADDRESS:
        return "issue"
    return "burn" if receiver == ZERO_ADDRESS else "transfer"


# ------------------------------------------------------------------------------------------ income


class IncomeModel(Model):
    """What a holder was paid in one currency, in one year."""

    year: int = Field(description="Of the payments' times, in UTC.")
    gross: AmountModel
    tax: AmountModel = Field(description="What was withheld of it.")
    net: AmountModel = Field(description="What went to the payee.")
    payments: int


class IncomeAnswer(Answer):
    """What a holder was paid, by year and currency."""

    address: Address
    income: list[IncomeModel]


@router.get(
    "/holders/{address}/income",
    response_model=IncomeAnswer,
    responses=asset_responses(),
    summary="What a holder was paid",
)
async def show_income(ask: Asks, asset: AssetName, address: Holder, at: At = None) -> Response:
    """Income by year. It counts for the holder whose shares have earned it, whoever received it."""
    who = parse_address(address)

    def build(asked: Asked) -> IncomeAnswer:
        paid = income(asked.connection, asked.id, asked.block, of=who, by_year=True)
        lines = [_line(asked, one) for one in paid]
        return IncomeAnswer(**asked.facts, address=who, income=lines)

    return await ask.of_asset(asset, build, at=at, long=True)


def _line(asked: Asked, one: Income) -> IncomeModel:
    gross, tax, net = (money(asked, n, one.currency) for n in (one.gross, one.tax, one.net))
    return IncomeModel(year=one.year or 0, gross=gross, tax=tax, net=net, payments=one.payments)


# ----------------------------------------------------------------------------------- distributions


class DistributionModel(Model):
    """A distribution as it was declared."""

    vault: Address = Field(description="The vault; `number` counts its distributions.")
    number: int
    record: int = Field(description="The record date, or the record range, that is paid.")
    ranges: bool = Field(description="Whether `record` is the number of a record range.")
    declarer: Address
    received: AmountModel = Field(description="What arrived from the declarer.")
    carried_in: AmountModel = Field(description="What earlier distributions left over.")
    payable_from: Time | None = Field(description="When claims begin; null for at once.")
    deadline: Time | None = Field(description="When claims end; null for never.")
    block: int


class DistributionPageModel(Page):
    """Distributions, in the order in which they were declared."""

    distributions: list[DistributionModel]


class UnclaimedModel(DistributionModel):
    """A distribution, and what of it has left the vault."""

    paid: AmountModel = Field(description="Settled for holders, tax included.")
    swept: AmountModel = Field(description="Sent to the recipient of what nobody claimed.")
    carried: AmountModel = Field(description="Left over, and kept for a later distribution.")
    refunded: AmountModel = Field(description="Sent back, since nobody could receive it.")
    left: AmountModel = Field(
        description="Still in the vault: what holders may claim, and what division left over."
    )


class UnclaimedPageModel(Page):
    """Distributions with what is left of them."""

    distributions: list[UnclaimedModel]


@router.get(
    "/distributions",
    response_model=DistributionPageModel,
    responses=asset_responses(),
    summary="What was declared",
)
async def list_distributions(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Every distribution to the holders of an asset, up to a moment."""

    def build(asked: Asked) -> DistributionPageModel:
        shown, last = _declared(asked, limit)
        return DistributionPageModel(
            **asked.facts,
            distributions=[DistributionModel(**_distribution(asked, one)) for one in shown],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor)


@router.get(
    "/unclaimed",
    response_model=UnclaimedPageModel,
    responses=asset_responses(),
    summary="What is left of each distribution",
)
async def list_unclaimed(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """What of each distribution has left the vault, and what is still there."""

    def build(asked: Asked) -> UnclaimedPageModel:
        shown, last = _declared(asked, limit)
        gone = outgoings(asked.connection, asked.id, asked.block)
        lines = [
            UnclaimedModel(
                **_distribution(asked, one),
                **_left(asked, one, gone.get((one.vault, one.number), Outgoing())),
            )
            for one in shown
        ]
        return UnclaimedPageModel(**asked.facts, distributions=lines, next=asked.next(last))

    return await ask.of_asset(asset, build, at=at, cursor=cursor, long=True)


def _declared(asked: Asked, limit: int) -> tuple[list[Declared], int | None]:
    """Those of the page, and the place of the last one if another follows."""
    found = distributions(asked.connection, asked.id, asked.block)
    shown = found[asked.after : asked.after + limit]
    until = asked.after + len(shown)
    return shown, until if until < len(found) else None


def _distribution(asked: Asked, one: Declared) -> dict[str, Any]:
    return {
        "vault": one.vault,
        "number": one.number,
        "record": one.record,
        "ranges": one.token != asked.followed.asset.token,
        "declarer": one.declarer,
        "received": money(asked, one.received, one.currency),
        "carried_in": money(asked, one.carried_in, one.currency),
        "payable_from": time_model(one.payable_from),
        "deadline": time_model(one.deadline),
        "block": one.block,
    }


def _left(asked: Asked, one: Declared, gone: Outgoing) -> dict[str, Any]:
    left = one.received + one.carried_in - gone.paid - gone.swept - gone.carried - gone.refunded
    figures = {
        "paid": gone.paid,
        "swept": gone.swept,
        "carried": gone.carried,
        "refunded": gone.refunded,
        "left": left,
    }
    return {name: money(asked, units, one.currency) for name, units in figures.items()}
